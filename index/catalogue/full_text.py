"""The SQL of full-text search: the words written about each photo, in a table of FTS5 derived from the others."""

import sqlite3
from collections.abc import Sequence

from sqlalchemy import Connection, delete, func, insert, not_, select, table
from sqlalchemy.exc import DBAPIError

from index.catalogue.builds import portions
from index.catalogue.schema import FULL_TEXT, FULL_TEXT_WORDS, Photo
from index.catalogue.written_words import written_words
from index.word_folding import SHORTEST_BEGINNING, forms

_CREATE = (
    "CREATE VIRTUAL TABLE full_text USING fts5("
    "words, tokenize = \"unicode61 remove_diacritics 2 categories 'L* M* N* Co'\")"
)
_CREATE_WORDS = "CREATE VIRTUAL TABLE full_text_words USING fts5vocab(full_text, row)"
_BETWEEN = "\ue000"  # a word that no text has: no phrase goes from one text into the next


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
        run = self._connection.exec_driver_sql
        # FTS5 refuses to drop a table that it cannot read any more, so it is not asked: its parts are plain tables.
        run("PRAGMA writable_schema = ON")
        run(f"DELETE FROM sqlite_schema WHERE name IN ('{FULL_TEXT.name}', '{FULL_TEXT_WORDS.name}')")
        run("PRAGMA writable_schema = RESET")
        for part in ("data", "idx", "content", "docsize", "config"):
            run(f"DROP TABLE IF EXISTS {FULL_TEXT.name}_{part}")
        run(_CREATE)
        run(_CREATE_WORDS)
        self.refresh(list(self._connection.execute(select(Photo.id).order_by(Photo.id)).scalars()))

    def is_there(self) -> bool:
        """Whether the table can be read, has a row for every photo, and an index of their words."""
        number = select(func.count())
        try:
            rows = self._connection.execute(number.select_from(table("full_text_docsize"))).scalar_one()
            self._connection.execute(select(FULL_TEXT.c.words).limit(1)).first()
            has_words = self._connection.execute(select(FULL_TEXT_WORDS.c.term).limit(1)).first() is not None
        except DBAPIError:
            return False
        return bool(
            rows == self._connection.execute(number.select_from(Photo)).scalar_one() and has_words == (rows > 0)
        )

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

    def photos_with(self, word: str, most: int | None = None) -> list[int] | None:
        """The photos about which a word is written, so or as its English plural or singular, ascending.

        Where it stands nowhere, those with words that begin with it. None where there are more than ``most``.
        """
        found = self._matching(" OR ".join(map(_quoted, sorted(forms(word)))), most)
        if not found and len(word) >= SHORTEST_BEGINNING:
            found = self._matching(f"{_quoted(word)} *", most)
        return None if most is not None and len(found) > most else found

    def photos_with_all(self, words: Sequence[str]) -> list[int]:
        """The photos about which all of some words are written, each so or as its plural or singular, ascending."""
        return self._matching(" AND ".join(f"({' OR '.join(map(_quoted, sorted(forms(word))))})" for word in words))

    def photos_with_phrase(self, words: Sequence[str]) -> list[int]:
        """The photos about which some words are written, one after the other, ascending."""
        return self._matching(_quoted(" ".join(words)))

    def words(self) -> dict[str, int]:
        """The words of the library without digits, and in how many photos each stands."""
        terms = select(FULL_TEXT_WORDS.c.term, FULL_TEXT_WORDS.c.doc).where(
            not_(FULL_TEXT_WORDS.c.term.op("GLOB", is_comparison=True)("*[0-9]*")), FULL_TEXT_WORDS.c.term != _BETWEEN
        )
        return {row[0]: row[1] for row in self._connection.execute(terms)}

    def _matching(self, expression: str, most: int | None = None) -> list[int]:
        """The photos that match an expression of FTS5, one more than ``most`` at most."""
        # A common word stands about many photos, and SQLAlchemy makes an object of each row.
        driver = self._connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        limit = -1 if most is None else most + 1
        statement = "SELECT rowid FROM full_text WHERE words MATCH ? ORDER BY rowid LIMIT ?"
        return [row[0] for row in driver.execute(statement, (expression, limit))]

    def _written(self, photo_ids: Sequence[int]) -> dict[int, str]:
        """What full-text search knows of those of the photos that there are."""
        texts = written_words(self._connection, photo_ids)
        return {photo_id: f" {_BETWEEN} ".join(map(" ".join, own)) for photo_id, own in texts.items()}


def undo(connection: Connection) -> None:
    """End a transaction in which damaged tables were read: FTS5 lets nothing be written in it any more."""
    if (transaction := connection.get_transaction()) is not None:
        transaction.rollback()


def _quoted(words: str) -> str:
    """As a string of FTS5, in which nothing has a meaning of its own."""
    return '"' + words.replace('"', '""') + '"'
