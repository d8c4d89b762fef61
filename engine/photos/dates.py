"""When a photo was taken: local time, and how far ahead of UTC it is where its file says so."""

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

_DATE = re.compile(
    r"(\d{4})[:/.-](\d{1,2})[:/.-](\d{1,2})"
    r"(?:[ T](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.\d+)?)?)?"
    r"\s*(Z|[+-]\d{2}:?\d{2})?"
)
_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})")
_LARGEST_OFFSET = 14 * 60


@dataclass(frozen=True, slots=True)
class Moment:
    """A local time, and the minutes that it is ahead of UTC; None where they are not known."""

    local: datetime
    utc_offset_minutes: int | None = None


def read_moment(text: str, offset: str = "") -> Moment | None:
    """The moment that a text of EXIF or XMP names; a day alone begins at midnight. None where it names none.

    ``offset`` is a zone that stands elsewhere; one in the text itself comes first.

    >>> read_moment("2019:07:14 18:03:59", "+02:00")
    Moment(local=datetime.datetime(2019, 7, 14, 18, 3, 59), utc_offset_minutes=120)
    >>> read_moment("2019-07-14T18:03Z").utc_offset_minutes
    0
    """
    match = _DATE.match(text)
    if not match:
        return None
    with suppress(ValueError):  # 0000:00:00, or a thirteenth month
        local = datetime(*(int(part or 0) for part in match.groups()[:6]))  # type: ignore[arg-type]
        return Moment(local, _minutes(match[7] or offset))
    return None


def best_moment(moments: Iterable[Moment | None]) -> Moment | None:
    """The first of some moments, most trusted first, with the zone of a later one that is the same local time."""
    known = [moment for moment in moments if moment]
    same = (moment for moment in known if moment.local == known[0].local and moment.utc_offset_minutes is not None)
    return next(same, known[0] if known else None)


def _minutes(offset: str) -> int | None:
    """Minutes ahead of UTC from ``+02:00``, ``-0330`` or ``Z``; None for anything else."""
    if offset == "Z":
        return 0
    match = _OFFSET.match(offset)
    if not match:
        return None
    minutes = int(match[2]) * 60 + int(match[3])
    if minutes > _LARGEST_OFFSET:
        return None
    return -minutes if match[1] == "-" else minutes
