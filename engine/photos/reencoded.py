"""A photo as a JPEG of ours: upright, in RGB, at a size that is asked for, and without metadata."""

import io

from PIL import Image

from engine.photos.decode import decode
from engine.photos.given import Photo

LONGEST = 65_500
"""Pixels a side, of which the format holds no more."""

_QUALITY = 80


def reencoded(photo: str | Photo, side: int = LONGEST) -> bytes:
    """The bytes of a JPEG of a photo whose longest side has ``side`` pixels at most; a smaller photo keeps its size.

    Raises:
        PhotoError: the photo cannot be read.
    """
    image = decode(photo, target=side).image
    image.thumbnail((side, side))
    return as_jpeg(image)


def as_jpeg(image: Image.Image) -> bytes:
    """The bytes of a JPEG of an RGB picture, with nothing but its pixels."""
    encoded = io.BytesIO()
    image.save(encoded, "JPEG", quality=_QUALITY)
    return encoded.getvalue()
