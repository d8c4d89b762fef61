"""Small maps. Their tiles come from outside, their marks from here."""

from collections.abc import Sequence
from math import asinh, atan, cos, degrees, log2, radians, sinh, tan
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

if TYPE_CHECKING:
    from engine.library.browsing import Place

TILE = 512  # pixels of the whole world, both ways, where nothing is zoomed in
CLOSEST = 12.0
KM_PER_DEGREE = 111.2
NARROW = 300  # pixels that a map is wide at least, on a phone or in the bar at the side
BLUE = "#0072b2"


def draw_circle(where: DeltaGenerator, place: tuple[float, float], km: float, height: int = 180) -> None:
    """A place and what lies within a distance of it."""
    latitude, longitude = place
    north = km / KM_PER_DEGREE
    east = north / max(cos(radians(latitude)), 0.01)
    corners = [(latitude - north, longitude - east), (latitude + north, longitude + east)]
    where.map(
        {"lat": [latitude], "lon": [longitude]}, latitude="lat", longitude="lon", size=km * 1000, color=f"{BLUE}55",
        zoom=int(zoom(corners, height)), height=height,
    )  # fmt: skip


def draw_point(place: tuple[float, float], height: int = 200) -> None:
    """A place with what is around it."""
    st.map({"lat": [place[0]], "lon": [place[1]]}, latitude="lat", longitude="lon", color=BLUE, zoom=9, height=height)


def draw_places(places: "Sequence[Place]", height: int = 300) -> None:
    """Places, the largest first, as circles that are larger where there are more photos."""
    import pydeck  # late, as it takes as long as everything else of the first page

    most = len(places[0].photo_ids)
    rows = [
        {"lat": place.latitude, "lon": place.longitude, "size": 4 + 16 * (len(place.photo_ids) / most) ** 0.5}
        for place in places
    ]
    layer = pydeck.Layer(
        "ScatterplotLayer", rows, get_position="[lon, lat]", get_radius="size", radius_units="'pixels'",
        get_fill_color=[0, 114, 178, 180],
    )  # fmt: skip
    found = [(place.latitude, place.longitude) for place in places]
    ups, longitudes = [_up(latitude) for latitude, _ in found], [longitude for _, longitude in found]
    middle = degrees(atan(sinh(radians((min(ups) + max(ups)) / 2))))
    view = pydeck.ViewState(
        latitude=middle, longitude=(min(longitudes) + max(longitudes)) / 2, zoom=zoom(found, height)
    )
    st.pydeck_chart(pydeck.Deck(layers=[layer], initial_view_state=view, map_style=None), height=height)


def zoom(places: Sequence[tuple[float, float]], height: int, width: int = NARROW) -> float:
    """How far a map of some pixels can be zoomed in and still show all places, with a tenth as margin on each side."""
    ups = [_up(latitude) for latitude, _ in places]
    overs = [longitude for _, longitude in places]
    share = max((max(ups) - min(ups)) / (0.8 * height), (max(overs) - min(overs)) / (0.8 * width)) / 360
    return max(0.0, min(CLOSEST, -log2(share * TILE))) if share else CLOSEST


def _up(latitude: float) -> float:
    """How far up a map in Mercator's projection has a latitude, in degrees of the equator."""
    return degrees(asinh(tan(radians(max(-85.0, min(85.0, latitude))))))
