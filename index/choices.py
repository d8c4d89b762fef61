"""Closed lists of names; it imports nothing, so that options can be read before anything is loaded."""

from typing import Literal

Generated = Literal["include", "exclude", "only"]
"""What to do with sentences that a caption model wrote."""

Copies = Literal["one", "all"]
"""What to do with photos of equal content: one of them stands for all, or each is found."""

Hidden = Literal["exclude", "include", "only"]
"""What to do with photos that a person has hidden."""

Orientation = Literal["landscape", "portrait", "square"]
"""How an upright photo lies."""

DatePrecision = Literal["year", "month", "day", "time"]
"""How far a date is known. It is kept as the first instant that it may mean."""
