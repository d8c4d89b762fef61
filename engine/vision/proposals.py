"""Where to look in a photo: 19 proposals and the whole image."""

import numpy as np
from numpy.typing import NDArray

WHOLE_IMAGE = (0.0, 0.0, 1.0, 1.0)
NUM_REGIONS = 20  # R: 19 proposals and the whole image

WINDOWS_IDENTITY = "fixed_windows/1"


def fixed_windows() -> NDArray[np.float32]:
    """The same boxes (R, 4) for every photo, x0 y0 x1 y1 from 0 to 1, the whole image last.

    9 of half the size, 4 of two thirds, 3 upright and 3 lying bands.
    """
    windows = [*_grid(1 / 2, 1 / 2, 3, 3), *_grid(2 / 3, 2 / 3, 2, 2), *_grid(1 / 2, 1, 3, 1), *_grid(1, 1 / 2, 1, 3)]
    return np.array([*windows, WHOLE_IMAGE], np.float32)


def _grid(width: float, height: float, columns: int, rows: int) -> list[tuple[float, float, float, float]]:
    """Windows of one size, evenly spread over the image."""
    return [
        (x, y, x + width, y + height)
        for y in np.linspace(0, 1 - height, rows).tolist()
        for x in np.linspace(0, 1 - width, columns).tolist()
    ]
