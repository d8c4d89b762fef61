"""Any of Pillow's modes to RGB of eight bits: transparency on white, deep greys scaled and not clipped."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_DEEP_GREYS = ("I;16", "I;16L", "I;16B", "I;16N", "I", "F")


def to_rgb(image: Image.Image) -> Image.Image:
    """The picture in RGB, as a new plain image of the same size that holds no file and no metadata.

    Transparent pixels show white. Grey of 16 bits is scaled by its full range; whole numbers of 32 bits and
    floats, whose range no header tells, by the range that their values suggest. Raises ValueError for a mode
    that Pillow cannot convert.
    """
    if image.mode in _DEEP_GREYS:
        image = Image.fromarray(_eight_bits(np.asarray(image), sixteen=image.mode.startswith("I;16")))
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        canvas = Image.new("RGBA", layer.size, "white")
        canvas.alpha_composite(layer)
        image = canvas
    rgb = image.copy() if image.mode == "RGB" else image.convert("RGB")
    rgb.info.clear()
    return rgb


def _eight_bits(values: NDArray[np.generic], sixteen: bool) -> NDArray[np.uint8]:
    """Grey values (height, width) of any type, scaled to 0–255."""
    grey = np.nan_to_num(values.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    low, high = (0.0, 65535.0) if sixteen else _range(float(grey.min()), float(grey.max()))
    scaled = (grey - low) * (255.0 / (high - low))
    eight: NDArray[np.uint8] = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
    return eight


def _range(smallest: float, largest: float) -> tuple[float, float]:
    """The range that values between these two were most likely written in."""
    if smallest >= 0:
        for full in (1.0, 255.0, 65535.0):
            if largest <= full:
                return 0.0, full
    return smallest, max(largest, smallest + 1.0)
