"""Groups of photos to choose from: cards with covers, and the months of a timeline. What is chosen is an address."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import urlencode

from index.catalogue.groups import Counted
from index.values import date_of_iso
from ui.shared.dates import date_as_text
from ui.shared.results import printable
from ui.web import components, picture_routes
from ui.web.library import library

NO_DATE = "Without a date"


@dataclass(frozen=True, slots=True)
class Card:
    """A group: what it is called, how its address calls it, how many photos it has, and one of them."""

    name: str
    group: str
    photos: int
    cover: int


def address(way: str, group: str) -> str:
    """The address of the page with a group; of a way to browse."""
    return "browse?" + urlencode({"by": way, "group": group})


def draw_cards(
    way: str, cards: Sequence[Card], label: str, chosen: str | None = None, trail: Sequence[tuple[str, str]] = ()
) -> None:
    """Draw cards, and above them the names and groups that lead to where they are."""
    covers = library().stored(card.cover for card in cards)
    addresses = {number: "" if photo is None else picture_routes.address(photo) for number, photo in covers.items()}
    sent = {
        "label": label,
        "trail": [(printable(name), address(way, group)) for name, group in trail],
        "cards": [
            {
                "name": printable(card.name),
                "photos": card.photos,
                "picture": addresses.get(card.cover, ""),
                "href": address(way, card.group),
                "chosen": card.group == chosen,
            }
            for card in cards
        ],
        "cookie": picture_routes.cookie(),
    }
    components.draw("cards", f"cards of {way}", sent)


def draw_timeline(months: Sequence[Counted], chosen: str | None) -> None:
    """Draw the months of photos, the newest first, by year; ``chosen`` is the name of one."""
    years = []
    for year, counted in groupby(months, key=lambda month: month.name and month.name[:4]):
        columns = [
            {"name": month_as_text(month.name), "photos": month.photos, "href": address("date", month.name or NO_DATE)}
            for month in counted
        ]
        years.append(
            {"name": year or NO_DATE, "photos": sum(int(str(one["photos"])) for one in columns), "columns": columns}
        )
    sent = {"years": years, "chosen": "" if chosen is None else address("date", chosen)}
    components.draw("timeline", "timeline", sent)


def month_as_text(name: str | None) -> str:
    """What a month, or a year of which no more is known, is called.

    >>> month_as_text("1958-07"), month_as_text("1958")
    ('July 1958', 'Some time in 1958')
    """
    if name is None:
        return NO_DATE
    date, precision = date_of_iso(name)
    return f"Some time in {name}" if precision == "year" else date_as_text(date, precision)
