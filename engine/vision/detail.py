"""What the last map of a backbone forgets of a region: the maps of strides 8 and 16, and the colours of its pixels."""

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.vision.pooling import pool_regions

IDENTITY = "detail/1"
CELLS = 20  # a side of the map of colours
SAMPLES = 8  # pixels a side of a cell that are looked at
LEVELS = 32  # of red, green and blue in the table
HUES, SATURATIONS, VALUES, GREYS = 12, 2, 3, 6
NUM_COLOURS = HUES * SATURATIONS * VALUES + GREYS
GREY, VIVID = 0.15, 0.5  # saturations below which a colour is a grey, and from which it is vivid
BLACK = 0.12  # the value below which no hue can be told
DARK, BRIGHT = 0.4, 0.75  # values that part dark from middle from bright colours


def with_detail(
    pooled: Sequence[NDArray[np.float32]], pixels: NDArray[np.uint8], boxes: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The features (B, R, C) of regions: what they have of each map, the last first, then of each colour.

    Args:
        pooled: what the boxes have of each map (B, R, C'), the finest map first.
        pixels: (B, 3, H, W).
        boxes: (B, R, 4), x0 y0 x1 y1 from 0 to 1.

    Returns:
        (B, R, C), of which the last NUM_COLOURS are square roots of the colours' shares.
    """
    colours = np.sqrt(pool_regions(colour_map(pixels), boxes).clip(min=0))
    return np.concatenate([*pooled[::-1], colours], axis=-1)


def colour_map(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Pixels (B, 3, H, W) → the share of each colour in each cell (B, NUM_COLOURS, CELLS, CELLS), sum 1 in a cell."""
    batch, _, height, width = pixels.shape
    side = CELLS * SAMPLES
    rows = (np.arange(side) * height + height // 2) // side
    columns = (np.arange(side) * width + width // 2) // side
    levels = pixels[:, :, rows[:, None], columns].astype(np.int32) * LEVELS // 256  # (B, 3, side, side)
    colours = _colours()[levels[:, 0], levels[:, 1], levels[:, 2]]  # (B, side, side)
    cells = np.arange(side) // SAMPLES
    cell = (np.arange(batch)[:, None, None] * CELLS + cells[:, None]) * CELLS + cells
    counts = np.bincount((cell * NUM_COLOURS + colours).ravel(), minlength=batch * CELLS * CELLS * NUM_COLOURS)
    shares = counts.reshape(batch, CELLS, CELLS, NUM_COLOURS).transpose(0, 3, 1, 2) / np.float32(SAMPLES**2)
    return np.ascontiguousarray(shares, dtype=np.float32)


@cache
def _colours() -> NDArray[np.int64]:
    """The number of the colour that each red, green and blue is (LEVELS, LEVELS, LEVELS), the greys last."""
    step = 256 // LEVELS
    rgb = np.stack(np.meshgrid(*[np.arange(LEVELS) * step + step // 2] * 3, indexing="ij"), axis=-1).astype(np.uint8)
    hsv = np.asarray(Image.fromarray(rgb.reshape(LEVELS, LEVELS**2, 3)).convert("HSV")) / 256
    hue, saturation, value = hsv.reshape(LEVELS, LEVELS, LEVELS, 3).transpose(3, 0, 1, 2)
    place = np.floor(hue * HUES + 0.5).astype(int) % HUES  # the first is around red
    shade = (value >= DARK).astype(int) + (value >= BRIGHT)
    chromatic = (place * SATURATIONS + (saturation >= VIVID)) * VALUES + shade
    grey = HUES * SATURATIONS * VALUES + np.minimum((value * GREYS).astype(int), GREYS - 1)
    colours: NDArray[np.int64] = np.where((saturation < GREY) | (value < BLACK), grey, chromatic)
    return colours
