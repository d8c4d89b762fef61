"""How a photo looks, in two short hashes: one for equal pixels, one for pictures that a person takes for the same."""

import hashlib

import imagehash
from PIL import Image

_SIDE = 64
"""Pixels. The perceptual hash looks at 32 × 32; averages on the way there halve its time."""


def pixel_hash(image: Image.Image, width: int, height: int) -> str:
    """The BLAKE2b-128 hash of a picture's RGB pixels and of the size in pixels of the photo it is of: 32 digits.

    Photos decoded with the same target have the same hash exactly where all their pixels are equal, whatever
    their format and metadata.
    """
    digest = hashlib.blake2b(f"{width}x{height} {image.width}x{image.height} ".encode(), digest_size=16)
    digest.update(image.tobytes())
    return digest.hexdigest()


def perceptual_hash(image: Image.Image) -> str:
    """The 64 bits of imagehash's ``phash``, 16 hexadecimal digits: few differ when a photo is resized or re-encoded."""
    return str(imagehash.phash(image.resize((_SIDE, _SIDE), Image.Resampling.BOX)))
