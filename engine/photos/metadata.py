"""When, where and with what a photo was taken, and what its file says about it. Broken EXIF is no EXIF."""

import math
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from PIL import ExifTags, Image

from engine.photos.descriptions import exif_text, read_descriptions

T = TypeVar("T")

_DATE = re.compile(r"(\d{4})[:/.-](\d{1,2})[:/.-](\d{1,2})[ T](\d{1,2}):(\d{1,2}):(\d{1,2})")


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a photo's file says about itself; None or empty where it says nothing that can be believed.

    ``taken_at`` is the camera's local time, without a zone, as EXIF has it. ``latitude`` and ``longitude``
    are in degrees, north and east positive, both given or both None. ``descriptions`` were written by people,
    or pass for it.
    """

    taken_at: datetime | None = None
    camera: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    descriptions: tuple[str, ...] = ()


def read_metadata(image: Image.Image) -> Metadata:
    """Read the EXIF, IPTC and XMP of an opened picture. Never raises: what is broken is left out."""
    main: Mapping[int, Any] = {}
    details: Mapping[int, Any] = {}
    place: Mapping[int, Any] = {}
    with suppress(Exception):  # Pillow's parser has many ways to fail on bytes that are not EXIF
        exif = image.getexif()
        main = exif
        place = exif.get_ifd(ExifTags.IFD.GPSInfo)
        details = exif.get_ifd(ExifTags.IFD.Exif)
    nowhere: tuple[float | None, float | None] = (None, None)
    latitude, longitude = _attempt(lambda: _position(place), nowhere)
    return Metadata(
        taken_at=_attempt(lambda: _taken_at(main, details), None),
        camera=_attempt(lambda: _camera(main), None),
        latitude=latitude,
        longitude=longitude,
        descriptions=read_descriptions(image, main, details),
    )


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


def _taken_at(main: Mapping[int, Any], details: Mapping[int, Any]) -> datetime | None:
    tags = ExifTags.Base
    for value in (
        details.get(tags.DateTimeOriginal) or main.get(tags.DateTimeOriginal),
        details.get(tags.DateTimeDigitized),
        main.get(tags.DateTime),
    ):
        found = _DATE.match(exif_text(value))
        if found:
            with suppress(ValueError):  # 0000:00:00, or a thirteenth month
                return datetime(*(int(part) for part in found.groups()))  # type: ignore[arg-type]
    return None


def _camera(main: Mapping[int, Any]) -> str | None:
    make = exif_text(main.get(ExifTags.Base.Make))
    model = exif_text(main.get(ExifTags.Base.Model))
    # Most makers begin the model with their own name: "NIKON CORPORATION", "NIKON D90".
    if make and model and model.split()[0].lower() != make.split()[0].lower():
        return f"{make} {model}"
    return model or make or None


def _position(place: Mapping[int, Any]) -> tuple[float | None, float | None]:
    tags = ExifTags.GPS
    latitude = _degrees(place.get(tags.GPSLatitude), place.get(tags.GPSLatitudeRef), "S")
    longitude = _degrees(place.get(tags.GPSLongitude), place.get(tags.GPSLongitudeRef), "W")
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return None, None
    if latitude == 0 and longitude == 0:  # what a camera writes that has no fix
        return None, None
    return latitude, longitude


def _degrees(value: Any, reference: Any, negative: str) -> float | None:
    """Degrees, minutes and seconds, or degrees alone, to signed degrees."""
    if value is None:
        return None
    parts: list[float] = [float(part) for part in (value if isinstance(value, tuple) else (value,))]
    degrees = sum(part / 60.0**power for power, part in enumerate(parts))
    if not math.isfinite(degrees):
        return None
    return -degrees if exif_text(reference).upper().startswith(negative) else degrees
