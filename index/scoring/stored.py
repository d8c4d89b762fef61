"""Exact scores of records that lie in a store, in threads."""

import numpy as np
from numpy.typing import NDArray

from index.scoring.maxsim import Scorer
from index.scoring.threads import NUM_THREADS, in_threads
from index.store.half_precision import widened
from index.store.segments import VectorStore
from index.values import BuildSpec

CHUNKS = 8  # that a thread scores before it asks for more
_CHUNK_BYTES = 2**21  # of float32: less is lost to Python, more leaves the fast memory of a core


def score_stored(store: VectorStore, spec: BuildSpec, records: NDArray[np.int64], score: Scorer) -> NDArray[np.float32]:
    """The scores of records (n,), ascending: read as they lie where they are all, else one by one."""
    if not len(records):
        return np.empty(0, np.float32)
    size = spec.rows_per_photo
    at_once = max(1, _CHUNK_BYTES // (4 * size * spec.dimension))

    def by_chunks(block: NDArray[np.float16]) -> NDArray[np.float32]:
        wide = np.empty((at_once, *block.shape[1:]), np.float32)  # the same memory for all: it stays near the core
        chunks = (block[start : start + at_once] for start in range(0, len(block), at_once))
        return np.concatenate([score(widened(chunk, wide[: len(chunk)])) for chunk in chunks])

    if len(records) == store.num_rows // size:
        blocks = [block for _, block in store.record_blocks(size, CHUNKS * at_once)]
        return np.concatenate(in_threads(by_chunks, blocks))
    rounds = -(-len(records) // (CHUNKS * at_once * NUM_THREADS))
    batch_size = max(at_once, -(-len(records) // (rounds * NUM_THREADS)))  # as many for each thread
    parts = [records[start : start + batch_size] for start in range(0, len(records), batch_size)]
    return np.concatenate(in_threads(lambda part: by_chunks(store.records(part, size)), parts))
