"""How many candidates are re-ranked by the exact score: a rule from the curve of recall that was measured."""

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
class RecallCalibration:
    """By which factors a library needs more candidates than the curve says, for each of `TARGETS`.

    Measured among `num_records` photos, 0 where it was not measured.
    """

    num_records: int = 0
    factors: tuple[float, ...] = (1.0,) * len(TARGETS)

    @classmethod
    def of_stored(cls, num_records: int, stored: Sequence[object]) -> "RecallCalibration":
        """What a manifest holds; `UNCALIBRATED` where that is nothing of the kind."""
        factors = tuple(float(value) for value in stored if isinstance(value, int | float) and value >= 1)
        return cls(num_records, factors) if len(factors) == len(stored) == len(TARGETS) else UNCALIBRATED


UNCALIBRATED = RecallCalibration()


def num_candidates(
    params: SearchParams, num_records: int, limit: int, query: Query, calibration: RecallCalibration = UNCALIBRATED
) -> int:
    """The candidates for the `limit` best of so many photos.

    >>> import numpy as np
    >>> num_candidates(SearchParams(num_candidates=7), 10**6, 10, Query(np.zeros((2, 3), np.float32)))
    7
    """
    return _num_candidates(params, num_records, limit, curve_candidates(num_records, query), calibration)


def num_sentence_candidates(params: SearchParams, num_sentences: int, limit: int) -> int:
    """The candidates for the `limit` best of so many sentences, for a photo."""
    return _num_candidates(params, num_sentences, limit, _grown(num_sentences, _SENTENCES, _GROWTH_ABOVE), UNCALIBRATED)


def curve_candidates(num_records: int, query: Query) -> list[float]:
    """The candidates that the curve says for the ten best of so many photos, for each of `TARGETS`."""
    # What was measured from 10,000 photos to a million, for 10 wanted and for 100. The photo vector is known better
    # than the regions: without it many more have to be re-ranked.
    if not query.by_regions:
        return _grown(num_records, 1 if query.weights is None else _COMPOSED, _GROWTH_ABOVE)
    return _grown(num_records, _ONE_REGION if len(query.words) == 1 else _SEVERAL_REGIONS, _GROWTH_BY_REGIONS)


def _grown(count: int, times: float, power_above: float) -> list[float]:
    growth = times * (count / _AT) ** (power_above if count > _AT else _GROWTH)
    return [count * growth for _, count in _CURVE]


def _num_candidates(
    params: SearchParams, count: int, limit: int, for_ten: Sequence[float], calibration: RecallCalibration
) -> int:
    """The candidates for the `limit` best of `count`, where the curve says so many for ten and each of `TARGETS`."""
    if params.num_candidates is not None:
        return params.num_candidates
    if params.recall_target == 1:
        return count
    position = min(bisect_left(TARGETS, params.recall_target), len(TARGETS) - 1)
    beyond = 4 if params.recall_target > TARGETS[-1] else 1
    needed = for_ten[position] * calibration.factors[position] * beyond
    return max(_FEWEST, round(needed * math.sqrt(max(1.0, limit / 10))), 3 * limit)
