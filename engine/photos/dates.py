"""When a photo was taken: local time, and how far ahead of UTC it is where its file says so."""

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from index import DatePrecision

_DATE = re.compile(
    r"(?P<year>\d{4})(?!\d)(?:[:/.-](?P<month>\d{1,2})(?!\d)(?:[:/.-](?P<day>\d{1,2})(?!\d)"
    r"(?:(?P<iso>T| )(?P<hour>\d{1,2}):(?:(?P<minute>\d{1,2})(?::(?P<second>\d{1,2})(?:[.,]\d+)?)?)?)?)?)?"
    r" ?(?P<half>[AP]\.?M\b)?\.? ?(?P<zone>Z|[+-]\d{2}:?\d{2})?",
    re.IGNORECASE,
)
_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})")
_LARGEST_OFFSET = 14 * 60

_FIRST_YEAR = 1000
"""What programs write that know no date is year 0, 1 or some other small number; old paintings are dated, too."""

_LONGEST = 64  # characters of a text that are looked at
_PARTS = ("year", "month", "day", "hour", "minute", "second")
_PRECISIONS: tuple[DatePrecision, ...] = ("year", "month", "day", "time")


@dataclass(frozen=True, slots=True)
class Moment:
    """A local time, and the minutes that it is ahead of UTC; None where they are not known.

    ``known`` of year, month, day, hour, minute and second were read, in this order; what is not known begins at its
    first: of a year alone ``local`` is the first instant.
    """

    local: datetime
    utc_offset_minutes: int | None = None
    known: int = len(_PARTS)

    @property
    def precision(self) -> DatePrecision:
        """How far it is known, in words."""
        return _PRECISIONS[min(self.known, len(_PRECISIONS)) - 1]

    def is_within(self, other: "Moment") -> bool:
        """Whether this moment is, as far as the other one is known, the same."""
        return self.local.timetuple()[: other.known] == other.local.timetuple()[: other.known]


def read_moment(text: str, offset: str = "") -> Moment | None:
    """The moment that a text of EXIF or XMP names, as far as it can be believed; None where it names not even a year.

    ``offset`` is a zone that stands elsewhere; one in the text itself comes first.

    >>> read_moment("2019:07:14 18:03:59", "+02:00").utc_offset_minutes
    120
    >>> read_moment("2019-07-14T18:03Z").local
    datetime.datetime(2019, 7, 14, 18, 3)
    >>> read_moment("1958:07:00 00:00:00")
    Moment(local=datetime.datetime(1958, 7, 1, 0, 0), utc_offset_minutes=None, known=2)
    """
    match = _DATE.match(" ".join(text[:_LONGEST].split()))
    if not match or int(match["year"]) < _FIRST_YEAR:
        return None
    parts = [int(match[part]) for part in _PARTS if match[part]]
    days_later = 0
    if match["half"] and len(parts) > 3 and parts[3] <= 12:
        parts[3] = parts[3] % 12 + (12 if match["half"][0] in "Pp" else 0)
    if len(parts) > 3 and parts[3] == 24:
        parts[3] = 0
        # Phones write 24:08 after midnight, of the day that has begun; in ISO 8601 24:00 is the end of its day.
        days_later = int(match["iso"] in "Tt" and not any(parts[4:]))
    if len(parts) > 5 and parts[5] == 60:  # a leap second
        parts[5] = 59
    for known in range(len(parts), 0, -1):
        with suppress(ValueError, OverflowError):  # month 0 of a year alone, or a thirty-first of February
            local = datetime(*parts[:known], *(1, 1)[known - 1 :])  # type: ignore[arg-type]
            local += timedelta(days=days_later if known > 3 else 0)
            return Moment(local, _minutes(match["zone"] or offset) if known >= 3 else None, known)
    return None


def best_moment(*kinds: Iterable[Moment | None]) -> Moment | None:
    """The moment to be believed of some kinds of moments, the most trusted kind, and moment of a kind, first.

    It is the first one, but a later one of its kind that falls within it and is known better takes its place; so 1958
    becomes a day in 1958, and never the day of the scan. One that is the same local time may give it its zone.
    """
    known = [[moment for moment in kind if moment] for kind in kinds]
    trusted = next((kind for kind in known if kind), None)
    if trusted is None:
        return None
    best = max((moment for moment in trusted if moment.is_within(trusted[0])), key=lambda moment: moment.known)
    zoned = (moment for moment in chain(*known) if moment.utc_offset_minutes is not None)
    return next((moment for moment in zoned if (moment.local, moment.known) == (best.local, best.known)), best)


def _minutes(offset: str) -> int | None:
    """Minutes ahead of UTC from ``+02:00``, ``-0330`` or ``Z``; None for anything else."""
    if offset in ("Z", "z"):
        return 0
    match = _OFFSET.match(offset)
    if not match:
        return None
    minutes = int(match[2]) * 60 + int(match[3])
    if minutes > _LARGEST_OFFSET:
        return None
    return -minutes if match[1] == "-" else minutes
