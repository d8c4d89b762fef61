"""The SQL of full-text search: the words written about each photo, in a table of FTS5 derived from the others."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, func, insert, not_, select
from sqlalchemy.exc import DBAPIError

from index.catalogue.builds import portions
from index.catalogue.schema import FULL_TEXT, FULL_TEXT_WORDS, Photo, PhotoText
from index.word_folding import SHORTEST_BEGINNING, folded_words, forms, name_texts

_CREATE = (
    "CREATE VIRTUAL TABLE full_text USING fts5("
    "words, tokenize = \"unicode61 remove_diacritics 2 categories 'L* M* N* Co'\")"
)
_CREATE_WORDS = "CREATE VIRTUAL TABLE full_text_words USING fts5vocab(full_text, row)"
_BETWEEN = "\ue000"  # a word that no text has: no phrase goes from one text into the next
_MOST_FORMS = 200


class FullTextRepository:
    """Statements about the words that are written about photos.

    They are in their texts, in the names of their files and folders, and in that of the camera. Words are given folded,
    see ``index.word_folding``.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def refresh(self, photo_ids: Sequence[int]) -> None:
        """Take the words of photos from the other tables; those of a photo that is not there any more are removed."""
        self.forget(photo_ids)
        for some in portions(photo_ids):
            rows = [{"rowid": photo_id, "words": words} for photo_id, words in self._written(some).items()]
            if rows:
                self._connection.execute(insert(FULL_TEXT), rows)

    def forget(self, photo_ids: Sequence[int]) -> None:
        """Remove the words of photos."""
        for some in portions(photo_ids):
            self._connection.execute(delete(FULL_TEXT).where(FULL_TEXT.c.rowid.in_(some)))

    def rebuild(self) -> None:
        """Make the table again."""
        for table in (FULL_TEXT_WORDS, FULL_TEXT):
            self._connection.exec_driver_sql(f"DROP TABLE IF EXISTS {table.name}")
        self._connection.exec_driver_sql(_CREATE)
        self._connection.exec_driver_sql(_CREATE_WORDS)
        self.refresh(list(self._connection.execute(select(Photo.id).order_by(Photo.id)).scalars()))

    def is_whole(self) -> bool:
        """Whether the table is there, is sound, and has a row for every photo."""
        rows = select(func.count()).select_from(FULL_TEXT)
        photos = select(func.count()).select_from(Photo)
        try:
            self._connection.exec_driver_sql("INSERT INTO full_text(full_text) VALUES('integrity-check')")
            self._connection.execute(select(FULL_TEXT_WORDS.c.term).limit(1)).first()
            return self._connection.execute(rows).scalar_one() == self._connection.execute(photos).scalar_one()
        except DBAPIError:
            return False

    def is_complete(self) -> bool:
        """Whether every row can be read, and its words stand in the index; nothing is written to see it.

        A damaged index can be silent about photos, and SQLite's own check needs a connection that may write. Only words
        of plain letters and digits are counted: of others SQLite's idea of a letter may be older.
        """
        plain = not_(FULL_TEXT_WORDS.c.term.op("GLOB", is_comparison=True)("*[^a-z0-9]*"))
        expected = 0
        try:
            for (words,) in self._connection.execute(select(FULL_TEXT.c.words)):
                expected += sum(word.isascii() for word in set(words.split()))
            found = self._connection.execute(select(func.sum(FULL_TEXT_WORDS.c.doc)).where(plain)).scalar_one() or 0
        except DBAPIError:
            return False
        return bool(found >= expected)

    def out_of_step(self) -> list[int]:
        """The photos whose words are not those of the other tables."""
        wrong: list[int] = []
        ids = list(self._connection.execute(select(Photo.id).order_by(Photo.id)).scalars())
        for some in portions(ids):
            kept = select(FULL_TEXT.c.rowid, FULL_TEXT.c.words).where(FULL_TEXT.c.rowid.in_(some))
            found = {row[0]: row[1] for row in self._connection.execute(kept)}
            wrong += [photo_id for photo_id, words in self._written(some).items() if found.get(photo_id) != words]
        return wrong

    def photos_with(self, words: Sequence[str]) -> list[int]:
        """The photos in whose words one of some words stands, ascending."""
        return self._matching(" OR ".join(map(_quoted, words)))

    def photos_with_phrase(self, words: Sequence[str]) -> list[int]:
        """The photos in whose words some stand one after the other, ascending."""
        return self._matching(_quoted(" ".join(words)))

    def forms_of(self, word: str) -> list[str]:
        """The words of the library that stand for a word: itself, its English plural or singular.

        Where there is none of them, those that begin with it.
        """
        terms = FULL_TEXT_WORDS.c.term
        # Each on its own: the table finds a term at once, and goes through all of them for a list.
        found = [
            term
            for other in sorted(forms(word))
            for term in self._connection.execute(select(terms).where(terms == other)).scalars()
        ]
        if found or len(word) < SHORTEST_BEGINNING:
            return found
        beginning = select(terms).where(terms >= word, terms < word + "\U0010ffff").limit(_MOST_FORMS)
        return list(self._connection.execute(beginning).scalars())

    def words(self) -> dict[str, int]:
        """The words of the library without digits, and in how many photos each stands."""
        terms = select(FULL_TEXT_WORDS.c.term, FULL_TEXT_WORDS.c.doc).where(
            not_(FULL_TEXT_WORDS.c.term.op("GLOB", is_comparison=True)("*[0-9]*")), FULL_TEXT_WORDS.c.term != _BETWEEN
        )
        return {row[0]: row[1] for row in self._connection.execute(terms)}

    def _matching(self, expression: str) -> list[int]:
        if not expression:
            return []
        statement = select(FULL_TEXT.c.rowid).where(FULL_TEXT.c.words.op("MATCH")(expression))
        return list(self._connection.execute(statement.order_by(FULL_TEXT.c.rowid)).scalars())

    def _written(self, photo_ids: Sequence[int]) -> dict[int, str]:
        """What full-text search knows of those of the photos that there are."""
        texts: dict[int, list[str]] = {}
        photos = select(Photo.id, Photo.path, Photo.camera).where(Photo.id.in_(photo_ids))
        for photo_id, path, camera in self._connection.execute(photos):
            texts[photo_id] = [*name_texts(path), *([camera] if camera else [])]
        own = select(Photo.id, PhotoText.text).join(PhotoText).where(Photo.id.in_(photo_ids)).order_by(PhotoText.id)
        for photo_id, text in self._connection.execute(own):
            texts[photo_id].append(text)
        return {
            photo_id: f" {_BETWEEN} ".join(" ".join(word for word, _, _ in folded_words(text)) for text in own)
            for photo_id, own in texts.items()
        }


def _quoted(words: str) -> str:
    """As a string of FTS5, in which nothing has a meaning of its own."""
    return '"' + words.replace('"', '""') + '"'
