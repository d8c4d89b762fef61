"""Maps of where photos were taken, drawn from outlines of the land in the package: no tiles are asked for."""

from collections.abc import Sequence
from typing import TypedDict

from streamlit.delta_generator import DeltaGenerator

from index.catalogue.groups import PlacedPhotos
from ui.shared.results import printable
from ui.web import components, groups, picture_routes
from ui.web.library import library

MOST_LISTED = 300  # places by name beside a map
NAMELESS = "Far from any town"

Area = tuple[float, float, float, float]
"""The latitudes and longitudes that a part of the earth lies between: south, west, north, east."""


class _Place(TypedDict):
    name: str
    country: str
    photos: int
    picture: str
    href: str
    at: tuple[float, float]


class _Map(TypedDict):
    label: str
    answer: str
    points: list[tuple[float, float, int, int]]
    names: list[str]
    places: list[_Place]
    circle: tuple[float, float, float] | None
    around: Area | None
    cell: float
    page: str
    chosen: str
    height: int
    closest: float | None
    cookie: str


def draw_circle(where: DeltaGenerator, place: tuple[float, float], km: float, height: int = 180) -> None:
    """A place and what lies within a distance of it."""
    with where:
        _draw("circle", _map("The distance on a map", f"{place} {km}", circle=(*place, km), closest=14, height=height))


def draw_point(place: tuple[float, float], height: int = 200) -> None:
    """A place with what is around it."""
    _draw("point", _map("Where the photo was taken", f"{place}", points=[(*place, 1, 0)], closest=7, height=height))


def draw_places(
    places: Sequence[PlacedPhotos], cell_degrees: float, chosen: str, around: Area | None, height: int = 420
) -> None:
    """Photos by place, the largest first, on a map and in a list; a place or an area is chosen by its address.

    Args:
        places: what to draw.
        cell_degrees: how far apart photos of one of the places may be.
        chosen: the address of the place that is chosen.
        around: what to show first, else all of them.
        height: in pixels.
    """
    names = {name: number for number, name in enumerate(dict.fromkeys(place.city or place.country for place in places))}
    points = [
        (round(place.latitude, 4), round(place.longitude, 4), place.photos, names[place.city or place.country])
        for place in places
    ]
    sent = _map("Where the photos were taken", str(library().generation), points=points, height=height)
    sent["names"], sent["places"] = [printable(name) for name in names], _listed(places)
    sent["cell"], sent["chosen"], sent["around"] = cell_degrees, chosen, around
    _draw("places", sent)


def address(city: str, country: str) -> str:
    """The address of the page with the photos of a place."""
    return groups.address("place", f"{city}, {country}" if city else country or NAMELESS)


def name_of(place: PlacedPhotos) -> str:
    """What a place is called, without its country where it is a town."""
    return place.city or (f"Elsewhere in {place.country}" if place.country else NAMELESS)


def area_of(places: Sequence[PlacedPhotos], of: PlacedPhotos) -> Area:
    """What holds all photos of a place, by its names."""
    parts = [place for place in places if (place.city, place.country) == (of.city, of.country)]
    latitudes, longitudes = [part.latitude for part in parts], [part.longitude for part in parts]
    return min(latitudes), min(longitudes), max(latitudes), max(longitudes)


def _listed(places: Sequence[PlacedPhotos]) -> list[_Place]:
    """The places by name, the one with most photos first."""
    by_name: dict[tuple[str, str], list[PlacedPhotos]] = {}
    for place in places:
        by_name.setdefault((place.city, place.country), []).append(place)
    totals = {name: sum(part.photos for part in parts) for name, parts in by_name.items()}
    largest = sorted(by_name, key=lambda name: (-totals[name], name))[:MOST_LISTED]
    covers = library().stored(by_name[name][0].cover for name in largest)
    listed: list[_Place] = []
    for name in largest:
        (city, country), first = name, by_name[name][0]
        cover = covers.get(first.cover)
        listed.append(
            {
                "name": printable(name_of(first)),
                "country": printable(country if city else ""),
                "photos": totals[name],
                "picture": "" if cover is None else picture_routes.address(cover),
                "href": address(city, country),
                "at": (first.latitude, first.longitude),
            }
        )
    return listed


def _map(
    label: str,
    answer: str,
    *,
    points: list[tuple[float, float, int, int]] | None = None,
    circle: tuple[float, float, float] | None = None,
    closest: float | None = None,
    height: int,
) -> _Map:
    return {
        "label": label + ": arrow keys move it, plus and minus zoom",
        "answer": answer,
        "points": points or [],
        "names": [],
        "places": [],
        "circle": circle,
        "around": None,
        "cell": 0.0,
        "page": "browse?by=place",
        "chosen": "",
        "height": height,
        "closest": closest,
        "cookie": picture_routes.cookie(),
    }


def _draw(key: str, sent: _Map) -> None:
    components.draw("map", f"map of {key}", sent)
