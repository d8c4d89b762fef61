"""Full-text search in the words of SQLite or of PostgreSQL, as a library needs it."""

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import Connection

from index.catalogue.dialects import is_server
from index.catalogue.full_text import FullTextRepository


class FullText(Protocol):
    """Statements about the words that are written about photos; words are given folded, see ``index.word_folding``."""

    def refresh(self, photo_ids: Sequence[int]) -> None:
        """Take the words of photos from the other tables."""
        ...

    def forget(self, photo_ids: Sequence[int]) -> None:
        """Remove the words of photos."""
        ...

    def photos_with(self, word: str, most: int | None = None) -> list[int] | None:
        """The photos with a word, its plural or its singular, else with its beginning; None for more than `most`."""
        ...

    def photos_with_all(self, words: Sequence[str]) -> list[int]:
        """The photos about which all of some words are written."""
        ...

    def photos_with_phrase(self, words: Sequence[str]) -> list[int]:
        """The photos about which some words are written, one after the other."""
        ...

    def words(self) -> dict[str, int]:
        """The words without digits, and in how many photos each stands."""
        ...


def full_text_of(connection: Connection) -> FullText:
    """The statements that the database of a connection understands."""
    if not is_server(connection):
        return FullTextRepository(connection)
    from index.catalogue.server.full_text import ServerFullText

    return ServerFullText(connection)
