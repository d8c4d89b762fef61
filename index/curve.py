"""How many candidates get an exact look: the curve of recall that was measured, as a rule."""

import math

from index.values import SearchParams

# Recall@10 of sentences by the number of candidates, at so many synthetic photos (scripts/benchmark_search).
_CURVE = ((0.90, 130), (0.95, 240), (0.98, 430), (0.99, 650), (0.999, 2000))
_AT = 100_000
_FEWEST = 100
_BY_REGIONS = 6  # times as many where only regions count: the photo vector is known better than they are


def num_candidates(params: SearchParams, num_records: int, limit: int, *, by_regions: bool = False) -> int:
    """The candidates for the `limit` best of so many photos; `by_regions` where the photo vector says nothing.

    >>> num_candidates(SearchParams(num_candidates=7), 10**6, 10)
    7
    """
    if params.num_candidates is not None:
        return params.num_candidates
    if params.recall_target == 1:
        return num_records
    for_ten = next((count for recall, count in _CURVE if recall >= params.recall_target), 4 * _CURVE[-1][1])
    # The square root of both: what was measured at 10,000 photos and at 100,000, for 10 wanted and for 100.
    grown = for_ten * math.sqrt(num_records / _AT) * math.sqrt(max(1.0, limit / 10))
    return max(_FEWEST, round(grown * (_BY_REGIONS if by_regions else 1)), 3 * limit)
