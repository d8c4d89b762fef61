"""How many candidates a library's own sentences need, measured on its own photos when its index is made.

A library may be harder than those of the benchmark: of photos that are much alike, or with a model of one's own.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from index.candidates.recall_curve import TARGETS, USUAL, Difficulty, usual_candidates
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
ROWS_TO_ASK = 10 * NUM_ASKED  # words of sentences: a library with fewer is not looked at
_BEST = 10  # photos of each
_DEEPER = 4  # times as many candidates as the most that are expected stand for all photos
_SEEN = TARGETS[:-1]  # the last leaves too few of the best out to be seen in so few answers


def sampled(sentences: StoredSentences, spec: BuildSpec) -> list[Query]:
    """Some of the sentences as queries, none where they are too few to conclude from."""
    filled = np.flatnonzero(sentences.num_words)
    if len(filled) < NUM_ASKED:
        return []
    queries = []
    for place in np.sort(np.random.default_rng(0).choice(filled, NUM_ASKED, replace=False)):
        start, num_words = sentences.starts[place], sentences.num_words[place]
        rows = widened(sentences.store.records(np.arange(start, start + num_words + spec.has_global), 1)[:, 0])
        queries.append(Query(rows[:num_words], rows[num_words] if spec.has_global else None))
    return queries


def difficulty_of(photos: "PhotoIndex", store: VectorStore, spec: BuildSpec, asked: Sequence[Query]) -> Difficulty:
    """The difficulty that the photos in an index of codes are for some queries: the usual at least."""
    if not asked:
        return replace(USUAL, num_records=photos.num_records)
    longest = max(asked, key=lambda query: len(query.words))
    usual = usual_candidates(photos.num_records, longest)[: len(_SEEN)]
    depth, needed = 0, [0] * len(_SEEN)
    while depth < min(2 * needed[-1] or 1, photos.num_records):
        depth = max(round(_DEEPER * usual[-1]), 4 * depth)
        found = np.concatenate([_needed(photos, store, spec, query, depth) for query in asked])
        needed = [int(count) for count in np.quantile(found, _SEEN, method="higher")]
    times = [max(1.0, count / expected) for count, expected in zip(needed, usual, strict=True)]
    logger.info("Candidates for %s of the best: %s, where %s are usual", _SEEN, needed, usual)
    return Difficulty(photos.num_records, (*times, max(times)))


def _needed(photos: "PhotoIndex", store: VectorStore, spec: BuildSpec, query: Query, depth: int) -> NDArray[np.int64]:
    """The candidates that must be asked for to get each of the best photos, which are sought among `depth` of them."""
    records = photos.candidates(query, depth)
    best = records[best_rows(score_stored(store, spec, records, record_scorer(query)), _BEST)]
    return photos.needed(query, best, depth)
