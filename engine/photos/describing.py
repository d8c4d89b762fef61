"""Photo → what its file and the files beside it say about it, without its pixels."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from engine.errors import PhotoError
from engine.photos.access import opened
from engine.photos.formats import canonical
from engine.photos.given import Photo, path_named
from engine.photos.identify import identified
from engine.photos.metadata import Metadata, completed_raw, read_metadata
from engine.photos.raw import is_raw, preview
from engine.photos.sidecars import TEXT, XMP, Sidecars
from engine.photos.xmp import Xmp, read_xmp
from index import PhotoText

METADATA_VERSION = "4"
"""Another number has every photo's metadata read again by the next run."""

_LARGEST_TEXT = 1_000_000  # bytes
_LONGEST_LINE = 2_000  # characters
_MOST_LINES = 10_000


def stamp_of(photo: str, sidecars: Sidecars) -> str:
    """What a photo's metadata are read from, and by which version; another one means that they are to be read again."""
    return f"{METADATA_VERSION} {sidecars.stamp(photo)}".strip()


def read_described(photo: str, sidecars: Sidecars, content: Photo | None = None) -> tuple[Metadata, tuple[str, ...]]:
    """The metadata of a photo with what stands beside it, and remarks for the user, a line each.

    Of an object in storage that was read already ``content`` is what was read.

    Raises PhotoError where the photo cannot be read; a file beside it that cannot be is a remark.
    """
    remarks: list[str] = []
    beside: Xmp | None = None
    texts: list[PhotoText] = []
    xmp, text = sidecars.beside(photo, XMP), sidecars.beside(photo, TEXT)
    try:
        beside = None if xmp is None else read_xmp(xmp)
    except PhotoError as error:
        remarks.append(f"{error.path} beside it was left out: {error.reason}")
    try:
        texts = (
            []
            if text is None
            else [PhotoText("sidecar", "description", line, origin=text.name) for line in _lines(text)]
        )
    except PhotoError as error:
        remarks.append(f"{error.path} beside it was left out: {error.reason}")
    found = _read(content or photo, beside)
    own = [replace(one, origin=xmp.name) if xmp and one.source == "sidecar" else one for one in found.texts]
    return replace(found, texts=(*own, *texts)), tuple(remarks)


def folded_lines(content: str) -> list[str]:
    """The lines of a text with white space folded; empty ones left out, endless ones cut."""
    return [" ".join(line.split())[:_LONGEST_LINE] for line in content.splitlines() if line.strip()]


def _read(photo: str | Photo, beside: Xmp | None) -> Metadata:
    path = path_named(photo)
    with opened(photo) as file:
        if is_raw(file, path):
            with identified(preview(file, path), path) as picture:
                return completed_raw(file, read_metadata(picture, beside))
        with identified(file, path) as picture:
            if canonical(picture.format) == "PNG":  # it may carry its EXIF behind the pixels
                with suppress(Exception):  # what stands before them is read all the same
                    picture.load()
            return read_metadata(picture, beside)


def _lines(sidecar: Path) -> list[str]:
    with opened(sidecar) as file:
        content = file.read(_LARGEST_TEXT + 1)
    if len(content) > _LARGEST_TEXT:
        raise PhotoError(str(sidecar), f"it is larger than {_LARGEST_TEXT:,} bytes")
    try:
        lines = folded_lines(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise PhotoError(
            str(sidecar), f"it is not UTF-8 text ({error.reason} at byte {error.start}); save it as UTF-8"
        ) from error
    return lines[:_MOST_LINES]
