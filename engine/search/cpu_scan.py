"""The exact scan of all photos on a CPU, in ONNX Runtime: it widens half precision with the CPU's own instructions."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from engine.runtime.batching import Batcher
from engine.runtime.onnx import Traced, open_session
from index import BuildSpec, Query
from index.scoring.maxsim import at_least_best, distinct, region_scorer
from index.scoring.threads import in_threads

_QUERIES_TOGETHER = 64
_RECORDS = 128  # what is worked on stays near a core
_BLOCKS = 8  # of so many records, that a thread scores before it asks for more

Array = NDArray[np.float32]


class OnnxScan:
    """Scores of all records, block by block, in the search's own threads.

    Args:
        segments: their rows (rows, D), whole records each.
        spec: R, D and whether the last row of a record is its photo vector.
    """

    replaces_candidates = False

    def __init__(self, segments: Sequence[NDArray[np.float16]], spec: BuildSpec) -> None:
        self._spec = spec
        size = spec.rows_per_photo
        records = [np.asarray(rows).reshape(-1, size, spec.dimension) for rows in segments]
        step = _RECORDS * _BLOCKS
        self._parts = [some[start : start + step] for some in records for start in range(0, len(some), step)]
        key = f"scan|{spec.num_regions}|{spec.dimension}|{spec.has_global}"
        self._session = open_session(key, partial(_traced, spec), threads=1)
        self._scores_together: Batcher[Query, Array] = Batcher(self._scores, _QUERIES_TOGETHER)

    def best(self, query: Query, limit: int, records: NDArray[np.int64]) -> tuple[NDArray[np.int64], Array]:
        """The records of at least the `limit`-th best score, see `index.Scan`.

        Queries that come at the same time are scored together: the rows are read once for all of them.
        """
        scores = self._scores_together(query)[records]
        kept = at_least_best(scores, limit)
        return records[kept], scores[kept]

    def best_by_regions(self, query: Query, limit: int, records: NDArray[np.int64]) -> tuple[NDArray[np.int64], Array]:
        """The records of the `limit` best regions, see `index.Scan`."""
        num_regions = self._spec.num_regions
        scores = np.concatenate(in_threads(region_scorer(query, num_regions), self._parts))[records]  # (m, R)
        kept = distinct(at_least_best(scores.ravel(), limit) // num_regions)
        return records[kept], scores[kept]

    def _scores(self, queries: Sequence[Query]) -> Sequence[Array]:
        """The scores (n,) of all records for each query, see `index.scoring.maxsim.score_records`."""
        rows = np.concatenate([query.words for query in queries])  # (C, D)
        if self._spec.has_global:
            rows = np.concatenate([rows, [query.sentence for query in queries if query.sentence is not None]])
        given = {"columns": np.ascontiguousarray(rows.T, np.float32), "weights": word_weights(queries)}

        def score(part: NDArray[np.float16]) -> Array:
            blocks = (part[start : start + _RECORDS] for start in range(0, len(part), _RECORDS))
            return np.concatenate([self._session.run(None, {"records": block, **given})[0] for block in blocks])

        return list(np.concatenate(in_threads(score, self._parts)).T)


def word_weights(queries: Sequence[Query]) -> Array:
    """What each word of all queries counts for each query: (C, Q), zero for the words of others.

    >>> word_weights([Query(np.ones((2, 3), np.float32)), Query(np.ones((1, 3), np.float32))]).tolist()
    [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
    """
    lengths = [len(query.words) for query in queries]
    weights = np.zeros((sum(lengths), len(queries)), np.float32)
    for number, (end, query) in enumerate(zip(np.cumsum(lengths), queries, strict=True)):
        weights[end - len(query.words) : end, number] = 1 if query.weights is None else query.weights
    return weights


def _traced(spec: BuildSpec) -> Traced:
    from engine.search.traced_scan import traced

    return traced(spec)
