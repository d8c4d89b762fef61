"""What picture a file holds, judged by its content, and what a decoder's complaint about it means.

Importing this module teaches Pillow HEIC. Pillow's own guard against decompression bombs is a fixed number
and a warning; opening a picture here replaces it, for the whole process, by ``engine.photos.limits``.
"""

import logging
import os
import warnings
from pathlib import Path
from typing import BinaryIO

import pillow_heif
from PIL import Image, ImageFile, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

from engine.errors import PhotoError
from engine.photos.formats import PILLOW_FORMATS, signature_of
from engine.photos.jpeg_passes import MOST_SCANS, jpeg_passes
from engine.photos.tiff_layouts import unopened_layout, unread_layout

pillow_heif.register_heif_opener()
logging.getLogger("PIL").setLevel(logging.CRITICAL)  # what it says of odd files, our failures say

_PILLOW_MODULES = r"PIL\.|pillow_heif"
_LARGEST_JPEG = 1_000_000_000  # bytes, with the film behind it
_SIGNS_OF_TRUNCATION = ("truncated", "end of file", "not large enough", "eof", "unexpected end", "premature")


def identified(file: BinaryIO, path: str | Path) -> ImageFile.ImageFile:
    """The picture in an open file, whatever its name promises; no pixel is decoded yet.

    Raises PhotoError, naming ``path``, where the content is empty, damaged, or not a photo.
    """
    name = str(path)
    head = file.read(16)
    signature = signature_of(head)
    if not head:
        raise PhotoError(name, "the file is empty (0 bytes)")
    if signature == "JPEG":
        _require_whole_jpeg(file, name)
    if signature == "WEBP" and (promised := int.from_bytes(head[4:8], "little") + 8) > (size := _num_bytes(file)):
        raise PhotoError(name, damage(EOFError(f"{size} of {promised} bytes are there"), signature))
    _prepare_pillow()
    try:
        picture = Image.open(file, formats=PILLOW_FORMATS)
        if isinstance(picture, TiffImageFile) and (
            layout := unread_layout(picture.tag_v2, big_endian=picture.tag_v2.prefix == b"MM")
        ):
            raise PhotoError(name, layout)
        return picture
    except PhotoError:
        raise
    except Exception as error:  # each decoder has exceptions of its own for damaged data
        reason = (unopened_layout(file) if signature == "TIFF" else None) or _unopened(error, head, signature)
        raise PhotoError(name, reason) from error


def _unopened(error: Exception, head: bytes, signature: str | None) -> str:
    if not isinstance(error, UnidentifiedImageError):
        return damage(error, signature or "image")
    if signature:
        return f"corrupt or truncated: it starts like {signature}, but its header cannot be read"
    return f"not an image: it starts with {head[:8]!r}; expected JPEG, PNG, WebP, GIF, BMP, TIFF, HEIC or AVIF"


def _require_whole_jpeg(file: BinaryIO, name: str) -> None:
    """Raise PhotoError for a JPEG that its decoder would turn half grey without a word, or never be done with.

    A download that broke off is often filled up with zeros, which decode as grey; so its own end marker decides.
    """
    num_bytes = _num_bytes(file)
    if num_bytes > _LARGEST_JPEG:
        raise PhotoError(
            name, f"{num_bytes / 1e9:.1f} GB is no JPEG photo; expected at most {_LARGEST_JPEG / 1e9:.0f} GB"
        )
    passes = jpeg_passes(file)
    if passes.num_scans > MOST_SCANS:
        reason = f"it has more than {MOST_SCANS} scans, as a decompression bomb does; save it anew in an image editor"
        raise PhotoError(name, reason)
    if passes.num_scans and not passes.ends:
        raise PhotoError(name, damage(EOFError("its end marker is missing"), "JPEG"))


def _num_bytes(file: BinaryIO) -> int:
    return file.seek(0, os.SEEK_END)


def damage(error: Exception, photo_format: str) -> str:
    """A decoder's complaint in one line that says what is wrong with the file and what to do."""
    if isinstance(error, MemoryError):
        return "there is not enough memory to decode it; close other programs or make it smaller"
    text = " ".join(str(error).split()) or type(error).__name__
    if "MAX_TEXT" in text:  # Pillow reads no such PNG
        return "it holds a text or profile of more than a megabyte, as a decompression bomb does; save it without"
    cut = isinstance(error, EOFError) or any(sign in text.lower() for sign in _SIGNS_OF_TRUNCATION)
    wrong = (
        f"truncated: the {photo_format} data ends too early"
        if cut
        else f"corrupt: the {photo_format} data cannot be decoded"
    )
    return f"{wrong} ({text}); copy the file again from its source"


def _prepare_pillow() -> None:
    """Make ours the only size limit, and keep Pillow's remarks on odd files off the user's screen.

    ``warnings.catch_warnings`` is not safe with threads; so a filter is set, and set again where a caller
    (pytest, for one) has put the old filters back.
    """
    Image.MAX_IMAGE_PIXELS = None
    if not any(getattr(entry[3], "pattern", None) == _PILLOW_MODULES for entry in warnings.filters):
        warnings.filterwarnings("ignore", module=_PILLOW_MODULES)
