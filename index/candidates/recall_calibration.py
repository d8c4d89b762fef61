"""Recall calibration: how many candidates a library's own sentences need, measured when its index is made.

A library may be harder than those of the benchmark: of photos that are much alike, or with a model of one's own.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from index.candidates.recall_curve import TARGETS, UNCALIBRATED, RecallCalibration, curve_candidates
from index.scoring.maxsim import best_rows, record_scorer
from index.scoring.stored import score_stored
from index.store.half_precision import widened
from index.store.segments import StoredSentences, VectorStore
from index.values import BuildSpec, Query

if TYPE_CHECKING:
    from index.candidates.photo_index import PhotoIndex

logger = logging.getLogger(__name__)

GROWN = 1.5  # times as many photos as a library was measured with call for another time
NUM_ASKED = 100  # sentences, and how many a library must have for that
ROWS_TO_ASK = 10 * NUM_ASKED  # words of sentences: a library with fewer is not measured
_BEST = 10  # photos of each
_DEEPER = 4  # times as many candidates as the most that are expected stand for all photos
_SEEN = TARGETS[:-1]  # the last leaves too few of the best out to be seen in so few answers


def sampled_queries(sentences: StoredSentences, spec: BuildSpec) -> list[Query]:
    """Some of the sentences as queries, none where they are too few to conclude from."""
    filled = np.flatnonzero(sentences.num_words)
    if len(filled) < NUM_ASKED:
        return []
    queries = []
    for position in np.sort(np.random.default_rng(0).choice(filled, NUM_ASKED, replace=False)):
        start, num_words = sentences.starts[position], sentences.num_words[position]
        rows = widened(sentences.store.records(np.arange(start, start + num_words + spec.has_global), 1)[:, 0])
        queries.append(Query(rows[:num_words], rows[num_words] if spec.has_global else None))
    return queries


def calibrated(
    photos: "PhotoIndex", store: VectorStore, spec: BuildSpec, queries: Sequence[Query]
) -> RecallCalibration:
    """What some queries need of the photos in an index of codes: what the curve says at least."""
    if not queries:
        return replace(UNCALIBRATED, num_records=photos.num_records)
    longest = max(queries, key=lambda query: len(query.words))
    by_curve = curve_candidates(photos.num_records, longest)[: len(_SEEN)]
    depth, needed = 0, [0] * len(_SEEN)
    while depth < min(2 * needed[-1] or 1, photos.num_records):
        depth = max(round(_DEEPER * by_curve[-1]), 4 * depth)
        counts = np.concatenate([_needed(photos, store, spec, query, depth) for query in queries])
        needed = [int(count) for count in np.quantile(counts, _SEEN, method="higher")]
    factors = [max(1.0, count / expected) for count, expected in zip(needed, by_curve, strict=True)]
    logger.info("Candidates for %s of the best: %s, where the curve says %s", _SEEN, needed, by_curve)
    return RecallCalibration(photos.num_records, (*factors, max(factors)))


def _needed(photos: "PhotoIndex", store: VectorStore, spec: BuildSpec, query: Query, depth: int) -> NDArray[np.int64]:
    """The candidates that must be asked for to get each of the best photos, which are sought among `depth` of them."""
    records = photos.candidates(query, depth)
    best = records[best_rows(score_stored(store, spec, records, record_scorer(query)), _BEST)]
    return photos.needed(query, best, depth)
