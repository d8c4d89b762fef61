"""Where to look in a photo: 19 proposals and the whole image."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import ModelError
from engine.runtime.files import sha256
from engine.runtime.packaged import WEIGHTS

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


def detector_identity(folder: Path) -> str:
    """Names a trained detector and its weights."""
    return f"learned/1/{sha256(folder / WEIGHTS)[:16]}"


def require_channels(maps: tuple[Any, ...], channels: tuple[int, ...]) -> None:
    """Raise ModelError where a detector was trained on other maps than these, (B, C, h, w) each."""
    found = tuple(map_.shape[1] for map_ in maps)
    if found != channels:
        raise ModelError(
            f"The learned proposals were trained on feature maps of {channels} channels, and this backbone gives "
            f"{found}; use fixed_windows or faster_rcnn with it."
        )
