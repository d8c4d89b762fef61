"""The library without a question: by folder, by month, by place and by theme."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import streamlit as st

from engine.library.browsing import Group, by_folder, by_month, by_place
from index.values import date_of_iso
from ui.shared.dates import date_as_text
from ui.web import gallery, maps
from ui.web.group_choice import chosen
from ui.web.library import library
from ui.web.page_parts import draw_title

WAYS = ["folder", "date", "place", "theme"]
NO_DATE, NO_SENTENCE = "without a date", "a theme without a sentence"


def draw() -> None:
    """The page of groups."""
    draw_title("Browse")
    if not library().exists():
        st.info("There are no photos yet. Add a folder on the page **Library**.")
        return
    way = st.segmented_control("By", WAYS, default=WAYS[0], required=True, key="by", bind="query-params")
    groups = {"folder": _folders, "date": _months, "place": _places, "theme": _themes}[way]()
    if not groups:
        return
    named = _named(groups, NO_DATE if way == "date" else NO_SENTENCE)
    sizes = {name: len(group.photo_ids) for name, group in named.items()}
    name = chosen(st.container(), way.capitalize(), sizes, "group", required=True)
    if name is not None:
        _draw_photos(named[name].photo_ids, (way, name))


def _named(groups: Sequence[Group], without: str) -> dict[str, Group]:
    """The groups by a name each: two themes may be described by one sentence."""
    named: dict[str, Group] = {}
    times = Counter[str]()
    for group in groups:
        name = group.name or without
        times[name] += 1
        named[name if times[name] == 1 else f"{name} ({times[name]})"] = group
    return named


def _draw_photos(photo_ids: Sequence[int], of: tuple[str, str]) -> None:
    above = gallery.Above("1 photo" if len(photo_ids) == 1 else f"{len(photo_ids):,} photos")
    gallery.draw("group", of, len(photo_ids), lambda start, stop: gallery.cells(photo_ids[start:stop]), above)


def _folders() -> list[Group]:
    return by_folder(library().contents.photos)


def _months() -> list[Group]:
    groups = by_month(library().contents.photos)
    dated = [group for group in groups if group.name is not None]
    if dated:
        import altair as alt  # late, as it takes longer than the rest of the page

        rows = [_bar(group.name, len(group.photo_ids)) for group in dated if group.name]
        chart = alt.Chart(alt.Data(values=rows)).mark_rect(opacity=0.7)  # type: ignore[no-untyped-call]
        chart = chart.encode(
            x=alt.X("from:T", title="taken"),
            x2="to:T",
            y="photos:Q",
            y2=alt.datum(0),
            tooltip=["taken:N", "photos:Q"],
        )
        st.altair_chart(chart.properties(height=160), alt="How many photos are of each month, or of a year")
    return groups


def _bar(name: str, photos: int) -> dict[str, Any]:
    """The bar of a month, or one as wide as a year."""
    start, precision = date_of_iso(name)
    months = start.year * 12 + start.month - 1 + (12 if precision == "year" else 1)
    end = f"{months // 12:04}-{months % 12 + 1:02}-01T00:00:00"
    # With a time: browsers read "1958-01-01" alone as an instant of UTC, which may lie in the year before.
    return {"from": start.isoformat(), "to": end, "taken": date_as_text(start, precision), "photos": photos}


def _places() -> list[Group]:
    places = by_place(library().contents.photos)
    if not places:
        st.info("No photo of the library says where it was taken.")
        return []
    maps.draw_places(places)
    return [Group(f"{place.latitude:.3f}, {place.longitude:.3f}", place.photo_ids) for place in places]


def _themes() -> list[Group]:
    with st.spinner("Looking for themes …"):
        return library().themes()
