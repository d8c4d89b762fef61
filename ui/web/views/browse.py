"""The library without a question: by folder, date, place and theme, and its copies. The address says what is chosen."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from engine.errors import EngineError
from engine.library.duplicates import shown_duplicates
from engine.library.folder_tree import FolderTree
from index import LibraryAddress, StoredPhoto
from index.catalogue.groups import (
    count_by_folder,
    count_by_month,
    count_by_place,
    photos_at,
    photos_below,
    photos_until,
    photos_within,
)
from ui.shared.dates import date_as_text
from ui.shared.results import as_bytes, counted_photos, printable
from ui.web import escaping, gallery, maps
from ui.web.groups import NO_DATE, Card, address, draw_cards, draw_timeline, month_as_text
from ui.web.kept_answers import kept
from ui.web.library import library
from ui.web.page_parts import draw_title
from ui.web.photo_changes import may_change

NO_WORD = "Without a name"
CELL_DEGREES = 0.01
"""Side of the cells that photos on a map are put together in; 1.1 km from south to north."""


def draw() -> None:
    """The page of groups."""
    draw_title("Browse")
    if not library().exists():
        st.info("There are no photos yet. Add a folder on the page **Library**.")
        return
    ways = {"folder": _folders, "date": _months, "place": _places, "theme": _themes, "copies": _copies}
    way = st.segmented_control(
        "By", list(ways), default="folder", required=True, key="by", bind="query-params", label_visibility="collapsed"
    )
    ways[way]()


def _draw_photos(numbers: Sequence[int], of: tuple[str, str], line: str = "", *, by_date: bool = False) -> None:
    count = counted_photos(len(numbers))

    def cells(start: int, stop: int) -> list[gallery.Cell]:
        photos = library().stored(numbers[start:stop]).values()
        return [gallery.Cell(photo, _date(photo) if by_date else Path(photo.path).name) for photo in photos]

    gallery.draw("group", of, len(numbers), cells, gallery.Above(f"{line}: {count}" if line else count))


def _date(photo: StoredPhoto) -> str:
    return date_as_text(photo.taken_at, photo.taken_precision) if photo.taken_at else NO_DATE


def _folders() -> None:
    tree = kept(_folder_tree)
    asked = st.query_params.get("group")
    folder = next((name for name in tree.names if printable(name) == asked), tree.top)
    trail = [(Path(above).name or above or "Everything", printable(above)) for above in tree.trail(folder)]
    cards = [
        Card(Path(one.name or "").name, printable(one.name or ""), one.photos, one.cover) for one in tree.inside(folder)
    ]
    draw_cards("folder", cards, "Folders", trail=trail)
    _draw_photos(kept(photos_below, folder), ("folder", folder))


def _folder_tree(library: LibraryAddress) -> FolderTree:
    return FolderTree(count_by_folder(library))


def _months() -> None:
    months = kept(count_by_month)
    names = {month.name or NO_DATE: month for month in months}
    asked = st.query_params.get("group", "")
    first = names.get(asked, months[0])
    draw_timeline(months, asked if asked in names else None)
    numbers = kept(photos_until, first.name)
    line = month_as_text(first.name) + (" and before" if first.name and len(numbers) > first.photos else "")
    _draw_photos(numbers, ("date", first.name or ""), line, by_date=True)


def _themes() -> None:
    with st.spinner("Looking for themes …"):
        themes = library().themes()
    names = _theme_names([theme.name for theme in themes])
    named = dict(zip(names, themes, strict=True))
    asked = st.query_params.get("group", "")
    cards = [Card(name, name, len(theme.photo_ids), theme.photo_ids[0]) for name, theme in named.items()]
    draw_cards("theme", cards, "Themes", chosen=asked)
    if asked in named:
        _draw_photos(named[asked].photo_ids, ("theme", asked), asked)


def _theme_names(names: Sequence[str | None]) -> list[str]:
    """A name for each theme, which no other has."""
    times, found = Counter[str](), []
    for name in (name or NO_WORD for name in names):
        times[name] += 1
        found.append(name if times[name] == 1 else f"{name} ({times[name]})")
    return found


def _copies() -> None:
    with st.spinner("Looking for copies …"):
        groups = kept(shown_duplicates)
    if not groups:
        st.info("No two photos of the library show the same picture; hidden ones are not among them.")
        return
    lines = {}
    for group in groups:
        best, *others = group.photos
        lines[best.photo_id] = f"{len(group.photos)} of the same picture; the largest: {_size(best)}"
        lines |= {photo.photo_id: f"{group.reason}: {_size(photo)}" for photo in others}
    numbers = list(lines)
    spare = sum(photo.size for group in groups for photo in group.photos[1:])
    pictures = "1 picture is" if len(groups) == 1 else f"{len(groups):,} pictures are"
    count = f"{pictures} here more than once; the smaller copies take {as_bytes(spare)}"

    def cells(start: int, stop: int) -> list[gallery.Cell]:
        return [
            gallery.Cell(photo, lines[photo.photo_id], note=Path(photo.path).name)
            for photo in library().stored(numbers[start:stop]).values()
        ]

    if may_change():
        _offer_to_hide([photo.photo_id for group in groups for photo in group.photos[1:]])
    gallery.draw("copies", f"copies {hash(tuple(numbers))}", len(numbers), cells, gallery.Above(count), copies=True)


def _offer_to_hide(numbers: Sequence[int]) -> None:
    """Let somebody hide all copies but the best of each picture; others are kept by choosing them in the gallery."""
    count = "1 copy" if len(numbers) == 1 else f"{len(numbers):,} copies"
    with st.popover("Hide copies", icon=":material/visibility_off:", type="tertiary"):
        st.write(
            "The largest photo of each picture stays in results, and the others are left out of them. No file is "
            "touched; the filter “Hidden photos” shows them again. To keep another one, choose it below."
        )
        if not st.button(f"Hide {count}", key="hide copies"):
            return
        try:
            with library().changing() as curation:
                curation.mark(numbers, hidden=True)
        except EngineError as error:
            st.error(escaping.markdown(str(error)))
        else:
            st.rerun()


def _size(photo: StoredPhoto) -> str:
    return f"{photo.width} × {photo.height}, {as_bytes(photo.size)}"


def _places() -> None:
    places = kept(count_by_place, CELL_DEGREES)
    if not places:
        st.info("No photo of the library says where it was taken.")
        return
    by_address = {maps.address(place.city, place.country): place for place in places}
    asked = address("place", st.query_params.get("group", ""))
    area = _area(st.query_params.get("area", ""))
    chosen = None if area else by_address.get(asked)
    around = area or (maps.area_of(places, chosen) if chosen else None)
    maps.draw_places(places, CELL_DEGREES, asked if chosen else "", around)
    if area:
        _draw_photos(kept(photos_within, *area), ("area", str(area)), "In this part of the map")
    elif chosen:
        _draw_photos(kept(photos_at, chosen.city, chosen.country), ("place", asked), maps.name_of(chosen))
    else:
        _draw_photos(kept(photos_within, -90.0, -180.0, 90.0, 180.0), ("place", ""), "All places")


def _area(text: str) -> maps.Area | None:
    """The south, west, north and east of an address; None for what is none."""
    try:
        south, west, north, east = (float(part) for part in text.split(","))
    except ValueError:
        return None
    return (south, west, north, east) if -91 <= south <= north <= 91 and -181 <= west <= east <= 181 else None
