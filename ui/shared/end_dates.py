"""Until when something is to work, as a person writes it and reads it: a day to come, or so many days."""

import re
from datetime import UTC, datetime, timedelta

from index.curated import LONGEST_SHARED

_SPAN = re.compile(r"([1-9]\d{0,3})\s*([hdw])", re.IGNORECASE)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def end(text: str, now: datetime | None = None) -> datetime:
    """The instant at which a time ends: a day, and a day so many days or weeks ahead, to its end.

    >>> noon = datetime(2026, 11, 29, 12).astimezone()
    >>> end("7d", noon).replace(tzinfo=None).isoformat(), end("12h", noon).replace(tzinfo=None).isoformat()
    ('2026-12-07T00:00:00', '2026-11-30T00:00:00')

    Raises:
        ValueError: it is no such time, over already, or more than ten years ahead.
    """
    now = (now or datetime.now()).astimezone()
    try:
        found = _read(text.strip(), now)
    except (ValueError, OverflowError):
        found = None
    if found is None or not now < found <= now + LONGEST_SHARED:
        wrong = "no time" if found is None else "over already" if found <= now else "more than ten years ahead"
        raise ValueError(
            f"{text!r} is {wrong}; write a day to come such as {now + timedelta(7):%Y-%m-%d}, or 12h, 7d, 4w."
        )
    return found


def _read(text: str, now: datetime) -> datetime | None:
    span = _SPAN.fullmatch(text)
    if span is None:
        found = datetime.fromisoformat(text)
        if _DAY.fullmatch(text):
            return _end_of_day(found)
        return found.astimezone() if "T" in text or " " in text else None  # such as 20270131
    number, unit = int(span[1]), span[2].lower()
    return (
        now + timedelta(hours=number)
        if unit == "h"
        else _end_of_day(now + timedelta(number * (7 if unit == "w" else 1)))
    )


def _end_of_day(moment: datetime) -> datetime:
    """Midnight after it by the clock of this machine, whose offset may be another one by then."""
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None) + timedelta(1)
    return max(midnight.replace(fold=fold).astimezone() for fold in (0, 1))  # where clocks skip it, what follows


def end_as_text(ends_at: datetime) -> str:
    """The last day of a time that ends at an instant with a zone, with the hour where it is not over at midnight.

    >>> end_as_text(datetime(2026, 12, 7).astimezone()), end_as_text(datetime(2026, 12, 7, 9, 30).astimezone())
    ('6 December 2026', '7 December 2026, 09:30')
    """
    here = ends_at.astimezone()
    last = (here.astimezone(UTC) - timedelta(seconds=1)).astimezone()
    if last.date() != here.date():
        return f"{last.day} {last:%B %Y}"
    return f"{here.day} {here:%B %Y, %H:%M}"
