"""How many candidates get an exact look: the curve of recall that was measured, as a rule."""

import math

from index.values import Query, SearchParams

# Recall@10 of sentences by the number of candidates, at so many synthetic photos (scripts/benchmark_search).
_CURVE = ((0.90, 130), (0.95, 240), (0.98, 480), (0.99, 700), (0.999, 2000))
_AT = 100_000
_FEWEST = 100
_ONE_REGION, _SEVERAL_REGIONS = 6, 26  # times as many where only regions count, and they are asked for one word or more
_SENTENCES = 2  # times as many sentences for a photo as photos for a sentence
_GROWTH = 0.5  # the power of the number of photos
_GROWTH_ABOVE, _GROWTH_BY_REGIONS = 0.55, 0.9  # that of more than `_AT`


def num_candidates(params: SearchParams, num_records: int, limit: int, query: Query) -> int:
    """The candidates for the `limit` best of so many photos.

    >>> import numpy as np
    >>> num_candidates(SearchParams(num_candidates=7), 10**6, 10, Query(np.zeros((2, 3), np.float32)))
    7
    """
    # What was measured from 10,000 photos to a million, for 10 wanted and for 100. The photo vector is known better
    # than the regions: without it many more are worth a look.
    times = 1 if not query.by_regions else _ONE_REGION if len(query.words) == 1 else _SEVERAL_REGIONS
    return _grown(params, num_records, limit, times, _GROWTH_BY_REGIONS if query.by_regions else _GROWTH_ABOVE)


def num_sentence_candidates(params: SearchParams, num_sentences: int, limit: int) -> int:
    """The candidates for the `limit` best of so many sentences, for a photo."""
    return _grown(params, num_sentences, limit, _SENTENCES, _GROWTH_ABOVE)


def _grown(params: SearchParams, count: int, limit: int, times: float, power_above: float) -> int:
    """The candidates for the `limit` best of `count`, so many times as many as the curve says for `_AT`."""
    if params.num_candidates is not None:
        return params.num_candidates
    if params.recall_target == 1:
        return count
    for_ten = next((found for recall, found in _CURVE if recall >= params.recall_target), 4 * _CURVE[-1][1])
    power = power_above if count > _AT else _GROWTH
    grown: float = times * for_ten * (count / _AT) ** power * math.sqrt(max(1.0, limit / 10))
    return max(_FEWEST, round(grown), 3 * limit)
