"""Shares as figures are printed."""

import numpy as np
from numpy.typing import NDArray


def percent(part: NDArray[np.bool_] | list[bool]) -> float:
    """The share of True in percent, 0 of nothing.

    >>> percent([True, False, False])
    33.33
    """
    return round(100 * float(np.mean(part)), 2) if len(part) else 0.0
