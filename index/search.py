"""Searches in a snapshot: every answer is ranked by the exact score from the stored vectors."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from index.exact import best, records_per_block, score_captions, score_photos, score_records, score_sentences
from index.snapshot import Snapshot
from index.values import Generated, Query, SearchParams

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


def search_sentences(
    snapshot: Snapshot, record: NDArray[np.float32], limit: int, generated: Generated
) -> list[tuple[int, float]]:
    """The `limit` best (sentence, score) for a photo's record (S, D), with, without or of generated sentences only."""
    num_regions = snapshot.build.num_regions
    places = np.arange(len(snapshot.starts))
    if generated != "include":
        places = np.flatnonzero(snapshot.generated_mask == (generated == "only"))
    photo_vector = record[num_regions] if snapshot.build.has_global else None
    score = partial(score_sentences, regions=record[:num_regions], photo_vector=photo_vector)
    return best(_score_places(snapshot, places, score), snapshot.sentence_ids[places], limit)


def caption_scores(snapshot: Snapshot, query: Query) -> NDArray[np.float32]:
    """How well the best caption of each captioned photo answers a query, (C,)."""
    places, owners = np.unique(snapshot.caption_places, return_inverse=True)  # many photos share a caption
    return _score_places(snapshot, places, partial(score_captions, query=query))[owners]


def _score_places(
    snapshot: Snapshot, places: NDArray[np.int64], score: Callable[..., NDArray[np.float32]]
) -> NDArray[np.float32]:
    """The scores of the sentences that stand at `places` (n,), ascending, by `score(rows, starts, num_words)`."""
    all_starts, all_counts = snapshot.starts[places], snapshot.num_words[places]
    scores = np.zeros(len(places), np.float32)  # a sentence without words scores 0, wherever it lies
    for first_row, rows in snapshot.sentences.segments():
        begin, end = np.searchsorted(all_starts, [first_row, first_row + len(rows)])
        for low in range(begin, end, _SENTENCES_AT_ONCE):
            high = min(low + _SENTENCES_AT_ONCE, end)
            starts, num_words = all_starts[low:high] - first_row, all_counts[low:high]
            stop = starts[-1] + num_words[-1] + snapshot.build.has_global
            scores[low:high] = score(rows[starts[0] : stop], starts - starts[0], num_words)
    return scores


def _score_some(snapshot: Snapshot, records: NDArray[np.int64], query: Query) -> NDArray[np.float32]:
    size = snapshot.build.rows_per_photo
    block = records_per_block(size, snapshot.build.dimension)
    parts = [
        score_records(snapshot.photos.records(records[start : start + block], size), query)
        for start in range(0, len(records), block)
    ]
    return np.concatenate(parts) if parts else np.empty(0, np.float32)
