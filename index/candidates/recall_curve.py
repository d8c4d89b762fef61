"""How many candidates get an exact look: the curve of recall that was measured, as a rule."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from index.values import Query, SearchParams

# Recall@10 of sentences by the number of candidates, at so many synthetic photos (benchmarks/benchmark_search).
_CURVE = ((0.90, 130), (0.95, 240), (0.98, 480), (0.99, 700), (0.999, 2000))
_AT = 100_000
_FEWEST = 100
_ONE_REGION, _SEVERAL_REGIONS = 6, 26  # times as many where only regions count, and they are asked for one word or more
_COMPOSED = 1.6  # times as many for several texts, wanted and unwanted, as for one
_SENTENCES = 2  # times as many sentences for a photo as photos for a sentence
_GROWTH = 0.5  # the power of the number of photos
_GROWTH_ABOVE, _GROWTH_BY_REGIONS = 0.55, 0.9  # that of more than `_AT`

TARGETS = tuple(recall for recall, _ in _CURVE)


@dataclass(frozen=True, slots=True)
class Difficulty:
    """How many times as many candidates as the curve says a library needs, for each of `TARGETS`.

    Measured among `num_records` photos, 0 where it was not measured.
    """

    num_records: int = 0
    times: tuple[float, ...] = (1.0,) * len(TARGETS)

    @classmethod
    def of_stored(cls, num_records: int, times: Sequence[object]) -> "Difficulty":
        """What a manifest holds; the usual one where that is nothing of the kind."""
        numbers = tuple(float(value) for value in times if isinstance(value, int | float) and value >= 1)
        return cls(num_records, numbers) if len(numbers) == len(times) == len(TARGETS) else USUAL


USUAL = Difficulty()


def num_candidates(
    params: SearchParams, num_records: int, limit: int, query: Query, difficulty: Difficulty = USUAL
) -> int:  # fmt: skip
    """The candidates for the `limit` best of so many photos.

    >>> import numpy as np
    >>> num_candidates(SearchParams(num_candidates=7), 10**6, 10, Query(np.zeros((2, 3), np.float32)))
    7
    """
    return _wanted(params, num_records, limit, usual_candidates(num_records, query), difficulty)


def num_sentence_candidates(params: SearchParams, num_sentences: int, limit: int) -> int:
    """The candidates for the `limit` best of so many sentences, for a photo."""
    return _wanted(params, num_sentences, limit, _grown(num_sentences, _SENTENCES, _GROWTH_ABOVE), USUAL)


def usual_candidates(num_records: int, query: Query) -> list[float]:
    """The candidates for the ten best of so many photos, for each of `TARGETS`."""
    # What was measured from 10,000 photos to a million, for 10 wanted and for 100. The photo vector is known better
    # than the regions: without it many more are worth a look.
    if not query.by_regions:
        return _grown(num_records, 1 if query.weights is None else _COMPOSED, _GROWTH_ABOVE)
    return _grown(num_records, _ONE_REGION if len(query.words) == 1 else _SEVERAL_REGIONS, _GROWTH_BY_REGIONS)


def _grown(count: int, times: float, power_above: float) -> list[float]:
    growth = times * (count / _AT) ** (power_above if count > _AT else _GROWTH)
    return [found * growth for _, found in _CURVE]


def _wanted(params: SearchParams, count: int, limit: int, usual: Sequence[float], difficulty: Difficulty) -> int:
    """The candidates for the `limit` best of `count`, where so many are usual for ten and each of `TARGETS`."""
    if params.num_candidates is not None:
        return params.num_candidates
    if params.recall_target == 1:
        return count
    place = min(bisect_left(TARGETS, params.recall_target), len(TARGETS) - 1)
    beyond = 4 if params.recall_target > TARGETS[-1] else 1
    for_ten = usual[place] * difficulty.times[place] * beyond
    return max(_FEWEST, round(for_ten * math.sqrt(max(1.0, limit / 10))), 3 * limit)
