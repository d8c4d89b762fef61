"""Photos → the pixels that an encoder takes, and where boxes of a photo lie in them."""

from collections.abc import Sequence
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from index.scoring.threads import in_threads

Resize = Literal["shortest", "squash"]
FILTERS = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}


def encoder_pixels(images: Sequence[Image.Image], size: int, resize: Resize, interpolation: str) -> NDArray[np.uint8]:
    """RGB photos of any size → (B, 3, size, size), as open_clip's transforms make them.

    With ``squash`` a photo becomes a square; with ``shortest`` its shorter side gets the size, and of the other the
    middle is taken.
    """
    prepare = partial(_squashed if resize == "squash" else _middle, size, FILTERS[interpolation])
    return np.stack(in_threads(prepare, images))


def seen_part(width: int, height: int, size: int, resize: Resize) -> tuple[float, float, float, float]:
    """What of a photo is in its pixels, as a box from 0 to 1.

    >>> seen_part(200, 100, 50, "shortest"), seen_part(200, 100, 50, "squash")
    ((0.25, 0.0, 0.75, 1.0), (0.0, 0.0, 1.0, 1.0))
    """
    if resize == "squash":
        return 0.0, 0.0, 1.0, 1.0
    wide, high = _shortest(width, height, size)
    left, top = _offset(wide, size), _offset(high, size)
    return left / wide, top / high, (left + size) / wide, (top + size) / high


def in_seen_part(boxes: NDArray[np.floating], parts: NDArray[np.float64]) -> NDArray[np.float32]:
    """Boxes (B, R, 4) of photos as boxes of the parts (B, 4) that are seen; what lies outside ends at the border.

    >>> in_seen_part(np.array([[[0.25, 0, 0.5, 1]]]), np.array([[0.25, 0, 0.75, 1]])).tolist()
    [[[0.0, 0.0, 0.5, 1.0]]]
    """
    low, high = parts[:, None, :2], parts[:, None, 2:]
    moved = (boxes.reshape(*boxes.shape[:2], 2, 2) - low[..., None, :]) / (high - low)[..., None, :]
    return moved.clip(0, 1).reshape(boxes.shape).astype(np.float32)


def _squashed(size: int, resampling: Image.Resampling, image: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(image.resize((size, size), resampling)).transpose(2, 0, 1)


def _middle(size: int, resampling: Image.Resampling, image: Image.Image) -> NDArray[np.uint8]:
    wide, high = _shortest(*image.size, size)
    left, top = _offset(wide, size), _offset(high, size)
    resized = image.resize((wide, high), resampling)
    return np.asarray(resized.crop((left, top, left + size, top + size))).transpose(2, 0, 1)


def _shortest(width: int, height: int, size: int) -> tuple[int, int]:
    """The sides where the shorter one has the size."""
    return (size, int(size * height / width)) if width <= height else (int(size * width / height), size)


def _offset(side: int, size: int) -> int:
    return round((side - size) / 2)
