"""What a reader knows of texts, and how it searches them: the part of a reader that asks SQLite alone."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from index.catalogue.connection import DATABASE, ReadDatabase
from index.catalogue.full_text import FullTextRepository
from index.catalogue.sqlite_errors import readable
from index.catalogue.texts import TextRepository
from index.errors import LibraryChangedError, LibraryError
from index.values import PhotoText

Value = TypeVar("Value")


class TextsReader:
    """The part of a ``LibraryReader`` that knows texts; methods may be called from several threads."""

    def __init__(self, folder: Path, database: ReadDatabase, warn: Callable[[str], None]) -> None:
        self._folder = folder
        self._file = database.file
        self._connection = database.connect()
        self._warn = warn
        self._lock = threading.Lock()

    @property
    def photo_ids(self) -> NDArray[np.int64]:
        """The numbers (n,) of the photos that can be found, ascending."""
        raise NotImplementedError

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
        return self._full_text(FullTextRepository.words, {})

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

    def _known(self, photo_ids: Sequence[int]) -> NDArray[np.int64]:
        found = np.array(photo_ids, np.int64)
        return found[np.isin(found, self.photo_ids, assume_unique=True)]

    def _full_text(self, ask: Callable[[FullTextRepository], Value], otherwise: Value) -> Value:
        """What full-text search answers; where its tables are damaged, searches go on without it."""
        try:
            with self._query() as connection:
                return ask(FullTextRepository(connection))
        except LibraryChangedError:
            raise
        except LibraryError:
            self._warn(
                f"The tables of full-text search in {self._folder} are damaged, so what is written about photos was "
                "not searched; `engine index` makes them again."
            )
            return otherwise

    @contextmanager
    def _query(self) -> Iterator[Connection]:
        """The snapshot's connection, for one thread at a time. Raises LibraryChangedError."""
        with self._lock, readable(self._folder, DATABASE), self._file.reading():
            if self._connection.closed:
                raise LibraryChangedError(
                    f"The library in {self._folder} has changed since it was asked; ask it again."
                )
            yield self._connection
