"""How many candidates a server scores exactly: some hundreds at least, as that is not what takes its time."""

import math

from index.candidates.recall_curve import TARGETS, curve_candidates, num_sentence_candidates
from index.values import Query, SearchParams

FEWEST = 500
"""Photos or sentences, up to which all are scored."""

_BY_MEANS = 1.5  # times as many as a folder's codes of regions need, where photo vectors and means choose

_MOST_BY_REGIONS = 4000
"""Where only regions count, hundreds of thousands would be needed of a large library for the usual recall."""


def num_photos_scored(params: SearchParams, num_photos: int, limit: int, query: Query) -> int:
    """The photos of so many that are scored for the `limit` best."""
    if params.mode == "exact" or params.recall_target == 1:
        return num_photos
    if params.num_candidates is not None:
        return params.num_candidates
    wanted = _BY_MEANS * _of_curve(params, curve_candidates(num_photos, query)) * math.sqrt(max(1.0, limit / 10))
    most = _MOST_BY_REGIONS if query.by_regions else math.inf
    return min(num_photos, max(FEWEST, 3 * limit, round(min(wanted, most))))


def num_sentences_scored(params: SearchParams, num_sentences: int, limit: int) -> int:
    """The sentences of so many that are scored for the `limit` best, for a photo."""
    if params.mode == "exact":
        return num_sentences
    return min(num_sentences, max(FEWEST, num_sentence_candidates(params, num_sentences, limit)))


def _of_curve(params: SearchParams, candidates: list[float]) -> float:
    reached = (count for recall, count in zip(TARGETS, candidates, strict=True) if recall >= params.recall_target)
    return next(reached, 4 * candidates[-1])
