"""When, where and with what a photo was taken, and what its file says about it. Broken EXIF is no EXIF."""

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import takewhile
from typing import Any, BinaryIO, TypeVar

from PIL import ExifTags, Image

from engine.photos.dates import Moment, best_moment, read_moment
from engine.photos.descriptions import exif_text, read_descriptions
from engine.photos.iptc import Iptc, read_iptc
from engine.photos.xmp import Xmp, embedded_xmp, stars
from index import DatePrecision, PhotoText

T = TypeVar("T")

_Position = tuple[float | None, float | None]
_NOWHERE: _Position = (None, None)
_RATING = 0x4746  # of Windows; Pillow has no name for it


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a photo's file says about itself; None or empty where it says nothing that can be believed.

    ``taken_at`` is the local time there, as far as ``taken_precision`` says, and ``utc_offset_minutes`` how far it is
    ahead of UTC. ``latitude`` and ``longitude`` are in degrees, north and east positive, both given or both None.
    ``texts`` were written by people, or pass for it; keywords come last among them. ``rating`` is from -1 (rejected) to
    5; that of the file beside the photo comes first, as editors write it there and leave the photo as it is.
    """

    taken_at: datetime | None = None
    camera: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    texts: tuple[PhotoText, ...] = ()
    utc_offset_minutes: int | None = None
    taken_precision: DatePrecision = "time"
    rating: int | None = None
    label: str | None = None


def read_metadata(image: Image.Image, beside: Xmp | None = None) -> Metadata:
    """Read the EXIF, IPTC and XMP of an opened picture, and take what they leave open from the XMP ``beside`` it.

    Never raises: what is broken is left out.
    """
    main: Mapping[int, Any] = {}
    details: Mapping[int, Any] = {}
    gps: Mapping[int, Any] = {}
    with suppress(Exception):  # Pillow's parser has many ways to fail on bytes that are not EXIF
        exif = image.getexif()
        main = exif
        gps = _attempt(lambda: exif.get_ifd(ExifTags.IFD.GPSInfo), {})
        details = exif.get_ifd(ExifTags.IFD.Exif)
    iptc = _attempt(lambda: read_iptc(image), Iptc())
    packets = (_attempt(lambda: embedded_xmp(image), Xmp()), beside or Xmp())
    moment = best_moment(*_moments(main, details, iptc, packets))
    latitude, longitude = _attempt(lambda: _position(gps), _NOWHERE)
    for packet in packets:
        if latitude is None:
            latitude, longitude = _believable(packet.latitude, packet.longitude)
    return Metadata(
        taken_at=moment.local if moment else None,
        camera=_attempt(lambda: _camera(main), None),
        latitude=latitude,
        longitude=longitude,
        texts=read_descriptions(image, main, details, iptc, [("xmp", packets[0]), ("sidecar", packets[1])]),
        utc_offset_minutes=moment.utc_offset_minutes if moment else None,
        taken_precision=moment.precision if moment else "time",
        rating=_first(packets[1].rating, packets[0].rating, _attempt(lambda: stars(main.get(_RATING)), None)),
        label=_first(packets[1].label, packets[0].label),
    )


def completed(first: Metadata, second: Metadata) -> Metadata:
    """The first of two readings of one photo, with what it does not know taken from the second.

    >>> both = completed(Metadata(camera="Leica"), Metadata(camera="?", latitude=1.0, longitude=2.0))
    >>> both.camera, both.latitude
    ('Leica', 1.0)
    """
    when, where = (first if first.taken_at else second), (first if first.latitude is not None else second)
    return Metadata(
        taken_at=when.taken_at,
        camera=first.camera or second.camera,
        latitude=where.latitude,
        longitude=where.longitude,
        texts=tuple({text.text: text for text in (*second.texts, *first.texts)}.values()),
        utc_offset_minutes=when.utc_offset_minutes,
        taken_precision=when.taken_precision,
        rating=_first(first.rating, second.rating),
        label=_first(first.label, second.label),
    )


def completed_raw(file: BinaryIO, preview: Metadata) -> Metadata:
    """The metadata of a RAW file: its own, as far as it is a TIFF inside, and what its preview knows besides.

    LibRaw gives a preview the EXIF that it lacks, but not all of it.
    """
    try:
        with Image.open(file, formats=["TIFF"]) as picture:
            return completed(read_metadata(picture), preview)
    except Exception:  # it is no TIFF, or one of its maker's own kind
        return preview


def read_orientation(image: Image.Image) -> int:
    """How the pixels of a picture lie, as the EXIF number 1 to 8; 1, upright, where nothing sensible is said.

    To be asked after the pixels are decoded: some of Pillow's decoders turn them upright themselves and then
    say so.
    """
    value: Any = _attempt(lambda: image.getexif().get(ExifTags.Base.Orientation), None)
    return int(value) if value in range(1, 9) else 1


def _attempt(read: Callable[[], T], otherwise: T) -> T:
    try:
        return read()
    except Exception:  # a tag may hold any type and any nonsense; the other tags may still be good
        return otherwise


def _first(*values: T | None) -> T | None:
    return next((value for value in values if value is not None), None)


def _moments(
    main: Mapping[int, Any], details: Mapping[int, Any], iptc: Iptc, packets: Sequence[Xmp]
) -> tuple[list[Moment | None], ...]:
    """When the photo was taken, most trusted first; then when it was digitised, and when it was changed."""
    tags = ExifTags.Base

    def exif(tag: int, *zones: int) -> Moment | None:
        found = (_attempt(partial(_text, details, one), "") for one in zones)
        zone = next(filter(None, found), "")
        return _attempt(lambda: read_moment(exif_text(details.get(tag) or main.get(tag)), zone), None)

    return (
        [
            exif(tags.DateTimeOriginal, tags.OffsetTimeOriginal, tags.OffsetTime),
            *(packet.taken for packet in packets),
            iptc.taken,
        ],
        [
            exif(tags.DateTimeDigitized, tags.OffsetTimeDigitized, tags.OffsetTime),
            *(packet.digitised for packet in packets),
        ],
        [exif(tags.DateTime, tags.OffsetTime)],
    )


def _text(tags: Mapping[int, Any], tag: int) -> str:
    return exif_text(tags.get(tag))


def _camera(main: Mapping[int, Any]) -> str | None:
    make = exif_text(main.get(ExifTags.Base.Make))
    model = exif_text(main.get(ExifTags.Base.Model))
    # Most makers begin the model with their own name: "NIKON CORPORATION", "NIKON D90".
    if make and model and model.split()[0].lower() != make.split()[0].lower():
        return f"{make} {model}"
    return model or make or None


def _position(gps: Mapping[int, Any]) -> _Position:
    tags = ExifTags.GPS
    latitude = _degrees(gps.get(tags.GPSLatitude), gps.get(tags.GPSLatitudeRef), "NS")
    longitude = _degrees(gps.get(tags.GPSLongitude), gps.get(tags.GPSLongitudeRef), "EW")
    return _believable(latitude, longitude)


def _believable(latitude: float | None, longitude: float | None) -> _Position:
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return _NOWHERE
    if latitude == 0 and longitude == 0:  # what a camera writes that has no fix
        return _NOWHERE
    return latitude, longitude


def _degrees(value: Any, reference: Any, directions: str) -> float | None:
    """Degrees, minutes and seconds, as many as are defined, to degrees; the second of ``directions`` is negative.

    None for a direction that is neither: nothing says which half of the world was meant. Without any, the sign counts.
    """
    if value is None:
        return None
    direction = exif_text(reference).upper()[:1]
    if direction not in directions:
        return None
    parts = [float(part) for part in (value if isinstance(value, tuple) else (value,))][:3]
    defined = list(takewhile(math.isfinite, parts))
    if not defined:
        return None
    degrees = sum(abs(part) / 60.0**power for power, part in enumerate(defined))
    return -degrees if direction == directions[1] or defined[0] < 0 else degrees
