"""The core of Qdrant's server in this process (qdrant-edge-py), asked with the same requests as a server."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import qdrant_edge as edge
from numpy.typing import NDArray
from qdrant_client import models


def collection_config(vectors: dict[str, models.VectorParams]) -> Any:
    """The configuration of a collection as the core has it; each option that we set has to be known here."""

    def config(own: models.VectorParams) -> Any:
        assert (own.distance, own.datatype) == (models.Distance.DOT, models.Datatype.FLOAT16)
        several = own.multivector_config
        return edge.EdgeVectorParams(
            size=own.size,
            distance=edge.Distance.Dot,
            datatype=edge.VectorStorageDatatype.Float16,
            on_disk=own.on_disk,
            multivector_config=several and edge.MultiVectorConfig(edge.MultiVectorComparator.MaxSim),
            hnsw_config=own.hnsw_config and edge.HnswIndexConfig(m=own.hnsw_config.m, ef_construct=100,
                                                                  full_scan_threshold=10_000),
        )  # fmt: skip

    return edge.EdgeConfig(vectors={name: config(own) for name, own in vectors.items()})


class EdgeShard:
    """One shard in a folder."""

    def __init__(self, folder: Path, vectors: dict[str, models.VectorParams]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._shard = edge.EdgeShard.create(str(folder), collection_config(vectors))

    def save(self, keys: Sequence[UUID], first: NDArray[np.floating], regions: NDArray[np.floating]) -> None:
        """Keep vectors by their keys."""
        points = [
            edge.Point(str(key), {"first": one.tolist(), "regions": several.tolist()}, {})
            for key, one, several in zip(keys, first, regions, strict=True)
        ]
        self._shard.update(edge.UpdateOperation.upsert_points(points))

    def optimize(self) -> int:
        """Make the graph, as a server does by itself; returns how many vectors it has."""
        while self._shard.optimize():
            pass
        self._shard.flush()
        return int(self._shard.info().indexed_vectors_count)

    def ask(self, request: models.QueryRequest) -> list[tuple[UUID, float]]:
        """The answers to a request."""
        assert isinstance(request.query, models.FormulaQuery)
        found = self._shard.query(
            edge.QueryRequest(
                limit=request.limit,
                prefetches=_prefetches(request.prefetch),
                query=edge.Formula(_expression(request.query.formula)),
            )
        )
        return [(UUID(str(point.id)), point.score) for point in found]


def _prefetches(given: Any) -> list[Any]:
    several: Iterable[models.Prefetch] = given if isinstance(given, list) else [given] if given else []
    return [
        edge.Prefetch(
            limit=own.limit,
            query=edge.Query.Nearest(own.query, own.using),
            prefetches=_prefetches(own.prefetch),
            params=own.params and edge.SearchParams(hnsw_ef=own.params.hnsw_ef, exact=bool(own.params.exact)),
            filter=own.filter and edge.Filter(must=[edge.HasIdCondition(set(own.filter.must[0].has_id))]),
        )
        for own in several
    ]


def _expression(given: Any) -> Any:
    if isinstance(given, str):
        return edge.Expression.Variable(given)
    if isinstance(given, models.NegExpression):
        return edge.Expression.Neg(_expression(given.neg))
    assert isinstance(given, models.SumExpression)
    return edge.Expression.Sum([_expression(one) for one in given.sum])
