"""One photo, in a file or in memory, to upright RGB pixels and its metadata, in one reading."""

from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from engine.errors import PhotoError
from engine.photos.access import opened
from engine.photos.colour import to_rgb
from engine.photos.formats import RAW, canonical, promised_by
from engine.photos.given import Photo, PhotoInMemory, path_named
from engine.photos.identify import damage, identified
from engine.photos.limits import ROOM, bytes_per_pixel, pixel_limit, refusal
from engine.photos.metadata import Metadata, completed_raw, read_metadata, read_orientation
from engine.photos.raw import is_raw, preview

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class Decoded:
    """A photo's pixels, upright, and its metadata.

    ``image`` is RGB and may be smaller than ``width`` × ``height``, the size in pixels of the whole upright
    photo; of a RAW file both are of its preview. ``format`` is what the content is; ``mismatched_name`` says
    that the file's extension promises another format. ``metadata`` is what stands in the file, without what stands
    beside it.
    """

    image: Image.Image
    width: int
    height: int
    format: str
    mismatched_name: bool
    metadata: Metadata


def decode(photo: str | Photo, max_pixels: int | None = None, target: int | None = None) -> Decoded:
    """Decode a photo: its first frame, turned upright by the EXIF orientation, in RGB.

    A picture in memory is read as a file would be, with its profile and orientation, and left as it is.

    With ``target`` the image may come back smaller, but with both sides of at least ``target`` pixels where
    the photo's are: a JPEG is then decoded at a fraction of its size, several times as fast. ``max_pixels``
    replaces the limit of ``engine.photos.limits``. Raises PhotoError where there is no whole photo to be had:
    a truncated file never comes back half grey.
    """
    path = path_named(photo)
    if isinstance(photo, PhotoInMemory) and isinstance(photo.content, Image.Image):
        return _decoded(photo.content, path, max_pixels, target, is_ours=False)
    with opened(photo) as file:
        if not is_raw(file, path):
            with identified(file, path) as picture:
                return _decoded(picture, path, max_pixels, target)
        with identified(preview(file, path), path) as picture:
            decoded = _decoded(picture, path, max_pixels, target)
        metadata = completed_raw(file, decoded.metadata)
    return replace(decoded, format=RAW, mismatched_name=False, metadata=metadata)


def _decoded(
    picture: Image.Image, path: Path, max_pixels: int | None, target: int | None, *, is_ours: bool = True
) -> Decoded:
    """The photo in an opened picture; one that is not ours may be read, but neither changed nor emptied."""
    photo_format = canonical(picture.format)
    width, height = picture.size
    try:
        if target is not None and photo_format == "JPEG" and is_ours:
            picture.draft("RGB", (target, target))
        num_bytes = _num_bytes(picture, (width, height))
    except Exception as error:
        raise PhotoError(str(path), damage(error, photo_format)) from error
    limit = pixel_limit(max_pixels, num_bytes / (width * height), width * height)
    too_large = refusal(width, height, photo_format, limit)
    if too_large:
        raise PhotoError(str(path), too_large)
    try:
        # A TIFF lets go of its file once the pixels are read.
        early = None if photo_format == "PNG" else read_metadata(picture)
        with ROOM.taken(num_bytes):
            rgb = _pixels(picture, target)
            orientation = read_orientation(picture)
            if orientation in _UPRIGHT:
                rgb = rgb.transpose(_UPRIGHT[orientation])
            if rgb is not picture and is_ours:
                # The pixels go before others take their room; the file stays open for metadata.
                picture.im = None  # type: ignore[assignment]
        if photo_format != "JPEG":
            width, height = picture.size  # a HEIC may hold another size than it announces; a TIFF was turned upright
        metadata = early or read_metadata(picture)  # a PNG may carry its EXIF behind the pixels
    except Exception as error:  # each decoder has exceptions of its own for damaged data
        raise PhotoError(str(path), damage(error, photo_format)) from error
    if orientation >= 5:  # these four lie on their side
        width, height = height, width
    promised = promised_by(path.suffix)
    return Decoded(rgb, width, height, photo_format, promised is not None and promised != photo_format, metadata)


def _num_bytes(picture: Image.Image, whole: tuple[int, int]) -> int:
    """The memory that decoding takes; the decoder of a progressive JPEG holds all of it, whatever is made of it."""
    held = 6 * whole[0] * whole[1] if picture.info.get("progressive") else 0
    return picture.width * picture.height * bytes_per_pixel(picture) + held


def _pixels(picture: Image.Image, target: int | None) -> Image.Image:
    """The pixels as stored, in RGB, reduced towards ``target``."""
    picture.load()
    # The usual modes are reduced before they are converted: that copies the picture, several times where it is clear.
    early_enough = picture.mode == "RGBA" or (picture.mode == "RGB" and "transparency" not in picture.info)
    rgb = to_rgb(_reduced(picture, target) if early_enough else picture)
    return _reduced(rgb, target)


def _reduced(image: Image.Image, target: int | None) -> Image.Image:
    """The image with both sides divided by the largest whole number that leaves them at least ``target`` pixels."""
    factor = min(image.size) // target if target else 1
    return image.reduce(factor) if factor > 1 else image
