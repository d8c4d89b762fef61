"""The library without a question: its photos, the newest first, with words to begin with."""

import streamlit as st

from index import PhotoFilter
from ui.web import gallery
from ui.web.library import library


def draw(where: PhotoFilter) -> None:
    """Draw the photos that pass a filter."""
    contents = library().contents
    numbers = contents.newest
    if not where.is_empty:
        with library().asked() as engine:
            passing = engine.reader.passing_photos(where)
        if passing is not None:
            chosen = set(passing.tolist())
            numbers = [number for number in numbers if number in chosen]
    if not numbers:
        st.info("No photo passes the filters.")
        return
    count = "1 photo" if len(numbers) == 1 else f"{len(numbers):,} photos"
    above = gallery.Above(count, starts=library().themes_so_far(), recent=True)
    gallery.draw("home", where, len(numbers), lambda start, stop: gallery.cells(numbers[start:stop]), above)
