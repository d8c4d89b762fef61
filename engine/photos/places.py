"""Where a photo was taken, in words: the names of the nearest towns, of region and country, without a network."""

from collections.abc import Sequence
from math import asin, cos, radians, sin, sqrt

from index import PhotoText
from index.values import TextField

_EARTH_KM = 6371.0
_NEAR_KM = 30.0
"""A town that is farther away says nothing about where a photo was taken."""
_SAME_COUNTRY_KM = 200.0
_LARGE = 100_000
"""Inhabitants of the towns that are named besides the nearest: people say Sydney, and not Millers Point."""


def place_texts(coordinates: Sequence[tuple[float, float]]) -> list[tuple[PhotoText, ...]]:
    """The names of places (latitude, longitude, in degrees), each once: towns, region and country."""
    if not coordinates:
        return []
    import reverse_geocode  # type: ignore[import-untyped]  # it reads a table of towns, which takes a second

    nearest = reverse_geocode.search(list(coordinates))
    larger = reverse_geocode.search(list(coordinates), _LARGE)
    return [_texts(where, *towns) for where, *towns in zip(coordinates, nearest, larger, strict=True)]


def _texts(
    where: tuple[float, float], nearest: dict[str, str | float], larger: dict[str, str | float]
) -> tuple[PhotoText, ...]:
    names: dict[str, TextField] = {}
    for town in (nearest, larger):
        if _kilometres(where, town) <= _NEAR_KM:
            names.setdefault(str(town["city"]), "city")
    if _kilometres(where, nearest) <= _NEAR_KM:
        names.setdefault(str(nearest.get("county", "")), "region")
        names.setdefault(str(nearest.get("state", "")), "region")
    if _kilometres(where, nearest) <= _SAME_COUNTRY_KM:
        names.setdefault(str(nearest["country"]), "country")
    return tuple(PhotoText("place", field, name) for name, field in names.items() if name)


def _kilometres(where: tuple[float, float], town: dict[str, str | float]) -> float:
    """The great-circle distance (haversine)."""
    latitude, longitude = map(radians, where)
    to_latitude, to_longitude = radians(float(town["latitude"])), radians(float(town["longitude"]))
    half = (
        sin((to_latitude - latitude) / 2) ** 2
        + cos(latitude) * cos(to_latitude) * sin((to_longitude - longitude) / 2) ** 2
    )
    return 2 * _EARTH_KM * asin(sqrt(half))
