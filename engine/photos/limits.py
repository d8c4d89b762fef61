"""How large a photo may be before it is refused: decided from the header, before any pixel is decoded."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Condition

from PIL import Image

from engine.errors import EngineError
from engine.photos.formats import canonical
from engine.runtime.free_memory import free_memory, memory_within_limits, return_freed_memory

VARIABLE = "ENGINE_MAX_PIXELS"

_SHARE = 2
"""The photos that are being decoded may together take this part (a half) of the memory that is free."""

_SMALLEST = 25_000_000 * 8
"""Bytes that one photo may always take: what a camera makes, however busy the machine is."""

_SHARE_OF_ONE = 3 / 4
"""But no more than this part of what a container leaves: whoever goes beyond its limit is killed."""

_UNGUARDED = 50_000_000
"""Bytes for which all threads together do not wait: everyday photos, decoded at a fraction of their size, take less."""

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


def bytes_per_pixel(picture: Image.Image) -> int:
    """The most bytes a pixel that are held at once while an opened picture becomes RGB, its decoder's own included.

    Measured (``docs/decisions``): four in Pillow, twice; more where there are numbers to be scaled, a clear layer to be
    laid on white, or a decoder that has a copy of its own.
    """
    if picture.mode in ("I", "F"):
        return 26
    if picture.mode.startswith("I;16"):
        return 22
    if canonical(picture.format) == "WEBP":
        return 17
    if picture.has_transparency_data:
        return 14
    return 11 if picture.format == "AVIF" else 9


def pixel_limit(max_pixels: int | None = None, each: float = 9, wanted: int = _LARGEST) -> PixelLimit:
    """The limit that holds now: ``max_pixels``, else ``ENGINE_MAX_PIXELS``, else a share of the free memory.

    ``each`` are the bytes that a pixel takes; for few ``wanted`` pixels, as of everyday photos, the memory is not
    asked. Raises EngineError where the number that was set is not a whole number of at least 1.
    """
    if max_pixels is not None:
        return PixelLimit(_checked(str(max_pixels), "max_pixels"), "as it was set")
    variable = os.environ.get(VARIABLE, "").strip()
    if variable:
        return PixelLimit(_checked(variable, VARIABLE), f"from {VARIABLE}")
    affordable = _SMALLEST
    if wanted * each > _UNGUARDED:
        return_freed_memory()
        affordable = max(free_memory() // _SHARE, min(_SMALLEST, ROOM.for_one()))
    return PixelLimit(min(int(affordable / each), _LARGEST), "from the memory of this machine")


class Room:
    """The memory that the threads of this process decode photos in: they wait for each other where it is short."""

    def __init__(self) -> None:
        self._taken = 0
        self._changed = Condition()

    def for_one(self) -> int:
        """Bytes that the limits of this process leave a photo that is decoded alone."""
        return int((memory_within_limits() + self._taken) * _SHARE_OF_ONE)

    @contextmanager
    def taken(self, num_bytes: int) -> Iterator[None]:
        """Hold bytes in a block, which begins when there is room beside those of others; a photo alone has it.

        Raises MemoryError where it has not even alone, by the limits of this process.
        """
        with self._changed:
            if num_bytes + self._taken > _UNGUARDED:
                self._changed.wait_for(lambda: not self._taken or self._fits(num_bytes))
                if not self._taken and num_bytes > self.for_one():
                    raise MemoryError
            self._taken += num_bytes
        try:
            yield
        finally:
            if num_bytes > _UNGUARDED:
                return_freed_memory()
            with self._changed:
                self._taken -= num_bytes
                self._changed.notify_all()

    def _fits(self, num_bytes: int) -> bool:
        return_freed_memory()
        return num_bytes + self._taken <= free_memory() // _SHARE


ROOM = Room()


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
