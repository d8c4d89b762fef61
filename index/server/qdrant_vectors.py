"""The vectors of one build in Qdrant, and what PostgreSQL knows of them: their keys, and the vectors of sentences."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from index.address import ServerAddress
from index.catalogue.server.keys import VectorKeys, collection_of, note_removal
from index.catalogue.server.vectors import KEYS, ServerVectors, key_of
from index.qdrant.points import Points
from index.values import BuildInfo


class QdrantVectors(ServerVectors):
    """Vectors of photos go to Qdrant before the rows that name them are committed, and leave it after those are gone.

    Args:
        library: whose Qdrant it is.
        connection: in a transaction.
        build: whose vectors they are.
    """

    def __init__(self, library: ServerAddress, connection: Connection, build: BuildInfo) -> None:
        super().__init__(connection, build)
        self.keys = VectorKeys(connection, build)
        self.points = Points(library, collection_of(connection, build), build)

    def create(self) -> None:
        """Make the collection and the tables of a new build."""
        self._create_table("photo_vectors", KEYS)
        self._create_sentences()
        self.points.create()

    def drop(self) -> None:
        """Remove the tables, and write down that the collection is to go."""
        super().drop()
        note_removal(self._connection, self.points.collection, self._build.build_id)

    def save_photos(self, content_hashes: Sequence[str], vectors: NDArray[np.float16]) -> list[int]:
        """Keep the records (n, S, D) of contents; those of a known content take its place. Returns their numbers."""
        regions = vectors[:, : self._build.num_regions]
        means = regions.astype(np.float32).mean(axis=1)
        first = np.concatenate([vectors[:, -1], means], axis=1) if self._build.has_global else means
        keys = [key_of(self._build, content) for content in content_hashes]
        records = self.keys.save(keys)
        self.points.save(keys, first.astype(np.float16), regions)
        return [records[key] for key in keys]

    def photos(self, photo_ids: Sequence[int]) -> dict[int, NDArray[np.float16]]:
        """The records (S, D) of those of the photos that the build has embedded, by number."""
        keys = self.keys.of_photos(photo_ids)
        records = self.points.records(sorted(set(keys.values())))
        return {photo_id: records[key] for photo_id, key in keys.items() if key in records}

    def forget_unused(self) -> int:
        """Remove the keys of contents that no photo has any more, and write down that their vectors are to go."""
        return self.keys.forget_unused(self.points.collection)

    def index_if_large(self, threshold: int = 0) -> bool:
        """Qdrant makes its graph by itself."""
        return False
