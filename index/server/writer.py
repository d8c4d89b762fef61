"""Writes to a library on a server: several writers at once, each batch in one transaction of vectors and rows."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from index.address import ServerAddress
from index.catalogue.builds import BuildRepository
from index.catalogue.server.connection import prepare, writing
from index.catalogue.server.vectors import ServerVectors
from index.catalogue_writer import CatalogueWriter
from index.errors import LibraryError
from index.scoring.shape_checks import require_same_model
from index.store.opened_file import steadily
from index.values import BuildInfo, BuildSpec

Asked = ParamSpec("Asked")
Value = TypeVar("Value")


def _again(method: Callable[Asked, Value]) -> Callable[Asked, Value]:
    """A method that is begun again where another writer was in its way: two that write the same rows may be."""

    @wraps(method)
    def tried(*arguments: Asked.args, **options: Asked.kwargs) -> Value:
        return steadily(lambda: method(*arguments, **options))

    return tried


class ServerTransactions:
    """The transactions of one writer, and the build that it writes to."""

    def __init__(self, library: ServerAddress) -> None:
        self._library = library
        self._connection: Connection | None = None
        self._build: BuildInfo | None = None

    @property
    def build_id(self) -> int | None:
        """The number of the build in use, None before there is one."""
        return None if self._build is None else self._build.build_id

    def build(self) -> BuildInfo:
        """The build in use. Raises RuntimeError before there is one."""
        if self._build is None:
            raise RuntimeError("no build is in use; call use_build first")
        return self._build

    def use(self, build: BuildInfo) -> None:
        """Write to a build from now on."""
        self._build = build

    @contextmanager
    def transaction(self, *, alone: bool = False) -> Iterator[Connection]:
        """A transaction beside those of other writers, or `alone`; of a part of one it is the whole."""
        if self._connection is not None:
            yield self._connection
            return
        with writing(self._library, alone=alone) as connection:
            self._connection = connection
            try:
                yield connection
            finally:
                self._connection = None

    def store_photos(self, content_hashes: Sequence[str], vectors: NDArray[np.float16]) -> list[int]:
        """Keep the vectors (n, S, D) of contents; returns their records."""
        return self._vectors().save_photos(content_hashes, vectors)

    def store_sentences(
        self, sentence_ids: Sequence[int], word_rows: NDArray[np.float16], num_words: Sequence[int]
    ) -> list[int]:
        """Keep the vectors of sentences, each in a row of its own, where they begin at 0."""
        self._vectors().save_sentences(sentence_ids, word_rows, num_words)
        return [0] * len(sentence_ids)

    def _vectors(self) -> ServerVectors:
        assert self._connection is not None
        return self.vectors_of(self._connection, self.build())

    def vectors_of(self, connection: Connection, build: BuildInfo) -> ServerVectors:
        """The vectors of a build, in a transaction."""
        return ServerVectors(connection, build)


class ServerWriter(CatalogueWriter):
    """One of the writers of a library on a server. Killed at any instant, nothing that returned is lost, nothing twice.

    Methods raise LibraryError where the server does not answer; the batch is then undone. What others wrote at the same
    time is not undone by it: photos are known by their paths, vectors by model and content.
    """

    def __init__(self, library: ServerAddress) -> None:
        self._server: ServerTransactions = self._transactions(library)
        super().__init__(self._server)

    @staticmethod
    def _transactions(library: ServerAddress) -> ServerTransactions:
        return ServerTransactions(library)

    @classmethod
    def open(cls, library: ServerAddress) -> Self:
        """Open the library of a database, which is made where there is none. Raises LibraryError."""
        prepare(library)
        return cls(library)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Connections stay with the process; there is nothing else to let go of."""

    def use_build(self, spec: BuildSpec, *, discard_vectors: bool = False, current: bool = True) -> BuildInfo:
        """Find or begin the build of a model, and make it the current one; `discard_vectors` begins it anew.

        With `current` False another one that is goes on answering searches, until `make_current`. Raises
        WrongModelError when the fingerprint is known with another shape.
        """
        with self._server.transaction() as connection:
            builds = BuildRepository(connection)
            build = builds.build_with_fingerprint(spec.fingerprint)
        if build is None or (current and not build.current) or discard_vectors:
            build = self._begin(spec, discard_vectors, current)
        require_same_model(build, spec)
        self._server.use(build)
        return build

    def _begin(self, spec: BuildSpec, discard_vectors: bool, current: bool) -> BuildInfo:
        with self._server.transaction(alone=True) as connection:
            builds = BuildRepository(connection)
            found = builds.build_with_fingerprint(spec.fingerprint)
            if found is not None and discard_vectors:
                self._server.vectors_of(connection, found).drop()
                builds.delete_build(found.build_id)
                found = None
            if found is not None:
                require_same_model(found, spec)
            build_id = builds.add_build(spec) if found is None else found.build_id
            if current or builds.current_build() is None:
                builds.let_answer(build_id)
            build = builds.build_with_fingerprint(spec.fingerprint)
            if build is None:
                raise LibraryError(f"The build of {spec.fingerprint} disappeared while it was written; run it again.")
            if found is None:
                self._server.vectors_of(connection, build).create()
        return build

    def drop_other_builds(self) -> int:
        """Remove the vectors and rows of every build but the one that answers; returns how many there were."""
        with self._server.transaction(alone=True) as connection:
            builds = BuildRepository(connection)
            kept = builds.current_build()
            if kept is None:
                return 0
            others = [build for build in builds.all_builds() if build.build_id != kept.build_id]
            for build in others:
                self._server.vectors_of(connection, build).drop()
            builds.delete_other_builds(kept.build_id)
        return len(others)

    add_photos = _again(CatalogueWriter.add_photos)
    link_photo = _again(CatalogueWriter.link_photo)
    note_changes = _again(CatalogueWriter.note_changes)
    replace_roots = _again(CatalogueWriter.replace_roots)
    describe_photos = _again(CatalogueWriter.describe_photos)
    add_read_texts = _again(CatalogueWriter.add_read_texts)
    add_captions = _again(CatalogueWriter.add_captions)
    add_sentences = _again(CatalogueWriter.add_sentences)
    replace_sentence_file = _again(CatalogueWriter.replace_sentence_file)
    settle_sentences = _again(CatalogueWriter.settle_sentences)

    @_again
    def remove_photos(self, photo_ids: Sequence[int]) -> None:
        """Remove photos from the catalogue and from every build, and their captions with them."""
        super().remove_photos(photo_ids)
        self.forget_unused()

    def finish(self) -> list[str]:
        """Remove vectors that no photo has any more, and make the index of candidates where the library is large."""
        self.forget_unused()
        with self._server.transaction(alone=True) as connection:
            vectors = self._server.vectors_of(connection, self._server.build())
            vectors.index_if_large()
            vectors.analyze()
        return self.notes

    def forget_unused(self) -> int:
        """Remove the vectors that no photo has any more; returns how many records of photos there were."""
        with self._server.transaction(alone=True) as connection:
            builds = BuildRepository(connection).all_builds()
            return sum(self._server.vectors_of(connection, build).forget_unused() for build in builds)
