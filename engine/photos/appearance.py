"""How a photo looks, in two short hashes: one for equal pixels, one for pictures that a person takes for the same."""

import hashlib

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

MOST_BITS = 4
"""Bits in which perceptual hashes of one picture may differ; of different ones 12 and more do (docs/decisions)."""

RATIO = 0.02  # of which the aspect ratios of one picture may differ, relative: a small one has few pixels to round to
FEWEST_SET = 8  # bits of a hash that says something: a picture of one colour has one

_SIDE = 64
"""Pixels. The perceptual hash looks at 32 × 32; averages on the way there halve its time."""


def pixel_hash(rgb: NDArray[np.uint8], width: int, height: int) -> str:
    """The BLAKE2b-128 hash of RGB pixels (H, W, 3) and of the size in pixels of the photo they are of: 32 digits.

    Photos decoded with the same target have the same hash exactly where all their pixels are equal, whatever
    their format and metadata.
    """
    digest = hashlib.blake2b(f"{width}x{height} {rgb.shape[1]}x{rgb.shape[0]} ".encode(), digest_size=16)
    digest.update(rgb.data)
    return digest.hexdigest()


def perceptual_hash(image: Image.Image) -> str:
    """The 64 bits of imagehash's ``phash``, 16 hexadecimal digits: few differ when a photo is resized or re-encoded."""
    return str(imagehash.phash(image.resize((_SIDE, _SIDE), Image.Resampling.BOX)))
