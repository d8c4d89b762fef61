"""How many centroids there are, and what they are trained on: the same for photos and for sentences."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from index.candidates.faiss_store import SAMPLE_PER_CENTROID, Bytes, Numbers

_DRIFT = 1.2  # how much farther from their centroids new vectors may lie than old ones
MORE_LOOKED_AT = 16  # items whose photo or sentence vector is looked at once more, for each candidate
_MOST_BITS = 12  # of the number of a centroid; more bring little, see docs/decisions
_PIECES, _BITS = 16, 8  # of photo and sentence vectors


def num_bits(num_vectors: int) -> int:
    """Of the number of a centroid: about 4 sqrt(n) of them, at most a fortieth of n.

    >>> num_bits(200_000), num_bits(20_000_000)
    (11, 12)
    """
    wanted = round(math.log2(4 * math.sqrt(num_vectors)))
    trainable = int(math.log2(max(2, num_vectors // SAMPLE_PER_CENTROID)))
    return min(wanted, trainable, _MOST_BITS)


def sampled(count: int, bits: int = _BITS, together: int = 1) -> NDArray[np.int64]:
    """Which of `count` items, ascending, train 2^bits centroids, where an item has so many vectors.

    So what is in memory does not grow with the library; and the same vectors give the same centroids.
    """
    wanted = -(-(SAMPLE_PER_CENTROID << bits) // together)
    return np.sort(np.random.default_rng(0).choice(count, min(count, wanted), replace=False))


def trained_on_wholes(vectors: NDArray[np.float32]) -> tuple[Numbers, Bytes]:
    """Two codes of photo or sentence vectors, trained on a sample (n, D): in sixteen bytes, and in D."""
    pieces = math.gcd(vectors.shape[1], _PIECES)
    return Numbers.trained(vectors, pieces, _BITS), Bytes.trained(vectors)


def has_drifted(
    numbers: Numbers,
    covered: int,
    count: int,
    num_sampled: int,
    vectors_of: Callable[[NDArray[np.int64]], NDArray[np.float32]],
) -> bool:
    """Whether the items that are not covered yet, up to `count`, lie much farther from their centroids than the others.

    `vectors_of` gives the vectors of some items; of both kinds about `num_sampled` are looked at.
    """
    if not num_sampled <= covered <= count - num_sampled:
        return False
    random = np.random.default_rng(0)

    def error(first: int, last: int) -> float:
        return numbers.error(vectors_of(np.unique(random.integers(first, last, num_sampled))))

    return error(covered, count) > _DRIFT * error(0, covered)
