"""Probabilities of a network that was trained by a sigmoid of single pairs, as SigLIP was, in a library."""

import math

import numpy as np
from numpy.typing import NDArray

PAIRS = 32_768
"""Texts of a batch in the training of SigLIP and SigLIP 2, of which one belonged to a photo."""

CUT = 0.1
"""From which on a photo is likely; chosen, not measured."""


def library_shift(num_photos: int) -> float:
    """What is added to a logit in a library of so many photos.

    Training met one right text in ``PAIRS``, and the sigmoid holds for such odds. A search is asked for something that
    is there: as though for one photo of the library. The odds before anything is seen are then 1 : (n − 1).

    >>> round(library_shift(1000), 2), library_shift(PAIRS)
    (3.49, 0.0)
    """
    return math.log(PAIRS - 1) - math.log(max(num_photos, 2) - 1)


def sigmoid_probabilities(
    cosines: NDArray[np.float32], scale: float, bias: float, num_photos: int
) -> NDArray[np.float64]:
    """sigmoid(scale · cosine + bias + shift) of n photos.

    >>> sigmoid_probabilities(np.float32([0.125, -1e9]), 100.0, -12.5, PAIRS)
    array([0.5, 0. ])
    """
    logits = scale * cosines.astype(np.float64) + bias + library_shift(num_photos)
    probabilities: NDArray[np.float64] = 0.5 * (1 + np.tanh(0.5 * logits))  # no overflow
    return probabilities
