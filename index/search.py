"""Searches in a snapshot: every answer is ranked by the exact score from the stored vectors."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from index.exact import (
    best,
    records_per_block,
    score_captions,
    score_records,
    score_regions,
    score_sentences,
    whole_query,
)
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
    allowed: NDArray[np.int64] | None = None,
) -> list[tuple[int, float]]:
    """The `limit` best (photo, score), of all or of the `allowed` (n,).

    `index` is asked for only when the search is approximate.
    """
    rows = _rows_of(snapshot, allowed)
    records = np.unique(snapshot.records[rows])
    if _is_exact(snapshot, params, flat_limit, len(records)):
        chosen = records
    else:
        chosen = _candidates(snapshot, query.wanted_words, params, index(), None if allowed is None else records)
    scores = np.full(snapshot.num_records, -np.inf, np.float32)
    if len(chosen):
        scores[chosen] = _score_some(snapshot, chosen, query)
    rows = rows[np.isin(snapshot.records[rows], chosen)]
    return best(scores[snapshot.records[rows]], snapshot.photo_ids[rows], limit)


def _candidates(
    snapshot: Snapshot,
    words: NDArray[np.float32],
    params: SearchParams,
    index: "FaissStore",
    records: NDArray[np.int64] | None,
) -> NDArray[np.int64]:
    """The records, of all or of the given (n,), with the best regions for the words (T, D), ascending."""
    if records is None:
        found = index.search(words, params.num_neighbours, params.nprobe)
        return found[found < snapshot.num_records]  # the index may know photos that were added after this snapshot
    allowed_mask = np.zeros(snapshot.num_records, bool)
    allowed_mask[records] = True
    # What is allowed lies thinner in the cells of the index, so that more of them hold as many neighbours.
    nprobe = params.nprobe * snapshot.num_records // max(1, len(records))
    return index.search(words, params.num_neighbours, nprobe, allowed_mask)


def _is_exact(snapshot: Snapshot, params: SearchParams, flat_limit: int, num_records: int) -> bool:
    """Whether all of so many records are scored, rather than the candidates of an index."""
    if params.mode != "auto":
        return params.mode == "exact"
    return num_records * snapshot.build.num_regions <= flat_limit


def search_regions(
    snapshot: Snapshot,
    query: Query,
    limit: int,
    params: SearchParams,
    index: Callable[[], "FaissStore"],
    flat_limit: int,
    allowed: NDArray[np.int64] | None = None,
) -> list[tuple[int, int, float]]:
    """The `limit` best (photo, region, score) by what each region scores alone, see `exact.score_regions`.

    Equal scores come in order of photo and region. Of a photo that shares its record with others, all are found.
    """
    num_regions = snapshot.build.num_regions
    rows = _rows_of(snapshot, allowed)
    chosen = np.unique(snapshot.records[rows])
    if not _is_exact(snapshot, params, flat_limit, len(chosen)):
        deep = replace(params, num_neighbours=max(params.num_neighbours, limit))
        chosen = _candidates(snapshot, whole_query(query)[None], deep, index(), None if allowed is None else chosen)
    score = partial(score_regions, num_regions=num_regions)
    scores = np.full((snapshot.num_records, num_regions), -np.inf, np.float32)
    if len(chosen):
        scores[chosen] = _score_some(snapshot, chosen, query, score)
    rows = rows[np.isin(snapshot.records[rows], chosen)]
    found = best(scores[snapshot.records[rows]].ravel(), np.arange(len(rows) * num_regions), limit)
    return [(int(snapshot.photo_ids[rows[at // num_regions]]), at % num_regions, value) for at, value in found]


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


def _rows_of(snapshot: Snapshot, allowed: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """Where in `photo_ids` the allowed photos stand; those that the snapshot does not have are left out."""
    return (
        np.arange(len(snapshot.photo_ids)) if allowed is None else np.flatnonzero(np.isin(snapshot.photo_ids, allowed))
    )


def _score_some(
    snapshot: Snapshot,
    records: NDArray[np.int64],
    query: Query,
    score: Callable[[NDArray[np.float16], Query], NDArray[np.float32]] = score_records,
) -> NDArray[np.float32]:
    """The scores of records (n,), one or more, ascending: read as they lie where they are all, else one by one."""
    size = snapshot.build.rows_per_photo
    block = records_per_block(size, snapshot.build.dimension)
    if len(records) == snapshot.num_records:
        blocks = (values for _, values in snapshot.photos.record_blocks(size, block))
    else:
        blocks = (snapshot.photos.records(records[at : at + block], size) for at in range(0, len(records), block))
    parts = [score(values, query) for values in blocks]
    return np.concatenate(parts)
