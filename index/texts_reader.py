"""What a reader knows of texts, and how it searches them: the part of a reader that asks a database alone."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from index.address import LibraryAddress, ServerAddress
from index.catalogue.full_text_of import FullText, full_text_of
from index.catalogue.texts import TextRepository
from index.errors import LibraryChangedError, LibraryError
from index.values import PhotoText

Value = TypeVar("Value")


class TextsReader(ABC):
    """The part of a reader that knows texts; methods may be called from several threads."""

    def __init__(self, library: LibraryAddress, warn: Callable[[str], None]) -> None:
        self._library = library
        self._warn = warn

    @abstractmethod
    def _query(self) -> AbstractContextManager[Connection]:
        """A connection to ask, for one thread at a time. Raises LibraryChangedError."""

    @abstractmethod
    def _known(self, photo_ids: Sequence[int]) -> NDArray[np.int64]:
        """Those of photos, ascending, that can be found."""

    def texts(self, photo_ids: Sequence[int]) -> list[list[PhotoText]]:
        """The texts of each of the photos, in the order they were added."""
        with self._query() as connection:
            found = TextRepository(connection).texts(photo_ids)
        return [found.get(photo_id, []) for photo_id in photo_ids]

    def sentence_files(self) -> list[str]:
        """The files of sentences that the library holds."""
        with self._query() as connection:
            return TextRepository(connection).files()

    def written_words(self) -> dict[str, int]:
        """The words without digits that are written about photos, folded, and about how many each is."""
        return self._full_text(lambda rows: rows.words(), {})

    def photos_with_word(self, word: str, most: int | None = None) -> NDArray[np.int64] | None:
        """The photos (n,), ascending, about which a folded word is written: so, or as its English plural or singular.

        Where it stands nowhere, those with words that begin with it. None where there are more than ``most``.
        """
        nothing: list[int] | None = []
        found = self._full_text(lambda rows: rows.photos_with(word, most), nothing)
        return None if found is None else self._known(found)

    def photos_with_words(self, words: Sequence[str]) -> NDArray[np.int64]:
        """The photos (n,), ascending, about which all of some folded words are written."""
        return self._known(self._full_text(lambda rows: rows.photos_with_all(words), []))

    def photos_with_phrase(self, words: Sequence[str]) -> NDArray[np.int64]:
        """The photos (n,), ascending, about which folded words are written, one after the other."""
        return self._known(self._full_text(lambda rows: rows.photos_with_phrase(words), []))

    def _full_text(self, ask: Callable[[FullText], Value], otherwise: Value) -> Value:
        """What full-text search answers; where its tables are damaged, searches go on without it."""
        try:
            with self._query() as connection:
                return ask(full_text_of(connection))
        except LibraryChangedError:
            raise
        except LibraryError:
            if isinstance(self._library, ServerAddress):
                raise  # it does not answer
            self._warn(
                f"The tables of full-text search in {self._library} are damaged, so what is written about photos was "
                "not searched; `engine index` makes them again."
            )
            return otherwise
