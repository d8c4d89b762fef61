"""The points of one build in Qdrant: a collection with two named vectors, written, read and removed by key.

`first` is what candidates are chosen by, [photo vector ; mean of regions]; `regions` a multivector, compared by the
largest inner product. The photo vector is the first half of `first`, and is not kept twice.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from qdrant_client import QdrantClient, models

from index.address import ServerAddress
from index.qdrant.connection import client_of, explained
from index.qdrant.requests import Candidates, nearest_request, photos_request, regions_request
from index.values import BuildInfo, Query

_PORTION = 1000
_MOST_NUMBERS = 1_000_000
"""Of vectors in one request: about ten bytes each in JSON, of which a server takes 32 MB."""


def vectors_config(dimension: int, *, has_global: bool) -> dict[str, models.VectorParams]:
    """The named vectors of a collection: raw inner products in half precision, on disk."""

    def vectors(size: int, **options: Any) -> models.VectorParams:
        half = models.Datatype.FLOAT16
        return models.VectorParams(size=size, distance=models.Distance.DOT, datatype=half, on_disk=True, **options)

    several = models.MultiVectorConfig(comparator=models.MultiVectorComparator.MAX_SIM)
    without_graph = models.HnswConfigDiff(m=0)  # candidates alone are compared with them
    return {
        "first": vectors(dimension * (1 + has_global)),
        "regions": vectors(dimension, multivector_config=several, hnsw_config=without_graph),
    }


class Points:
    """The points of a build's collection. Methods raise LibraryError where Qdrant does not answer."""

    def __init__(self, library: ServerAddress, collection: str, build: BuildInfo) -> None:
        self._library = library
        self._client: QdrantClient = client_of(library)
        self._collection = collection
        self._build = build

    @property
    def collection(self) -> str:
        """The name of the collection."""
        return self._collection

    def create(self) -> None:
        """Make the collection, in the place of one that a writer left that did not commit its build.

        Shards and replicas are as the server makes them by default.
        """
        config = vectors_config(self._build.dimension, has_global=self._build.has_global)
        with explained(self._library):
            if self._client.collection_exists(self._collection):
                self._client.delete_collection(self._collection)
            self._client.create_collection(self._collection, vectors_config=config)

    def exists(self) -> bool:
        """Whether there is the collection."""
        with explained(self._library):
            return bool(self._client.collection_exists(self._collection))

    def save(self, keys: Sequence[UUID], first: NDArray[np.float16], regions: NDArray[np.float16]) -> None:
        """Keep vectors (n, F) and regions (n, R, D) by their keys, and return when they are kept."""
        at_once = max(1, _MOST_NUMBERS // (first.shape[1] + regions[0].size)) if len(keys) else 1
        for start in range(0, len(keys), at_once):
            points = [
                models.PointStruct(id=str(key), vector={"first": one.tolist(), "regions": several.tolist()})
                for key, one, several in zip(
                    keys[start : start + at_once],
                    first[start : start + at_once],
                    regions[start : start + at_once],
                    strict=True,
                )
            ]
            with explained(self._library):
                self._client.upsert(self._collection, points, wait=True)

    def records(self, keys: Sequence[UUID]) -> dict[UUID, NDArray[np.float16]]:
        """The records (S, D) of those of the keys that are there."""
        found: dict[UUID, NDArray[np.float16]] = {}
        at_once = max(1, _MOST_NUMBERS // (self._build.dimension * (self._build.num_regions + 2)))
        for start in range(0, len(keys), at_once):
            for point in self._retrieve(keys[start : start + at_once], with_vectors=True):
                assert isinstance(point.vector, Mapping)
                regions = np.array(point.vector["regions"], np.float16)
                first = np.array(point.vector["first"], np.float16)[None, : self._build.dimension]
                found[UUID(str(point.id))] = np.concatenate([regions, first]) if self._build.has_global else regions
        return found

    def known_among(self, keys: Sequence[UUID]) -> set[UUID]:
        """Those of some keys that are there."""
        return {UUID(str(point.id)) for point in self._retrieve(keys, with_vectors=False)}

    def all(self) -> Iterator[list[UUID]]:
        """Every key that is there, by portions."""
        offset: Any = None
        while True:
            with explained(self._library):
                points, offset = self._client.scroll(
                    self._collection, limit=_PORTION, offset=offset, with_payload=False, with_vectors=False
                )
            yield [UUID(str(point.id)) for point in points]
            if offset is None:
                return

    def best(self, query: Query, candidates: Candidates, limit: int) -> list[tuple[UUID, float]]:
        """The `limit` best (key, score) of the candidates, best first."""
        return self._ask(photos_request(query, candidates, limit))

    def best_region(self, whole: NDArray[np.float32], candidates: Candidates, limit: int) -> list[tuple[UUID, float]]:
        """The same by the product of the best region with a vector (D,)."""
        return self._ask(regions_request(whole, candidates, limit))

    def nearest(self, candidates: Candidates) -> list[UUID]:
        """The keys of the candidates."""
        return [key for key, _ in self._ask(nearest_request(candidates))]

    def _ask(self, request: models.QueryRequest) -> list[tuple[UUID, float]]:
        with explained(self._library):
            found = self._client.query_points(
                self._collection,
                prefetch=request.prefetch,
                query=request.query,
                limit=request.limit or 1,
                with_payload=False,
            )
        return [(UUID(str(point.id)), point.score) for point in found.points]

    def _retrieve(self, keys: Sequence[UUID], *, with_vectors: bool) -> list[models.Record]:
        with explained(self._library):
            return list(
                self._client.retrieve(
                    self._collection, [str(key) for key in keys], with_payload=False, with_vectors=with_vectors
                )
            )


def remove_points(library: ServerAddress, collection: str, keys: Sequence[UUID]) -> None:
    """Remove points; those that are not there are removed too."""
    client = client_of(library)
    with explained(library):
        if keys and client.collection_exists(collection):
            ids = models.PointIdsList(points=[str(key) for key in keys])
            client.delete(collection, points_selector=ids, wait=True)


def remove_collection(library: ServerAddress, collection: str) -> None:
    """Remove a collection, if it is there."""
    with explained(library):
        client_of(library).delete_collection(collection)


def collections(library: ServerAddress, prefix: str) -> list[str]:
    """The collections whose names begin so."""
    with explained(library):
        found = client_of(library).get_collections().collections
    return sorted(one.name for one in found if one.name.startswith(prefix))
