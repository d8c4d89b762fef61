"""The library without a question: its photos, the newest first, with words to begin with."""

from collections.abc import Sequence

import streamlit as st

from index import PhotoFilter
from ui.shared import results
from ui.web import gallery, saved_searches
from ui.web.library import library


def draw(where: PhotoFilter) -> None:
    """Draw the photos that pass a filter."""
    numbers = _in_order(where)
    with library().asked() as engine:
        passing = engine.reader.passing_photos(where)
    if passing is not None:
        chosen = set(passing.tolist())
        numbers = [number for number in numbers if number in chosen]
    if not numbers:
        st.info("No photo passes the filters.")
        return
    count = results.counted_photos(len(numbers))
    above = gallery.Above(count, starts=library().themes_so_far(), saved=saved_searches.links(), recent=True)
    gallery.draw("home", where, len(numbers), lambda start, stop: gallery.cells(numbers[start:stop]), above, where)


def _in_order(where: PhotoFilter) -> Sequence[int]:
    """The photos that are there: those of an album as they were added, others the newest first."""
    newest = library().contents.newest
    if where.albums is None:
        return newest
    there = set(newest)
    members = (photo.photo_id for name in where.albums for photo in library().curation.album_photos(name))
    return [number for number in dict.fromkeys(members) if number in there]
