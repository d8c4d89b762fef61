"""When a photo was taken, as a person reads it: no more of it than is known."""

from datetime import datetime

from index import DatePrecision

_FORMATS: dict[DatePrecision, str] = {"year": "%Y", "month": "%B %Y", "day": "%Y-%m-%d", "time": "%Y-%m-%d %H:%M"}


def date_as_text(taken_at: datetime, precision: DatePrecision) -> str:
    """A date as far as it is known.

    >>> date_as_text(datetime(1958, 1, 1), "year"), date_as_text(datetime(1958, 7, 1), "month")
    ('1958', 'July 1958')
    """
    return f"{taken_at:{_FORMATS[precision]}}"
