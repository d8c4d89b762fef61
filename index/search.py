"""Searches in a snapshot: every answer is ranked by the exact score from the stored vectors."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from index.exact import best, records_per_block, score_photos, score_records, score_sentences
from index.snapshot import Snapshot
from index.values import Query, SearchParams

if TYPE_CHECKING:
    from index.faiss_store import FaissStore

_SENTENCES_AT_ONCE = 4096


def search_photos(
    snapshot: Snapshot,
    query: Query,
    limit: int,
    params: SearchParams,
    index: Callable[[], "FaissStore"],
    flat_limit: int,
) -> list[tuple[int, float]]:
    """The `limit` best (photo, score); `index` is asked for only when the search is approximate."""
    build = snapshot.build
    small = snapshot.num_records * build.num_regions <= flat_limit
    if params.mode == "exact" or (params.mode == "auto" and small):
        block = records_per_block(build.rows_per_photo, build.dimension)
        blocks = snapshot.photos.record_blocks(build.rows_per_photo, block)
        scores = score_photos(blocks, query, snapshot.num_records)[snapshot.records]
        return best(scores, snapshot.photo_ids, limit)
    candidates = index().search(query.words, params.num_neighbours, params.nprobe)
    # The index may know photos that were added after this snapshot.
    candidates = candidates[candidates < snapshot.num_records]
    scores = np.full(snapshot.num_records, -np.inf, np.float32)
    scores[candidates] = _score_some(snapshot, candidates, query)
    is_candidate = np.zeros(snapshot.num_records, bool)
    is_candidate[candidates] = True
    rows = np.flatnonzero(is_candidate[snapshot.records])
    return best(scores[snapshot.records[rows]], snapshot.photo_ids[rows], limit)


def search_sentences(snapshot: Snapshot, record: NDArray[np.float32], limit: int) -> list[tuple[int, float]]:
    """The `limit` best (sentence, score) for a photo's record (S, D)."""
    num_regions = snapshot.build.num_regions
    regions = record[:num_regions]
    photo_vector = record[num_regions] if snapshot.build.has_global else None
    scores = np.zeros(len(snapshot.starts), np.float32)  # a sentence without words scores 0, wherever it lies
    for first_row, rows in snapshot.sentences.segments():
        begin, end = np.searchsorted(snapshot.starts, [first_row, first_row + len(rows)])
        for low in range(begin, end, _SENTENCES_AT_ONCE):
            high = min(low + _SENTENCES_AT_ONCE, end)
            starts, num_words = snapshot.starts[low:high] - first_row, snapshot.num_words[low:high]
            stop = starts[-1] + num_words[-1] + snapshot.build.has_global
            part = rows[starts[0] : stop]
            scores[low:high] = score_sentences(part, starts - starts[0], num_words, regions, photo_vector)
    return best(scores, snapshot.sentence_ids, limit)


def _score_some(snapshot: Snapshot, records: NDArray[np.int64], query: Query) -> NDArray[np.float32]:
    size = snapshot.build.rows_per_photo
    block = records_per_block(size, snapshot.build.dimension)
    parts = [
        score_records(snapshot.photos.records(records[start : start + block], size), query)
        for start in range(0, len(records), block)
    ]
    return np.concatenate(parts) if parts else np.empty(0, np.float32)
