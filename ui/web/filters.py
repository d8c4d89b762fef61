"""The filters beside a search: by date, camera, place, folder and shape, with the number of photos that they leave."""

from datetime import date, datetime, time, timedelta
from typing import get_args

import streamlit as st
import typer

from index import PhotoFilter
from index.filters import Orientation
from ui.cli.filters import folder_glob, place
from ui.web import plain
from ui.web.shelf import shelf

ORIENTATIONS: tuple[Orientation, ...] = get_args(Orientation)


def asked_filter() -> PhotoFilter:
    """Draw the filters; returns what they ask for. What is no value is said beside it and left out."""
    with shelf().asked() as engine:
        known = engine.reader.coverage()
    st.sidebar.subheader("Filters")
    after, before = _dates() if known.dated else (None, None)
    camera = _camera() if known.with_camera else None
    near, within_km = _near() if known.placed else (None, None)
    folder = st.sidebar.text_input(
        "In the folder", key="folder", bind="query-params", placeholder="2019-*", help="A name with stars, or a path."
    )
    orientation = st.sidebar.selectbox("Shape", ORIENTATIONS, index=None, key="shape", bind="query-params")
    where = PhotoFilter(
        after=after, before=before, camera=camera, near=near, within_km=within_km,
        folder=folder_glob(folder) if folder else None, orientation=orientation,
    )  # fmt: skip
    if not where.is_empty:
        st.sidebar.caption(f"{shelf().num_passing(where)} of {known.photos} photos pass.")
    return where


def _dates() -> tuple[datetime | None, datetime | None]:
    first, last = date(1826, 1, 1), date.today() + timedelta(days=366)
    after = st.sidebar.date_input("Taken from", None, first, last, key="after", bind="query-params")
    until = st.sidebar.date_input("Taken until", None, first, last, key="until", bind="query-params")
    return (
        None if after is None else datetime.combine(after, time()),
        None if until is None else datetime.combine(until + timedelta(days=1), time()),
    )


def _camera() -> str | None:
    cameras = shelf().cameras()
    return st.sidebar.selectbox(
        "Camera", list(cameras), index=None, key="camera", bind="query-params",
        format_func=lambda name: f"{name} ({cameras.get(name, 0)})",
    )  # fmt: skip


def _near() -> tuple[tuple[float, float] | None, float | None]:
    text = st.sidebar.text_input(
        "Near a place", key="near", bind="query-params", placeholder="48.85, 2.35", help="Latitude, longitude."
    )
    if not text:
        return None, None
    distance = st.sidebar.number_input("within km", 0.1, 20_000.0, 20.0, key="km", bind="query-params")
    try:
        near = place(text)
    except typer.BadParameter as error:
        st.sidebar.error(plain.markdown(error.message))
        return None, None
    st.sidebar.map(
        {"lat": [near[0]], "lon": [near[1]]}, latitude="lat", longitude="lon", size=distance * 1000, height=180
    )
    return near, distance
