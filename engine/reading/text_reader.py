"""Photo → the lines of text in it: a glance at a small picture first, and only where there is some, a closer look."""

import math
import os
from collections.abc import Sequence
from importlib.metadata import version
from threading import local

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.reading.networks import DETECTOR, RECOGNISER, Networks, Pixels, model_files
from index import PhotoText

GLANCE_SIDE = 736
"""Longer side of the picture that is searched for any text at all, in pixels."""

CLOSE_SIDE = 1280
"""The same of the one in which lines are found; they are then read in the photo itself."""

CUT_SIDE = 1600
"""Shorter side that a photo should have where it has more pixels, for lines to be read in it."""

WORKERS = 2
"""Threads that read at the same time; each has networks of its own, which take up to a gigabyte of memory."""

LEAST_CONFIDENCE = 0.8
FEWEST_LETTERS = 2  # and digits; single ones are mostly wheels, windows and poles

_ENLARGED = 1.6  # times, at most: small pictures hold no more than that brings out
_SIDES = 256  # the longer side of a small picture is a multiple of it
_SHAPES = (9 / 16, 2 / 3, 3 / 4, 1.0)  # shorter side over longer; few, as each costs memory and time when it is new
_TALLEST = 0.4  # height of a line over the longer side of the picture
_LINE_HEIGHT, _LINE_STEP = 48, 160  # pixels in which the network sees lines, and what their width is a multiple of
_REVISION = 1  # of what is done here: raised when photos should be read again


class TextReader:
    """Reads the text in photos; any thread may ask. The networks are loaded when they are first needed.

    Raises:
        ModelError: rapidocr is not installed, or not a version with the right networks.
    """

    def __init__(self) -> None:
        model_files()
        self._mine = local()

    @property
    def name(self) -> str:
        """Of the package, its networks and what is done with them: another name may read another text."""
        release = ".".join(version("rapidocr").split(".")[:2])
        return f"rapidocr {release} {DETECTOR} {RECOGNISER} {_REVISION}"

    def glance(self, image: Image.Image) -> bool:
        """Whether there may be text in an upright photo, of which ``GLANCE_SIDE`` pixels are enough."""
        return bool(len(_lines_in(self._networks(), _canvas(image, GLANCE_SIDE)[0])))

    def read(self, image: Image.Image) -> list[PhotoText]:
        """The lines of an upright RGB photo, from the top to the bottom: those that are read with confidence."""
        networks = self._networks()
        canvas, scale = _canvas(image, CLOSE_SIDE)
        corners = _lines_in(networks, canvas) * np.float32(scale)
        if not len(corners):
            return []
        lines = []
        pieces = networks.cut_out(_blue_first(image), corners)
        for piece, outline in zip(pieces, corners, strict=True):
            text, confidence = _best(networks, piece)
            if confidence >= LEAST_CONFIDENCE and sum(map(str.isalnum, text)) >= FEWEST_LETTERS:
                box = _box(outline, image.size)
                lines.append(PhotoText("photo", "line", text, box=box, confidence=round(confidence, 3)))
        return lines

    def _networks(self) -> Networks:
        """Those of this thread."""
        if not hasattr(self._mine, "networks"):
            self._mine.networks = Networks(max(1, (os.cpu_count() or 1) // WORKERS))
        networks: Networks = self._mine.networks
        return networks


def _lines_in(networks: Networks, canvas: Pixels) -> NDArray[np.float32]:
    """The corners (N, 4, 2) of lines, without those as large as a clear sky, which the network takes for one."""
    corners = networks.lines_in(canvas)
    wide, high = (np.linalg.norm(corners[:, 0] - corners[:, other], axis=1) for other in (1, 3))
    return np.compress(np.minimum(wide, high) <= _TALLEST * max(canvas.shape), corners, axis=0)


def _best(networks: Networks, piece: Pixels) -> tuple[str, float]:
    """The text of a piece, and how sure it is; one that makes no sense may stand on its head."""
    text, confidence = networks.read(_padded(piece))
    if confidence < LEAST_CONFIDENCE:
        text, confidence = max((text, confidence), networks.read(_padded(np.rot90(piece, 2))), key=lambda read: read[1])
    return " ".join(text.split()), confidence


def _canvas(image: Image.Image, side: int) -> tuple[Pixels, float]:
    """The image, with a longer side of ``side`` pixels, in the corner of one of few shapes; how many times smaller."""
    factor = min(side / max(image.size), _ENLARGED)
    width, height = (max(1, round(pixels * factor)) for pixels in image.size)
    longer = min(side, math.ceil(max(width, height) / _SIDES) * _SIDES)
    shorter = next(own for shape in _SHAPES if (own := math.ceil(longer * shape / 32) * 32) >= min(width, height))
    canvas = np.zeros((shorter, longer, 3) if width >= height else (longer, shorter, 3), np.uint8)
    small = image.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2.0)
    canvas[:height, :width] = _blue_first(small)
    return canvas, image.width / width


def _padded(piece: Pixels) -> Pixels:
    """A line with grey behind it, so that lines have few widths."""
    height, width = piece.shape[:2]
    steps = math.ceil(width * _LINE_HEIGHT / height / _LINE_STEP)
    behind = round(max(2, steps) * _LINE_STEP * height / _LINE_HEIGHT) - width
    return np.pad(piece, ((0, 0), (0, max(0, behind)), (0, 0)), constant_values=127)


def _blue_first(image: Image.Image) -> Pixels:
    return np.ascontiguousarray(np.asarray(image)[:, :, ::-1])


def _box(outline: NDArray[np.float32], size: Sequence[int]) -> tuple[float, float, float, float]:
    """What lies around four corners (4, 2), from 0 to 1."""
    low, high = outline.min(0) / size, outline.max(0) / size
    x0, y0, x1, y1 = (round(min(1.0, max(0.0, float(value))), 4) for value in (*low, *high))
    return x0, y0, x1, y1
