"""One transaction of rows and vectors: both become part of the library, or neither does."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from index.candidates.freshness import forget_index
from index.candidates.manifest import Manifest
from index.catalogue.builds import BuildRepository
from index.catalogue.connection import BUSY_TIMEOUT_S, DATABASE, wait_for_locks
from index.catalogue.seal import problem_with_catalogue, seal
from index.catalogue.sentences import stored_sentences
from index.catalogue.sqlite_errors import NOT_UNDERSTOOD, explained
from index.errors import LibraryDamagedError, LibraryError
from index.store.layout import store_folder
from index.store.segments import StoredSentences, VectorStore
from index.values import BuildInfo, VectorKind

_KINDS: tuple[VectorKind, VectorKind] = ("photos", "sentences")
_UNDO_TIMEOUT_S = 0.5


class Transactions:
    """The writer's connection and the vector stores of the build it writes to."""

    def __init__(self, folder: Path, connection: Connection, max_rows: int | None) -> None:
        self._folder = folder
        self._connection = connection
        self._max_rows = max_rows
        self._build: BuildInfo | None = None
        self._stores: dict[VectorKind, VectorStore] = {}

    @property
    def build_id(self) -> int | None:
        """The number of the build in use, None before there is one."""
        return None if self._build is None else self._build.build_id

    def build(self) -> BuildInfo:
        """The build in use. Raises RuntimeError before `open_build`."""
        if self._build is None:
            raise RuntimeError("no build is in use; call use_build first")
        return self._build

    @property
    def stores(self) -> Mapping[VectorKind, VectorStore]:
        """The vector stores of the build in use."""
        return self._stores

    def sentences(self) -> StoredSentences:
        """Where the sentences of the build in use lie."""
        return stored_sentences(self._connection, self.build().build_id, self._stores["sentences"])

    def open_build(self, build: BuildInfo) -> None:
        """Open a build's stores, without whatever an interrupted writer left. Raises LibraryDamagedError."""
        stores: dict[VectorKind, VectorStore] = {}
        with self.transaction() as connection:
            builds = BuildRepository(connection)
            for kind in _KINDS:
                committed = builds.segments_of(build.build_id, kind)
                folder = store_folder(self._folder, build, kind)
                stores[kind] = VectorStore.open_for_writing(folder, build.dimension, committed, max_rows=self._max_rows)
                if stores[kind].states != committed:
                    builds.save_segments(build.build_id, kind, stores[kind].states)
            num_records = stores["photos"].num_rows // build.rows_per_photo
            # A catalogue restored from a backup knows fewer records, or an earlier generation; what is to come would
            # not be the index's.
            generation, num_rows = build.vectors_generation, stores["sentences"].num_rows

            def is_ahead(it: Manifest) -> bool:
                more = it.num_records > num_records or it.num_sentence_rows > num_rows
                return it.vectors_generation > generation or (it.vectors_generation == generation and more)

            forget_index(self._folder, lambda it: it.build_id == build.build_id and is_ahead(it))
        self._build, self._stores = build, stores

    def close_build(self) -> None:
        """Close the build's files; there is no build in use afterwards."""
        for store in self._stores.values():
            store.close()
        self._build, self._stores = None, {}

    def close(self, *, sealing: bool = True) -> None:
        """Close the build and the connection, and seal the database; without a seal the next writer does it."""
        self.close_build()
        if sealing:
            with suppress(LibraryError, SQLAlchemyError):
                seal(self._connection, self._folder)
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction that is committed at the end of the block, and undone when the block raises."""
        try:
            with explained(self._folder, DATABASE), self._connection.begin():
                yield self._connection
        except BaseException as error:
            self._undo()
            if isinstance(error, NOT_UNDERSTOOD):
                self._require_whole(error)
            raise
        for store in self._stores.values():
            store.settle()

    def _require_whole(self, error: BaseException) -> None:
        """Raise LibraryDamagedError where it was a wrong byte in the catalogue that could not be understood."""
        with explained(self._folder, DATABASE):
            problem = problem_with_catalogue(self._connection, self._folder)
        if problem is not None:
            raise LibraryDamagedError(problem) from error

    def store_photos(self, content_hashes: Sequence[str], vectors: NDArray[np.float16]) -> list[int]:
        """Append the records (n, S, D) of photos inside a transaction; returns their numbers."""
        build = self.build()
        rows = vectors.reshape(-1, build.dimension)  # (n·S, D)
        starts = self.append("photos", rows, [build.rows_per_photo] * len(content_hashes))
        return [start // build.rows_per_photo for start in starts]

    def store_sentences(
        self, sentence_ids: Sequence[int], word_rows: NDArray[np.float16], num_words: Sequence[int]
    ) -> list[int]:
        """Append the rows of sentences inside a transaction; returns the first row of each."""
        return self.append("sentences", word_rows, [count + self.build().has_global for count in num_words])

    def append(self, kind: VectorKind, rows: NDArray[np.float16], lengths: Sequence[int]) -> list[int]:
        """Append records to a store inside a transaction and return the first row of each."""
        store = self._stores[kind]
        starts = store.append(rows, lengths)
        BuildRepository(self._connection).save_segments(self.build().build_id, kind, store.states)
        return starts

    def _undo(self) -> None:
        """Take back what was appended in a transaction that failed."""
        build, stores = self._build, self._stores
        self._build, self._stores = None, {}
        if build is None:
            return
        # Ask SQLite: an interrupt may have come just after the commit. When even this fails the writer stays without
        # a build, and the next one removes what is left over.
        with suppress(LibraryError), explained(self._folder, DATABASE):
            # An interrupted statement may leave its connection, which SQLAlchemy has given up, holding the lock.
            wait_for_locks(self._connection, _UNDO_TIMEOUT_S)
            with self._connection.begin():
                builds = BuildRepository(self._connection)
                states = {kind: builds.segments_of(build.build_id, kind) for kind in _KINDS}
            for kind, store in stores.items():
                store.roll_back(states[kind])
            self._build, self._stores = build, stores
            wait_for_locks(self._connection, BUSY_TIMEOUT_S)
