"""RAW files: the JPEG preview that a camera puts into them, read by rawpy where it is installed."""

import io
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from PIL import ExifTags, Image

from engine.errors import PhotoError
from engine.photos.formats import RAW, promised_by, signature_of
from engine.photos.identify import damage
from engine.runtime.extras import extra_command

if TYPE_CHECKING:
    from rawpy import RawPy

_MAY_BE_RAW = (None, "TIFF", "HEIF")
_ORIENTATIONS = {3: 3, 5: 8, 6: 6}
"""LibRaw's number for how the sensor was held, to that of EXIF."""


def is_raw(file: BinaryIO, path: Path) -> bool:
    """Whether an open file is a RAW file: by its name, unless its content is plainly another photo."""
    if promised_by(path.suffix) != RAW:
        return False
    head = file.read(16)
    file.seek(0)
    return bool(head) and signature_of(head) in _MAY_BE_RAW


def preview(file: BinaryIO, path: Path) -> io.BytesIO:
    """The largest preview inside an open RAW file, as the content of a JPEG or PNG that says how it was held.

    Raises PhotoError where rawpy is not installed, or there is no preview to be had.
    """
    try:
        import rawpy
    except ImportError as error:
        advice = f"its preview is read by rawpy, which is not installed; run `{extra_command('raw')}`"
        raise PhotoError(str(path), f"a RAW photo; {advice}") from error
    try:
        # LibRaw does not read all of a file that lies on a disk.
        with rawpy.imread(file if isinstance(file, io.BytesIO) else str(path)) as raw:
            return io.BytesIO(_content(raw))
    except (rawpy.LibRawNoThumbnailError, rawpy.LibRawUnsupportedThumbnailError, rawpy.NotSupportedError) as error:
        reason = "a RAW photo without a preview that can be read; export it as JPEG to have it indexed"
        raise PhotoError(str(path), reason) from error
    except rawpy.LibRawFileUnsupportedError as error:
        reason = "corrupt, or the RAW format of a camera that LibRaw does not know; export it as JPEG"
        raise PhotoError(str(path), reason) from error
    except rawpy.LibRawIOError as error:
        raise PhotoError(str(path), damage(EOFError(), RAW)) from error
    except Exception as error:  # LibRaw's others, and Pillow's for a preview of a kind that it does not know
        raise PhotoError(str(path), damage(error, RAW)) from error


def _content(raw: "RawPy") -> bytes:
    thumbnail = raw.extract_thumb()
    if isinstance(thumbnail.data, bytes):  # a JPEG; LibRaw adds EXIF to one that has none
        return thumbnail.data
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = _ORIENTATIONS.get(raw.sizes.flip, 1)
    buffer = io.BytesIO()
    Image.fromarray(thumbnail.data).save(buffer, "PNG", exif=exif, compress_level=1)
    return buffer.getvalue()
