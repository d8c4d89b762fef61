"""The library without a question: by folder, by month, by place and by theme."""

from collections.abc import Sequence
from pathlib import Path

import altair as alt
import numpy as np
import pydeck
import streamlit as st
from numpy.typing import NDArray

from engine.browsing import Group, by_folder, by_month, by_place, themes
from ui.present import printable
from ui.web import grid
from ui.web.shelf import shelf

WAYS = ["folder", "date", "place", "theme"]
NO_DATE, NO_SENTENCE = "without a date", "a theme without a sentence"


def draw() -> None:
    """The page of groups."""
    st.title("Browse")
    if not shelf().exists():
        st.info("There are no photos yet. Add a folder on the page **Library**.")
        return
    way = st.segmented_control("By", WAYS, default=WAYS[0], required=True, key="by", bind="query-params")
    groups = {"folder": _folders, "date": _months, "place": _places, "theme": _themes}[way]()
    if not groups:
        return
    names = [group.name or (NO_DATE if way == "date" else NO_SENTENCE) for group in groups]
    counts = [len(group.photo_ids) for group in groups]
    place = st.selectbox(
        way.capitalize(), range(len(groups)), format_func=lambda row: f"{printable(names[row])} ({counts[row]})",
        key=f"group-{way}",
    )  # fmt: skip
    _draw_photos(groups[place].photo_ids, f"{way}-page")


def _draw_photos(photo_ids: Sequence[int], key: str) -> None:
    start = grid.page_number(len(photo_ids), key)
    with shelf().asked() as engine:
        photos = engine.reader.photos(photo_ids[start : start + grid.PAGE])
    grid.draw([grid.Cell(photo, Path(photo.path).name) for photo in photos if shelf().may_show(photo)])


def _folders() -> list[Group]:
    return by_folder(shelf().photos())


def _months() -> list[Group]:
    groups = by_month(shelf().photos())
    dated = [group for group in groups if group.name is not None]
    if dated:
        rows = [{"month": f"{group.name}-01", "photos": len(group.photo_ids)} for group in dated]
        chart = alt.Chart(alt.Data(values=rows)).mark_bar().encode(x="yearmonth(month):T", y="photos:Q")  # type: ignore[no-untyped-call]
        st.altair_chart(chart.properties(height=160), alt="How many photos were taken in each month")
    return groups


def _places() -> list[Group]:
    places = by_place(shelf().photos())
    if not places:
        st.info("No photo of the library says where it was taken.")
        return []
    most = len(places[0].photo_ids)
    rows = [
        {"lat": place.latitude, "lon": place.longitude, "size": 4 + 16 * (len(place.photo_ids) / most) ** 0.5}
        for place in places
    ]
    layer = pydeck.Layer(
        "ScatterplotLayer", rows, get_position="[lon, lat]", get_radius="size", radius_units="'pixels'",
        get_fill_color=[0, 114, 178, 180],
    )  # fmt: skip
    view = pydeck.data_utils.compute_view([[row["lon"], row["lat"]] for row in rows])
    st.pydeck_chart(pydeck.Deck(layers=[layer], initial_view_state=view), height=300)
    return [Group(f"{place.latitude:.3f}, {place.longitude:.3f}", place.photo_ids) for place in places]


@st.cache_data(max_entries=2, show_spinner="Looking for themes …")
def _themes_of(library: str, num_sentences: int, photo_ids: NDArray[np.int64]) -> list[Group]:
    with shelf().asked() as engine:
        return themes(engine.reader)


def _themes() -> list[Group]:
    with shelf().asked() as engine:
        reader = engine.reader
        return _themes_of(str(shelf().folder), reader.num_sentences, reader.photo_ids)
