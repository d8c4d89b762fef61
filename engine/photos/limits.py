"""How large a photo may be before it is refused: decided from the header, before any pixel is decoded."""

import os
from dataclasses import dataclass

import psutil  # type: ignore[import-untyped]

from engine.errors import EngineError

VARIABLE = "ENGINE_MAX_PIXELS"

_SHARE = 4
"""One photo may take this part (a quarter) of the memory that is free now; others are decoded beside it."""

_BYTES_PER_PIXEL = 4 * 2
"""Four bytes a pixel in Pillow, twice: a conversion holds the picture before and after."""

_SMALLEST = 50_000_000
"""Never below what an everyday camera makes, however busy the machine is."""

_LARGEST = 500_000_000
"""Above 500 megapixels it is more likely a decompression bomb or a map than a photo."""

_LONGEST_SIDE = 65_535
"""What a JPEG can hold. A longer strip is no photo, and a picture is reduced by its shorter side only."""

_LONGEST_SIDES = {"WEBP": 16_383}
"""An animated WebP can say more than any of its frames can hold, and is decoded into four copies of what it says."""


@dataclass(frozen=True, slots=True)
class PixelLimit:
    """The largest number of pixels that is decoded, and where the number comes from, in words."""

    pixels: int
    origin: str


def pixel_limit(max_pixels: int | None = None) -> PixelLimit:
    """The limit that holds now: ``max_pixels``, else ``ENGINE_MAX_PIXELS``, else a share of the free memory.

    Raises EngineError where the number that was set is not a whole number of at least 1.
    """
    if max_pixels is not None:
        return PixelLimit(_checked(str(max_pixels), "max_pixels"), "as it was set")
    variable = os.environ.get(VARIABLE, "").strip()
    if variable:
        return PixelLimit(_checked(variable, VARIABLE), f"from {VARIABLE}")
    affordable = psutil.virtual_memory().available // (_SHARE * _BYTES_PER_PIXEL)
    return PixelLimit(min(max(affordable, _SMALLEST), _LARGEST), "from the memory of this machine")


def refusal(width: int, height: int, photo_format: str, limit: PixelLimit) -> str | None:
    """Why a photo of ``width`` × ``height`` pixels is not decoded, in one line; None where it may be."""
    longest = _LONGEST_SIDES.get(photo_format, _LONGEST_SIDE)
    if max(width, height) > longest:
        return (
            f"{width} × {height} pixels: no side may be longer than {longest:,} in {photo_format}; cut it into pieces"
        )
    if width * height <= limit.pixels:
        return None
    return (
        f"{width} × {height} pixels is {_megapixels(width * height)} megapixels; the limit here is "
        f"{_megapixels(limit.pixels)} ({limit.origin}); set {VARIABLE} or --max-pixels to allow it"
    )


def _megapixels(pixels: int) -> str:
    return f"{pixels / 1e6:.0f}" if pixels >= 10_000_000 else f"{pixels / 1e6:.3g}"


def _checked(text: str, name: str) -> int:
    try:
        pixels = int(text.replace("_", ""))
    except ValueError:
        pixels = 0
    if pixels < 1:
        raise EngineError(f"{name} is {text!r}; expected a whole number of pixels of at least 1, such as 200000000")
    return pixels
