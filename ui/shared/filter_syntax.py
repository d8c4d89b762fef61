"""Filters as a person writes them: dates, places, distances, sizes and folders, for every face of the engine."""

import math
import os
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import EngineError, PhotoPathError
from engine.photos.location import is_remote, normal_path
from index.catalogue.folder_names import MOST_LETTERS
from index.choices import Hidden, Orientation

if TYPE_CHECKING:
    from index import PhotoFilter

KILOMETRES = {"km": 1.0, "m": 0.001, "mi": 1.609344}

_DAY = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")
_NUMBER = r"(\d{1,12}(?:\.\d{1,12})?)"  # more digits than anything has that is measured in these units
_DISTANCE = re.compile(rf"{_NUMBER}\s*(km|m|mi)?", re.IGNORECASE)
_MEGAPIXELS = re.compile(rf"{_NUMBER}\s*MP", re.IGNORECASE)
_SIDES = re.compile(r"(\d{1,12})\s*[x×]\s*(\d{1,12})", re.IGNORECASE)


def moment(text: str) -> datetime:
    """The beginning of a year, a month or a day, or a time, with or without a zone.

    >>> moment("2019-05").isoformat(), moment("2019-05-01T12:00+02:00").isoformat()
    ('2019-05-01T00:00:00', '2019-05-01T12:00:00+02:00')

    Raises:
        ValueError: it is no date; the text says what one looks like, and so do those of the others.
    """
    day = _DAY.fullmatch(text.strip())
    try:
        found = (
            datetime.fromisoformat(text.strip())
            if day is None
            else datetime(int(day[1]), int(day[2] or 1), int(day[3] or 1))
        )
    except ValueError:
        found = None
    if found is None or not 1000 <= found.year < 9999:  # the other years have neighbours that are none
        raise ValueError(
            f"{text!r} is no date; write 2019, 2019-05, 2019-05-01, 2019-05-01T12:00 or 2019-05-01T12:00+02:00."
        )
    return found


def place(text: str) -> tuple[float, float]:
    """A latitude and a longitude in degrees.

    >>> place("48.85, 2.35")
    (48.85, 2.35)

    Raises:
        ValueError: it is no place.
    """
    try:
        latitude, longitude = (float(part) for part in text.split(","))
    except ValueError:
        latitude = longitude = math.nan
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        raise ValueError(
            f"{text!r} is no place; write a latitude (-90 to 90) and a longitude (-180 to 180) in degrees, such as "
            "48.85,2.35."
        )
    return latitude, longitude


def kilometres(text: str) -> float:
    """A distance.

    >>> kilometres("20km"), kilometres("500 m"), kilometres("3")
    (20.0, 0.5, 3.0)

    Raises:
        ValueError: it is no distance.
    """
    found = _DISTANCE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no distance; write a number and km, m or mi, such as 20km.")
    return float(found[1]) * KILOMETRES[(found[2] or "km").lower()]


def size(text: str) -> float | tuple[int, int]:
    """Megapixels, or two sides in pixels.

    >>> size("4MP"), size("2000x1500")
    (4.0, (2000, 1500))

    Raises:
        ValueError: it is no size.
    """
    if sides := _SIDES.fullmatch(text.strip()):
        return int(sides[1]), int(sides[2])
    if megapixels := _MEGAPIXELS.fullmatch(text.strip()):
        return float(megapixels[1])
    raise ValueError(f"{text!r} is no size; write two sides in pixels, such as 2000x1500, or 4MP.")


def box(text: str) -> tuple[float, float, float, float]:
    """Four numbers with commas between.

    >>> box("0,10,20.5,30")
    (0.0, 10.0, 20.5, 30.0)

    Raises:
        ValueError: it is no box.
    """
    try:
        x0, y0, x1, y1 = (float(part) for part in text.split(","))
    except ValueError as error:
        raise ValueError(f"{text!r} is no box; write left,top,right,bottom in pixels.") from error
    if not all(map(math.isfinite, (x0, y0, x1, y1))):
        raise ValueError(f"{text!r} is no box; write left,top,right,bottom in pixels.")
    return x0, y0, x1, y1


def searched(text: str) -> str:
    """A text to be searched for, whose weight, if it has one, can be read.

    Raises:
        ValueError: it cannot.
    """
    if ":" not in text:
        return text  # without the tenth of a second in which what reads a weight is imported
    from engine.search.question import weighted

    try:
        weighted(text)
    except EngineError as error:
        raise ValueError(str(error)) from error
    return text


def folder_glob(text: str) -> str:
    """A glob as the index takes it: one with a slash becomes a path from the root, ``~`` the home folder.

    Raises:
        ValueError: it is too long, holds what no name can hold, or begins with the name of a user whom this machine
            does not know.
    """
    if "\0" in text:
        raise ValueError(f"{text[:80]!r} holds the sign NUL, which no folder's name can; leave it out.")
    if is_remote(text):
        try:
            text = normal_path(text)
        except PhotoPathError as error:
            raise ValueError(str(error)) from error
    elif text == "~" or "/" in text or os.sep in text:
        try:
            whole = Path(text).expanduser()
        except RuntimeError as error:
            raise ValueError(
                f"{text!r} begins with a user that is not known here; write ./ before a folder's name."
            ) from error
        text = os.path.normpath(whole.absolute()).replace(os.sep, "/")
    elif text in {"", ".", ".."}:
        text = os.path.normpath(Path(text).absolute()).replace(os.sep, "/")
    if len(text) > MOST_LETTERS:
        raise ValueError(f"A folder of {len(text)} characters; write at most {MOST_LETTERS}.")
    return text


_RATING = re.compile(r"(-?[0-9])?(\.\.)?(-?[0-9])?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Kept:
    """What is asked of what people keep in the library beside their photos; see `PhotoFilter`."""

    albums: tuple[str, ...] = ()
    favourites: bool = False
    rating: tuple[int, int] | None = None
    labels: tuple[str, ...] = ()
    hidden: Hidden = "exclude"


def rating(text: str) -> tuple[int, int]:
    """The least and the most of a rating.

    >>> rating("3.."), rating("..2"), rating("4"), rating("2..3")
    ((3, 5), (-1, 2), (4, 4), (2, 3))

    Raises:
        ValueError: it is none.
    """
    found = _RATING.fullmatch(text.strip())
    if found is not None and (found[1] or found[3]) and not (found[1] and found[3] and not found[2]):
        least = int(found[1]) if found[1] else -1
        most = int(found[3]) if found[3] else 5 if found[2] else least
        if -1 <= least <= most <= 5:
            return least, most
    raise ValueError(f"{text!r} is no rating; write 3, 3.., ..2 or 2..4; 0 is none, and -1 rejected.")


def photo_filter(
    after: datetime | None,
    before: datetime | None,
    camera: str | None,
    near: tuple[float, float] | None,
    within_km: float | None,
    folder: str | None,
    orientation: Orientation | None,
    min_size: float | tuple[int, int] | None,
    kept: Kept = Kept(),
) -> "PhotoFilter":
    """The filter of these parts, as the functions above read them; a place and a distance belong together."""
    from index import PhotoFilter  # SQLAlchemy takes a quarter of a second to import: help does without

    return PhotoFilter(
        after=after,
        before=before,
        camera=camera,
        near=near,
        within_km=within_km,
        folder=None if folder is None else folder_glob(folder),
        orientation=orientation,
        min_megapixels=min_size if isinstance(min_size, float) else None,
        min_size=min_size if isinstance(min_size, tuple) else None,
        albums=kept.albums or None,
        favourite=kept.favourites or None,
        rating=kept.rating,
        labels=kept.labels or None,
        hidden=kept.hidden,
    )
