"""What the benchmarks of the search share: vectors in a store, queries, and the oracle that answers are held to."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from synthetic_vectors import Scenes

from engine.alignment.folder import load_model
from engine.models.multimodal import MultimodalModel
from engine.runtime.device import choose_device
from engine.search.combination import weighted_sum
from index import BuildInfo, Query
from index.scoring.maxsim import at_unit_length
from index.snapshot import Snapshot
from index.store.half_precision import widened
from index.store.segments import VectorStore

DEEP = 100
BATCHES = (1, 4, 16, 64)
AT_ONCE = 250  # sentences that are embedded together
SPREAD = 0.7  # of the synthetic photos around real ones, see synthetic_vectors.py
Found = list[tuple[int, float]]


def read_queries(file: Path, count: int, seed: int = 0) -> list[Query]:
    """The vectors of sentences drawn by chance."""
    model = MultimodalModel(load_model("default"), choose_device("cpu"))
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    chosen = np.random.default_rng(seed).choice(len(lines), count, replace=False)
    words = [model.usable(lines[row]).words for row in chosen]
    parts = [model.embed_sentences(words[at : at + AT_ONCE]) for at in range(0, count, AT_ONCE)]
    return [vector.query for part in parts for vector in part]


def photo_queries(records: NDArray[np.float16]) -> list[Query]:
    """Photos (n, S, D) as queries, as `engine similar` asks."""
    units = at_unit_length(records.astype(np.float32))
    return [Query(unit[:-1] * (0.5 / (len(unit) - 1)), unit[-1] * 0.5) for unit in units]


def region_queries(records: NDArray[np.float16]) -> list[Query]:
    """One region of each photo as a query."""
    units = at_unit_length(records[:, 3].astype(np.float32))
    return [Query(unit[None], np.zeros_like(unit)) for unit in units]


def composed_queries(queries: Sequence[Query]) -> list[Query]:
    """A sentence, half as much of another, and less half of a third: `engine search A --also 0.5:B --not 0.5:C`."""
    thirds = [np.roll(np.arange(len(queries)), -step) for step in range(3)]
    return [weighted_sum([queries[row] for row in rows], (1.0, 0.5, -0.5)) for rows in zip(*thirds, strict=True)]


def fill(folder: Path, spec: BuildInfo, scenes: Scenes, count: int) -> VectorStore:
    store = VectorStore.open_for_writing(folder, spec.dimension, [])
    for block in scenes.blocks(count):
        store.append(block.reshape(-1, spec.dimension), [spec.rows_per_photo] * len(block))
    store.settle()
    return store


def snapshot_of(build: BuildInfo, store: VectorStore) -> Snapshot:
    count = store.num_rows // build.rows_per_photo
    none, numbers = np.empty(0, np.int64), np.arange(count)
    empty = VectorStore.open_for_writing(store.folder.parent / "none", build.dimension, [])
    return Snapshot(
        build, store, empty, numbers, numbers, none, none, none, np.empty(0, bool), np.empty(0, bool), none, none
    )


def _weights(query: Query) -> NDArray[np.float32]:
    return np.ones(len(query.words), np.float32) if query.weights is None else query.weights


class Oracle:
    """The best exact scores of many queries among all photos, from one pass over the vectors."""

    def __init__(self, store: VectorStore, build: BuildInfo, queries: Sequence[Query]) -> None:
        columns = np.concatenate([np.vstack([query.words, query.sentence[None]]) for query in queries])
        ends = np.cumsum([len(query.words) + 1 for query in queries])
        kept: list[NDArray[np.float32]] = []
        for _, block in store.record_blocks(build.rows_per_photo, 1000):
            products = widened(block.reshape(-1, build.dimension)) @ columns.T
            products = products.reshape(len(block), build.rows_per_photo, -1)
            best = np.concatenate([products[:, :-1].max(axis=1), products[:, -1]], axis=1)
            half = len(columns)
            scores = np.stack(
                [
                    best[:, end - len(query.words) - 1 : end - 1] @ _weights(query) + best[:, half + end - 1]
                    for query, end in zip(queries, ends, strict=True)
                ]
            )  # (Q, b)
            kept.append(scores if scores.shape[1] <= DEEP else -np.sort(-scores, axis=1)[:, :DEEP])
            if len(kept) > 50:
                kept = [-np.sort(-np.concatenate(kept, axis=1), axis=1)[:, :DEEP]]
        self.best = -np.sort(-np.concatenate(kept, axis=1), axis=1)[:, :DEEP]  # (Q, DEEP), falling

    def recall(self, query: int, found: Found, depth: int) -> float:
        """The share of the best `depth` that were found, by score."""
        least = self.best[query, depth - 1] - 1e-4
        return sum(score >= least for _, score in found[:depth]) / depth


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    p50, p95, p99 = (round(1000 * float(value), 1) for value in np.percentile(seconds, [50, 95, 99]))
    return {"p50_ms": p50, "p95_ms": p95, "p99_ms": p99}


def at_once(ask: Callable[[Query], object], queries: Sequence[Query], fewest: int = BATCHES[-1]) -> dict[str, float]:
    """Queries a second, by how many are asked at the same time, each in its own thread; in all `fewest` or more."""
    rates = {}
    for size in BATCHES:
        asked = queries[: max(size, fewest)]
        with ThreadPoolExecutor(size) as pool:
            started = time.perf_counter()
            list(pool.map(ask, asked))
            rates[str(size)] = round(len(asked) / (time.perf_counter() - started), 1)
    return rates
