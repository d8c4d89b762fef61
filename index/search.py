"""Searches in a snapshot: every answer is ranked by the exact score from the stored vectors."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from index.candidates.freshness import SENTENCE_ROWS
from index.candidates.recall_curve import num_candidates, num_sentence_candidates
from index.scoring.exhaustive import Scan
from index.scoring.maxsim import (
    at_least_best,
    best,
    record_scorer,
    region_scorer,
    runs,
    score_captions,
    score_sentences,
    whole_query,
)
from index.scoring.stored import CHUNKS, score_stored
from index.scoring.threads import NUM_THREADS, in_threads
from index.snapshot import Snapshot
from index.store.half_precision import widened
from index.store.segments import ask_ahead
from index.values import Generated, Query, SearchParams

if TYPE_CHECKING:
    from index.candidates.candidate_index import CandidateIndex

_SENTENCES_AT_ONCE = 128


def search_photos(
    snapshot: Snapshot,
    query: Query,
    limit: int,
    params: SearchParams,
    index: Callable[[], "CandidateIndex | None"],
    flat_limit: int,
    allowed: NDArray[np.int64] | None = None,
    scan: Scan | None = None,
) -> list[tuple[int, float]]:
    """The `limit` best (photo, score), of all or of the `allowed` (n,).

    `index` is asked for only when the search is approximate, which `auto` is not where `scan` is quick enough.
    """
    mask = _mask_of(snapshot, allowed)
    records = _to_score(snapshot, query, limit, params, index, flat_limit, mask, scan)
    if scan is not None and _is_worth_a_scan(snapshot, scan, records):
        records, scores = scan.best(query, limit, records)
    else:
        scores = score_stored(snapshot.photos, snapshot.build, records, record_scorer(query))
    return [(photo, score) for photo, _, score in _best_of_photos(snapshot, mask, records, scores[:, None], limit)]


def _mask_of(snapshot: Snapshot, allowed: NDArray[np.int64] | None) -> NDArray[np.bool_] | None:
    return None if allowed is None else np.isin(snapshot.photo_ids, allowed)


def _best_of_photos(
    snapshot: Snapshot,
    mask: NDArray[np.bool_] | None,
    records: NDArray[np.int64],
    scores: NDArray[np.float32],
    limit: int,
) -> list[tuple[int, int, float]]:
    """The `limit` best (photo, column, score) of records (n,), ascending, that score (n, C); photos of `mask` only.

    Equal scores come in order of photo and column.
    """
    columns = scores.shape[1]
    kept = np.unique(at_least_best(scores.ravel(), limit) // columns)
    records, scores = records[kept], scores[kept]
    rows = snapshot.rows_of(records)
    if mask is not None:
        rows = rows[mask[rows]]
    by_photo = scores[np.searchsorted(records, snapshot.records[rows])]
    found = best(by_photo.ravel(), np.arange(by_photo.size), limit)
    return [(int(snapshot.photo_ids[rows[at // columns]]), at % columns, score) for at, score in found]


def _to_score(
    snapshot: Snapshot,
    query: Query,
    limit: int,
    params: SearchParams,
    index: Callable[[], "CandidateIndex | None"],
    flat_limit: int,
    mask: NDArray[np.bool_] | None,
    scan: Scan | None,
) -> NDArray[np.int64]:
    """The records that are scored, each once and ascending.

    They are those of all photos, or of those of `mask` (n,); or of these the candidates of the index and what it lacks.
    """
    records = snapshot.used_records if mask is None else snapshot.records_of(mask)
    if _is_exact(snapshot, params, flat_limit, len(records), scan) or (found := index()) is None:
        return records
    # It knows photos that are missing too, and some that were added after this snapshot; others it may lack.
    known = records[: np.searchsorted(records, found.num_records)]
    count = num_candidates(params, len(records), limit, query, found.difficulty)
    chosen = found.photos.candidates(query, count, None if len(known) == found.num_records else known)
    return np.concatenate([chosen, records[len(known) :]])


def _is_exact(snapshot: Snapshot, params: SearchParams, flat_limit: int, num_records: int, scan: Scan | None) -> bool:
    """Whether all of so many records are scored, rather than the candidates of an index."""
    if params.mode != "auto":
        return params.mode == "exact"
    is_quick = scan is not None and scan.replaces_candidates
    return is_quick or num_records * snapshot.build.num_regions <= flat_limit


def _is_worth_a_scan(snapshot: Snapshot, scan: Scan, records: NDArray[np.int64]) -> bool:
    """Whether a scan scores all records sooner than the wanted ones are scored one by one."""
    return scan.replaces_candidates or 2 * len(records) > snapshot.num_records


def search_regions(
    snapshot: Snapshot,
    query: Query,
    limit: int,
    params: SearchParams,
    index: Callable[[], "CandidateIndex | None"],
    flat_limit: int,
    allowed: NDArray[np.int64] | None = None,
    scan: Scan | None = None,
) -> list[tuple[int, int, float]]:
    """The `limit` best (photo, region, score) by what each region scores alone, see `exact.score_regions`.

    Equal scores come in order of photo and region. Of a photo that shares its record with others, all are found.
    """
    num_regions = snapshot.build.num_regions
    one_word = Query(whole_query(query)[None])
    mask = _mask_of(snapshot, allowed)
    records = _to_score(snapshot, one_word, limit, params, index, flat_limit, mask, scan)
    if scan is not None and _is_worth_a_scan(snapshot, scan, records):
        records, scores = scan.best_by_regions(query, limit, records)
    else:
        scores = score_stored(snapshot.photos, snapshot.build, records, region_scorer(query, num_regions))
        scores = scores.reshape(-1, num_regions)
    return _best_of_photos(snapshot, mask, records, scores, limit)


def search_sentences(
    snapshot: Snapshot,
    record: NDArray[np.float32],
    limit: int,
    generated: Generated,
    params: SearchParams,
    index: Callable[[], "CandidateIndex | None"],
    flat_limit: int,
) -> list[tuple[int, float]]:
    """The `limit` best (sentence, score) for a photo's record (S, D), with, without or of generated sentences only.

    `index` is asked for only when there are more sentences than a scan of all is quick for.
    """
    num_regions = snapshot.build.num_regions
    places = np.arange(len(snapshot.starts))
    if generated != "include":
        places = np.flatnonzero(snapshot.generated_mask == (generated == "only"))
    photo_vector = record[num_regions] if snapshot.build.has_global else None
    starts, num_words = snapshot.starts[places], snapshot.num_words[places]
    are_few = snapshot.sentences.num_rows <= SENTENCE_ROWS * flat_limit or not snapshot.num_records
    found = None if are_few or params.mode == "exact" else index()
    if found is not None and (sentences := found.sentences) is not None:
        count = num_sentence_candidates(params, len(places), limit)
        places = places[sentences.candidates(record[:num_regions], photo_vector, count, starts, num_words)]
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

    def work(job: tuple[int, NDArray[np.float16], int, int]) -> None:
        first_row, rows, first, last = job
        wide = np.empty((0, rows.shape[1]), np.float32)  # the same memory for all: it stays near the core
        for low in range(first, last, _SENTENCES_AT_ONCE):
            high = min(low + _SENTENCES_AT_ONCE, last)
            starts, num_words = all_starts[low:high] - first_row, all_counts[low:high]
            lengths = num_words + snapshot.build.has_global
            stop = starts[-1] + lengths[-1]
            if stop - starts[0] > 2 * lengths.sum():  # far apart: only what is wanted is read
                some, starts = rows[runs(starts, lengths)], np.cumsum(lengths) - lengths
            else:
                some, starts = rows[starts[0] : stop], starts - starts[0]
            if len(wide) < len(some):
                wide = np.empty(some.shape, np.float32)
            scores[low:high] = score(widened(some, wide[: len(some)]), starts, num_words)

    jobs = []
    for first_row, rows in snapshot.sentences.segments():
        begin, end = np.searchsorted(all_starts, [first_row, first_row + len(rows)])
        if len(places) < len(snapshot.starts):
            starts = all_starts[begin:end] - first_row
            ask_ahead(rows, starts, starts + all_counts[begin:end] + snapshot.build.has_global)
        size = _SENTENCES_AT_ONCE * max(1, min(CHUNKS, (end - begin) // (_SENTENCES_AT_ONCE * NUM_THREADS)))
        jobs += [(first_row, rows, low, min(low + size, end)) for low in range(begin, end, size)]
    in_threads(work, jobs)
    return scores
