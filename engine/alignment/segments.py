"""Text segments: the chain MRF that ties contiguous words to one region (eqs. 10–12), by Viterbi."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Segment:
    """Words ``start`` to ``end`` (exclusive) of a sentence, all aligned to ``region``; score Σ_j ψ_j(region)."""

    start: int
    end: int
    region: int
    score: float


def best_assignment(unary: NDArray[np.float32], beta: float) -> NDArray[np.int64]:
    """The regions a_1 … a_T that maximise Σ_j ψU_j(a_j) + β Σ_j 1[a_j = a_{j+1}] (eqs. 10–12).

    The binary term is a Potts term, so a step needs only the best of all regions and the same region: O(T · R).

    Args:
        unary: ψU_j(i) = v_i · s_j, (T, R), T ≥ 1.
        beta: reward of keeping the region, ≥ 0; 0 is an argmax a word, ∞ one region for the sentence.

    Returns:
        (T,) region of each word.
    """
    num_words, num_regions = unary.shape
    stay_reward = min(
        beta, float(np.abs(unary).sum(dtype=np.float64)) * 2 + 1
    )  # ∞ made finite without changing the best
    best = unary[0].astype(np.float64)  # d_1(m)
    came_from = np.empty((num_words, num_regions), dtype=np.int64)
    regions = np.arange(num_regions)
    for j in range(1, num_words):
        switch = int(best.argmax())
        stays = best + stay_reward >= best[switch]
        came_from[j] = np.where(stays, regions, switch)
        best = unary[j] + np.where(stays, best + stay_reward, best[switch])  # d_j(m)
    path = np.empty(num_words, dtype=np.int64)
    path[-1] = best.argmax()
    for j in range(num_words - 1, 0, -1):
        path[j - 1] = came_from[j, path[j]]
    return path


def segments(unary: NDArray[np.float32], beta: float) -> Iterator[Segment]:
    """The contiguous phrases of a sentence with the region of each, in order.

    >>> unary = np.array([[2, 0], [2, 1], [0, 3]], dtype=np.float32)
    >>> [(s.start, s.end, s.region) for s in segments(unary, beta=0.5)]
    [(0, 2, 0), (2, 3, 1)]
    """
    path = best_assignment(unary, beta)
    starts = [0, *(np.flatnonzero(np.diff(path)) + 1).tolist()]
    for start, end in zip(starts, [*starts[1:], len(path)], strict=True):
        region = int(path[start])
        yield Segment(start, end, region, float(unary[start:end, region].sum()))
