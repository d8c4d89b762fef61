"""The SQL of full-text search on a server: the words written about each photo, as a tsvector with a GIN index.

Words are folded before they come here, so no parser and no dictionary of PostgreSQL has a say in what a word is.
"""

from collections.abc import Sequence

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    Text,
    cast,
    column,
    delete,
    exists,
    func,
    literal,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR

from index.catalogue.builds import portions
from index.catalogue.dialects import upsert
from index.catalogue.schema import Photo
from index.catalogue.written_words import written_words
from index.word_folding import SHORTEST_BEGINNING, forms

FULL_TEXT = table("full_text", column("photo_id"), column("words", TSVECTOR))
_LAST_POSITION = 16_383  # PostgreSQL counts no further
_LONGEST_WORD = 500  # of the 2 kB that it takes


class ServerFullText:
    """Statements about the words that are written about photos: as `FullTextRepository` of a folder's library."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def refresh(self, photo_ids: Sequence[int]) -> None:
        """Take the words of photos from the other tables; a photo that is gone has lost its own with its row."""
        for some in portions(photo_ids):
            rows = [
                {"photo_id": photo_id, "words": _vector(texts)}
                for photo_id, texts in written_words(self._connection, some).items()
            ]
            if rows:
                statement = upsert(self._connection, FULL_TEXT)
                new = {"words": statement.excluded.words}
                self._connection.execute(statement.on_conflict_do_update(index_elements=["photo_id"], set_=new), rows)

    def forget(self, photo_ids: Sequence[int]) -> None:
        """Remove the words of photos."""
        for some in portions(photo_ids):
            self._connection.execute(delete(FULL_TEXT).where(FULL_TEXT.c.photo_id.in_(some)))

    def photos_with(self, word: str, most: int | None = None) -> list[int] | None:
        """The photos about which a word is written, so or as its English plural or singular, ascending.

        Where it stands nowhere, those with words that begin with it. None where there are more than ``most``.
        """
        found = self._matching(_any_form(word), most)
        if not found and len(word) >= SHORTEST_BEGINNING:
            found = self._matching(f"{_quoted(word)}:*", most)
        return None if most is not None and len(found) > most else found

    def photos_with_all(self, words: Sequence[str]) -> list[int]:
        """The photos about which all of some words are written, each so or as its plural or singular, ascending."""
        return self._matching(" & ".join(f"({_any_form(word)})" for word in words))

    def photos_with_phrase(self, words: Sequence[str]) -> list[int]:
        """The photos about which some words are written, one after the other, ascending."""
        return self._matching(_phrase(words))

    def words(self) -> dict[str, int]:
        """The words of the library without digits, and in how many photos each stands; it reads all of them."""
        statement: Select[str, int] = select(column("word", Text), column("ndoc", Integer)).select_from(
            func.ts_stat("SELECT words FROM full_text").table_valued("word", "ndoc", "nentry")
        )
        found = self._connection.execute(statement.where(column("word", Text).op("!~")("[0-9]")))
        return {word: photos for word, photos in found}  # noqa: C416 - they are no tuples

    def _matching(self, query: str, most: int | None = None) -> list[int]:
        matches = FULL_TEXT.c.words.op("@@")(cast(literal(query), TSQUERY))
        statement = select(FULL_TEXT.c.photo_id).where(matches).order_by(FULL_TEXT.c.photo_id)
        if most is not None:
            statement = statement.limit(most + 1)
        return list(self._connection.execute(statement).scalars())


def is_written(words: Sequence[str]) -> ColumnElement[bool]:
    """Photos about which folded words are written, one after the other."""
    matches = FULL_TEXT.c.words.op("@@")(cast(literal(_phrase(words)), TSQUERY))
    return exists().where(FULL_TEXT.c.photo_id == Photo.id, matches)


def _vector(texts: Sequence[Sequence[str]]) -> str:
    """A tsvector of the words of texts; no phrase goes from one text into the next."""
    positions: dict[str, list[int]] = {}
    position = 0
    for words in texts:
        for word in words:
            position += 1
            positions.setdefault(word[:_LONGEST_WORD], []).append(min(position, _LAST_POSITION))
        position += 1
    return " ".join(f"{_quoted(word)}:{','.join(map(str, own))}" for word, own in positions.items())


def _any_form(word: str) -> str:
    return " | ".join(map(_quoted, sorted(forms(word))))


def _phrase(words: Sequence[str]) -> str:
    return " <-> ".join(map(_quoted, words))


def _quoted(word: str) -> str:
    """As a lexeme of a tsvector or a tsquery, in which nothing has a meaning of its own."""
    return "'" + word[:_LONGEST_WORD].replace("\\", "\\\\").replace("'", "''") + "'"
