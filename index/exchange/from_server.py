"""A library on a server, as an export reads it: one transaction, and the vectors of some photos at a time."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np

from index.address import ServerAddress
from index.catalogue.builds import BuildRepository
from index.catalogue.server.connection import reading
from index.catalogue.server.vectors import ServerVectors
from index.errors import LibraryChangedError
from index.exchange.lines_writer import Rows, Source


@contextmanager
def on_server(library: ServerAddress) -> Iterator[Source]:
    """The library as it is now: what others write meanwhile is not seen. Raises LibraryMissingError, LibraryError."""
    with reading(library) as connection:
        build = BuildRepository(connection).current_build()
        if build is None:
            yield Source(connection, None, None)
        elif library.vectors is None:
            yield Source(connection, build, _VectorsOnServer(library, ServerVectors(connection, build)))
        else:
            from index.server.qdrant_vectors import QdrantVectors

            yield Source(connection, build, _VectorsOnServer(library, QdrantVectors(library, connection, build)))


class _VectorsOnServer:
    def __init__(self, library: ServerAddress, vectors: ServerVectors) -> None:
        self._library = library
        self._vectors = vectors

    def photos(self, photo_ids: Sequence[int], records: Sequence[int]) -> Rows:
        return np.stack(self._in_order(self._vectors.photos(photo_ids), photo_ids, "photo"))

    def sentences(self, sentence_ids: Sequence[int], starts: Sequence[int], num_words: Sequence[int]) -> Rows:
        return np.concatenate(self._in_order(self._vectors.sentences(sentence_ids), sentence_ids, "sentence"))

    def _in_order(self, found: Mapping[int, Rows], numbers: Sequence[int], kind: str) -> list[Rows]:
        lost = next((number for number in numbers if number not in found), None)
        if lost is not None:
            raise LibraryChangedError(
                f"The vectors of {kind} {lost} are not in {self._library} any more. Export it again; where it says so "
                "again, `engine verify` names all that are lost, and `engine verify --repair` lets them be made again."
            )
        return [found[number] for number in numbers]
