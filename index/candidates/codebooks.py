"""How many centroids there are, and what they are trained on: the same for photos and for sentences."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from index.candidates.faiss_store import SAMPLE_PER_CENTROID, ProductCodes, ScalarCodes

_DRIFT = 1.2  # how much farther from their centroids new vectors may lie than old ones
REFINED_PER_CANDIDATE = 16  # items whose global vector is scored once more, in eight bits a component
_MOST_BITS = 12  # of the code of a region or word; more bring little, see docs/decisions
_PIECES, _BITS = 16, 8  # of the product codes of global vectors


def num_bits(num_vectors: int) -> int:
    """Of the code of a region or word: about 4 sqrt(n) centroids, at most a fortieth of n.

    >>> num_bits(200_000), num_bits(20_000_000)
    (11, 12)
    """
    preferred = round(math.log2(4 * math.sqrt(num_vectors)))
    trainable = int(math.log2(max(2, num_vectors // SAMPLE_PER_CENTROID)))
    return min(preferred, trainable, _MOST_BITS)


def training_rows(count: int, bits: int = _BITS, vectors_per_item: int = 1) -> NDArray[np.int64]:
    """Which of `count` items, ascending, train 2^bits centroids.

    So what is in memory does not grow with the library; and the same vectors give the same centroids.
    """
    num_items = -(-(SAMPLE_PER_CENTROID << bits) // vectors_per_item)
    return np.sort(np.random.default_rng(0).choice(count, min(count, num_items), replace=False))


def train_global_codes(vectors: NDArray[np.float32]) -> tuple[ProductCodes, ScalarCodes]:
    """Two codes of global vectors, trained on a sample (n, D): in sixteen bytes, and in D."""
    num_pieces = math.gcd(vectors.shape[1], _PIECES)
    return ProductCodes.trained(vectors, num_pieces, _BITS), ScalarCodes.trained(vectors)


def has_drifted(
    codes: ProductCodes,
    covered: int,
    count: int,
    num_sampled: int,
    vectors_of: Callable[[NDArray[np.int64]], NDArray[np.float32]],
) -> bool:
    """Whether the items that are not covered yet, up to `count`, lie much farther from their centroids than the others.

    `vectors_of` gives the vectors of some items; of both kinds about `num_sampled` are measured.
    """
    if not num_sampled <= covered <= count - num_sampled:
        return False
    random = np.random.default_rng(0)

    def error(first: int, last: int) -> float:
        return codes.error(vectors_of(np.unique(random.integers(first, last, num_sampled))))

    return error(covered, count) > _DRIFT * error(0, covered)
