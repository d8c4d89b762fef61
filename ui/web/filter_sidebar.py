"""The filters beside a search, by what people keep and by the photos, with the number of photos that they leave."""

from datetime import date, datetime, time, timedelta
from typing import cast, get_args

import streamlit as st

from index import PhotoFilter, read_albums, read_coverage
from index.catalogue.groups import count_by_camera, count_by_label, count_by_shape
from index.choices import Hidden, Orientation
from ui.shared.filter_syntax import folder_glob, place
from ui.web import escaping, maps
from ui.web.group_choice import chosen
from ui.web.kept_answers import kept
from ui.web.library import library


def asked_filter() -> PhotoFilter:
    """Draw the filters; returns what they ask for. What is no value is said beside it and left out."""
    known = kept(read_coverage)
    st.sidebar.header("Filters")
    album = _album()
    favourites = st.sidebar.toggle("Favourites", key="favourites", bind="query-params")
    after, before = _dates() if known.dated else (None, None)
    camera = chosen(st.sidebar, "Camera", kept(count_by_camera), "camera") if known.with_camera else None
    near, within_km = _near() if known.placed else (None, None)
    folder = _folder()
    shape = chosen(st.sidebar, "Shape", kept(count_by_shape), "shape")
    stars = st.sidebar.slider("Stars, at least", 0, 5, 0, key="rating", bind="query-params")
    label = _label()
    hidden = st.sidebar.segmented_control(
        "Hidden photos", get_args(Hidden), default="exclude", required=True, key="hidden", bind="query-params"
    )
    where = PhotoFilter(
        after=after, before=before, camera=camera, near=near, within_km=within_km,
        folder=folder, orientation=cast("Orientation | None", shape),
        albums=None if album is None else (album,), favourite=favourites or None,
        rating=(stars, 5) if stars else None, labels=None if label is None else (label,), hidden=hidden,
    )  # fmt: skip
    if not where.is_empty:
        st.sidebar.caption(f"{library().num_passing(where)} of {known.photos} photos pass.")
    return where


def _album() -> str | None:
    albums = {album.name: album.photos - album.missing for album in kept(read_albums)}
    return chosen(st.sidebar, "Album", albums, "album") if albums else None


def _label() -> str | None:
    labels = kept(count_by_label)
    return chosen(st.sidebar, "Label", labels, "label") if labels else None


def _dates() -> tuple[datetime | None, datetime | None]:
    first, last = date(1826, 1, 1), date.today() + timedelta(days=366)
    after = st.sidebar.date_input("Taken from", None, first, last, key="after", bind="query-params")
    until = st.sidebar.date_input("Taken until", None, first, last, key="until", bind="query-params")
    return (
        None if after is None else datetime.combine(after, time()),
        None if until is None else datetime.combine(until + timedelta(days=1), time()),
    )


def _folder() -> str | None:
    text = st.sidebar.text_input(
        "In the folder", key="folder", bind="query-params", placeholder="2019-*", help="A name with stars, or a path."
    )
    try:
        return folder_glob(text) if text else None
    except ValueError as error:
        st.sidebar.error(escaping.markdown(str(error)))
        return None


def _near() -> tuple[tuple[float, float] | None, float | None]:
    text = st.sidebar.text_input(
        "Near a place", key="near", bind="query-params", placeholder="48.85, 2.35", help="Latitude, longitude."
    )
    if not text:
        return None, None
    distance = st.sidebar.number_input("within km", 0.1, 20_000.0, 20.0, key="km", bind="query-params")
    try:
        near = place(text)
    except ValueError as error:
        st.sidebar.error(escaping.markdown(str(error)))
        return None, None
    maps.draw_circle(st.sidebar, near, distance)
    return near, distance
