"""How many candidates get an exact look: the curve of recall that was measured, as a rule."""

import math

from index.values import SearchParams

# Recall@10 of text queries by the number of candidates, at a million synthetic photos (scripts/benchmark_search).
_CURVE = ((0.90, 100), (0.95, 200), (0.98, 500), (0.99, 1000), (0.999, 4000))
_AT = 1_000_000
_FEWEST = 100


def num_candidates(params: SearchParams, num_records: int, limit: int) -> int:
    """The candidates for the `limit` best of so many photos.

    The rank of a photo by its codes grows about with the square root of the number of photos; a search for more than
    ten asks for as many more.

    >>> num_candidates(SearchParams(num_candidates=7), 10**6, 10)
    7
    """
    if params.num_candidates is not None:
        return params.num_candidates
    if params.recall_target == 1:
        return num_records
    at_a_million = next((count for recall, count in _CURVE if recall >= params.recall_target), 4 * _CURVE[-1][1])
    grown = round(at_a_million * math.sqrt(num_records / _AT) * max(1.0, limit / 10))
    return max(_FEWEST, grown, 2 * limit)
