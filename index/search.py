"""Searches in a snapshot: candidates are chosen where there are many, and every answer is ranked by the exact score."""

import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from index.candidates.freshness import SENTENCE_ROWS
from index.candidates.recall_curve import num_candidates, num_sentence_candidates
from index.choices import Generated
from index.scoring.exhaustive import MakeScan, Scan
from index.scoring.maxsim import (
    at_least_best,
    best,
    distinct,
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
from index.store.read_ahead import ask_ahead
from index.values import Query, SearchParams

if TYPE_CHECKING:
    from index.candidates.candidate_index import CandidateIndex

_SENTENCES_AT_ONCE = 128


class Searcher:
    """Searches the photos and sentences of a snapshot; methods may be called from several threads.

    Args:
        snapshot: one that holds photos or sentences.
        index: loads the candidate index, as far as there is one; asked only for approximate searches.
        flat_limit: region vectors up to which `auto` is exact.
        make_scan: makes what scores all photos in numpy's place.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        index: Callable[[], "CandidateIndex | None"],
        flat_limit: int,
        make_scan: MakeScan | None,
    ) -> None:
        self._snapshot = snapshot
        self._index = index
        self._flat_limit = flat_limit
        self._make_scan = make_scan
        self._scan_made: Scan | None = None
        self._lock = threading.Lock()

    def photos(
        self, query: Query, limit: int, params: SearchParams, allowed: NDArray[np.int64] | None
    ) -> list[tuple[int, float]]:
        """The `limit` best (photo, score), of all or of the `allowed` (n,)."""
        mask, records = self._records_to_score(query, limit, params, allowed)
        scan = self._scan_worth_it(records)
        if scan is not None:
            records, scores = scan.best(query, limit, records)
        else:
            scores = score_stored(self._snapshot.photos, self._snapshot.build, records, record_scorer(query))
        found = self._best_photos(mask, records, scores[:, None], limit, params)
        return [(photo, score) for photo, _, score in found]

    def regions(
        self, query: Query, limit: int, params: SearchParams, allowed: NDArray[np.int64] | None
    ) -> list[tuple[int, int, float]]:
        """The `limit` best (photo, region, score) by what each region scores alone, see `maxsim.region_scorer`.

        Equal scores come in order of photo and region.
        """
        num_regions = self._snapshot.build.num_regions
        mask, records = self._records_to_score(Query(whole_query(query)[None]), limit, params, allowed)
        scan = self._scan_worth_it(records)
        if scan is not None:
            records, scores = scan.best_by_regions(query, limit, records)
        else:
            scorer = region_scorer(query, num_regions)
            scores = score_stored(self._snapshot.photos, self._snapshot.build, records, scorer).reshape(-1, num_regions)
        return self._best_photos(mask, records, scores, limit, params)

    def sentences(
        self, record: NDArray[np.float32], limit: int, generated: Generated, params: SearchParams, *, of_photos: bool
    ) -> list[tuple[int, float]]:
        """The `limit` best (sentence, score) for a photo's record (S, D), with, without or of generated ones only.

        And with those that stand beside photos and in no file, or without.
        """
        snapshot, num_regions = self._snapshot, self._snapshot.build.num_regions
        mask = ~snapshot.of_photos_mask | of_photos
        if generated != "include":
            mask = mask & (snapshot.generated_mask == (generated == "only"))
        rows = np.flatnonzero(mask)
        photo_vector = record[num_regions] if snapshot.build.has_global else None
        starts, num_words = snapshot.starts[rows], snapshot.num_words[rows]
        are_few = snapshot.sentences.num_rows <= SENTENCE_ROWS * self._flat_limit or not snapshot.num_records
        index = None if are_few or params.mode == "exact" else self._index()
        if index is not None and index.sentences is not None:
            count = num_sentence_candidates(params, len(rows), limit)
            rows = rows[index.sentences.candidates(record[:num_regions], photo_vector, count, starts, num_words)]
        score = partial(score_sentences, regions=record[:num_regions], photo_vector=photo_vector)
        return best(_score_sentence_rows(snapshot, rows, score), snapshot.sentence_ids[rows], limit)

    def caption_scores(self, query: Query) -> NDArray[np.float32]:
        """How well the best caption of each captioned photo answers a query, (C,)."""
        rows, owners = np.unique(self._snapshot.caption_rows, return_inverse=True)  # many photos share a caption
        return _score_sentence_rows(self._snapshot, rows, partial(score_captions, query=query))[owners]

    @property
    def _scan(self) -> Scan | None:
        self._snapshot.photos.require_whole()  # it may hold the mapped rows
        with self._lock:
            if self._make_scan is not None:
                rows = [rows for _, rows in self._snapshot.photos.segments()]
                self._scan_made = self._make_scan(rows, self._snapshot.build)
                self._make_scan = None
            return self._scan_made

    def _scan_worth_it(self, records: NDArray[np.int64]) -> Scan | None:
        """The scan of all records, where it scores them sooner than these (n,) are scored one by one."""
        scan = self._scan
        if scan is None or scan.replaces_candidates or 2 * len(records) > self._snapshot.num_records:
            return scan
        return None

    def _records_to_score(
        self, query: Query, limit: int, params: SearchParams, allowed: NDArray[np.int64] | None
    ) -> tuple[NDArray[np.bool_] | None, NDArray[np.int64]]:
        """Which photos are allowed (n,), None for all, and the records that are scored, each once and ascending.

        They are those of all allowed photos; or of these the candidates of the index and what it lacks.
        """
        snapshot = self._snapshot
        mask = None if allowed is None else np.isin(snapshot.photo_ids, allowed)
        records = snapshot.used_records if mask is None else snapshot.records_of(mask)
        if self._is_exact(params, len(records)) or (index := self._index()) is None:
            return mask, records
        # It knows photos that are missing too, and some that were added after this snapshot; others it may lack.
        known = records[: np.searchsorted(records, index.num_records)]
        count = num_candidates(params, len(records), limit, query, index.calibration)
        chosen = index.photos.candidates(query, count, None if len(known) == index.num_records else known)
        return mask, np.concatenate([chosen, records[len(known) :]])

    def _is_exact(self, params: SearchParams, num_records: int) -> bool:
        """Whether all of so many records are scored, rather than the candidates of an index."""
        if params.mode != "auto":
            return params.mode == "exact"
        if num_records * self._snapshot.build.num_regions <= self._flat_limit:
            return True
        return (scan := self._scan) is not None and scan.replaces_candidates

    def _best_photos(
        self,
        mask: NDArray[np.bool_] | None,
        records: NDArray[np.int64],
        scores: NDArray[np.float32],
        limit: int,
        params: SearchParams,
    ) -> list[tuple[int, int, float]]:
        """The `limit` best (photo, column, score) of records (n,), ascending, that score (n, C); photos of `mask` only.

        Equal scores come in order of photo and column. Of the photos of a record the first is found, or each.
        """
        snapshot, columns = self._snapshot, scores.shape[1]
        kept = distinct(at_least_best(scores.ravel(), limit) // columns)
        records, scores = records[kept], scores[kept]
        rows = snapshot.rows_of(records)
        if mask is not None:
            rows = rows[mask[rows]]
        if params.copies == "one":
            rows = rows[snapshot.firsts_of(rows)]
        by_photo = scores[np.searchsorted(records, snapshot.records[rows])]
        ranked = best(by_photo.ravel(), np.arange(by_photo.size), limit)
        return [(int(snapshot.photo_ids[rows[at // columns]]), at % columns, score) for at, score in ranked]


def _score_sentence_rows(
    snapshot: Snapshot, sentence_rows: NDArray[np.int64], score: Callable[..., NDArray[np.float32]]
) -> NDArray[np.float32]:
    """The scores of the sentences in these rows (n,) of a snapshot, ascending, by `score(rows, starts, num_words)`."""
    all_starts, all_counts = snapshot.starts[sentence_rows], snapshot.num_words[sentence_rows]
    scores = np.zeros(len(sentence_rows), np.float32)  # a sentence without words scores 0, wherever it lies

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
        if len(sentence_rows) < len(snapshot.starts):
            starts = all_starts[begin:end] - first_row
            ask_ahead(rows, starts, starts + all_counts[begin:end] + snapshot.build.has_global)
        size = _SENTENCES_AT_ONCE * max(1, min(CHUNKS, (end - begin) // (_SENTENCES_AT_ONCE * NUM_THREADS)))
        jobs += [(first_row, rows, low, min(low + size, end)) for low in range(begin, end, size)]
    in_threads(work, jobs)
    return scores
