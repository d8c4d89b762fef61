"""Which photos stand out for a text from the other photos of the library, where no probability is known."""

import math

import numpy as np
from numpy.typing import NDArray

from index import Query, Reader
from index.scoring.maxsim import score_records

SAMPLE = 256
"""Photos of the library, evenly spaced, that say what is ordinary."""

FEWEST = 30
"""Photos of a library that says anything about what is ordinary."""

STRICTNESS = 0.8
"""Of what the best of a library would reach by chance alone; measured in docs/decisions."""

BELOW = 0.1587  # of a normal distribution lies under its mean less its deviation


def outstanding_score(reader: Reader, query: Query) -> float | None:
    """The score from which on a photo of a library stands out for a query; None where it has too few photos to say."""
    if reader.num_photos < FEWEST:
        return None
    return outstanding(score_records(reader.photo_vectors(reader.sample(SAMPLE)), query), reader.num_photos)


def outstanding(ordinary: NDArray[np.float32], num_photos: int) -> float:
    """The same from the scores of some photos (n,) of a library of ``num_photos``.

    Photos that match stand in the upper half, however many they are, so what is ordinary is told by the lower one: the
    median m, and the deviation d from it downwards. Of N normal scores the best is expected at m + d √(2 ln N), and a
    photo stands out from ``STRICTNESS`` of that on.

    >>> scores = np.random.default_rng(0).normal(0.2, 0.01, 256).astype(np.float32)
    >>> round(outstanding(scores, 1000), 2), round(outstanding(scores, 100_000), 2)
    (0.23, 0.24)
    """
    median, low = np.quantile(ordinary, [0.5, BELOW])
    return float(median + (median - low) * STRICTNESS * math.sqrt(2 * math.log(num_photos)))
