"""Photos of an answer as one component of the page: rows that go on while one scrolls, and one photo large over them.

What it looks like and does is in ``frontend/``. From here it gets a batch of photos at a time, and asks for the next.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict
from urllib.parse import urlencode

import streamlit as st

from engine.types import Box, Written
from index import PhotoFilter, PhotoMarks, StoredPhoto, read_albums
from ui.shared.results import printable
from ui.shared.written import excerpt, label
from ui.web import components, photo_changes, picture_routes
from ui.web.kept_answers import kept
from ui.web.library import library
from ui.web.pictures import WRITTEN, Boxed, colour_of

FIRST, FURTHER = 24, 60  # photos of the first batch, which somebody waits for, and of the next ones
MOST_WRITTEN = 2  # texts below a photo
WRITTEN_ROOM = 60  # characters of each

Batch = Callable[[int, int], "Sequence[Cell]"]
"""The photos of an answer from one place to another."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A photo: its boxes, the line below it and a note below that, and the part of it to be shown, in pixels.

    Below the line stands what is ``written`` about it, with the words of the question marked.

    Its own page begins with ``sentence``, if one is given, found in it.
    """

    photo: StoredPhoto
    line: str = ""
    boxes: Sequence[Boxed] = ()
    part: Box | None = None
    sentence: str = ""
    written: Sequence[Written] = ()
    note: str = ""
    likely: bool = True


@dataclass(frozen=True, slots=True)
class Above:
    """The line above the photos: how many there are, the phrases in the colours of their boxes, words to begin with.

    Of saved searches it has the names and the addresses.
    """

    count: str = ""
    phrases: Sequence[str] = ()
    written: bool = False
    starts: Sequence[str] = ()
    saved: Sequence[tuple[str, str]] = ()
    recent: bool = False


class _Photo(TypedDict):
    id: int
    name: str
    path: str
    alt: str
    line: str
    note: str
    likely: bool
    favourite: bool
    rating: int
    width: float
    height: float
    pictures: str
    part: str
    page: str
    boxes: list[tuple[str, int, list[float]]]
    written: list[tuple[str, list[tuple[str, bool]]]]


class _Message(TypedDict):
    answer: str
    total: int
    start: int
    next: int
    photos: list[_Photo]
    count: str
    phrases: list[tuple[str, int]]
    starts: list[str]
    saved: list[tuple[str, str]]
    recent: bool
    cookie: str
    changes: bool
    reply: photo_changes.Reply | None
    albums: list[str]
    album: str
    hidden: str
    copies: bool


def cells(numbers: Sequence[int]) -> list[Cell]:
    """Photos by their numbers, each with the name of its file."""
    return [Cell(photo, Path(photo.path).name) for photo in library().stored(numbers).values()]


def draw(
    key: str,
    answer: object,
    total: int,
    batch: Batch,
    above: Above = Above(),
    where: PhotoFilter = PhotoFilter(),  # noqa: B008 - it is frozen
    *,
    copies: bool = False,
) -> None:
    """Draw the photos of an answer; ``batch`` gives those that are asked for, now and while somebody scrolls.

    Args:
        key: tells the galleries of a page apart.
        answer: what the photos are the answer to, in one state of the library: another one begins at its top.
        total: how many photos there are, at most.
        batch: from a first place to one before which to end; a photo that is gone is left out, and none is the end.
        above: what stands in the line above them.
        where: the filter that they passed: what is changed of photos may take them out of the answer.
        copies: whether they are copies of each other, of which some may be kept and the others hidden.
    """
    kept = (where.albums, where.favourite, where.rating, where.labels, where.hidden)
    state = library().photos_state if kept == (None, None, None, None, "exclude") else f"+{library().generation}"
    _draw(f"gallery of {key}", f"{state}:{answer!r}", total, batch, above, where, copies)


@st.fragment
def _draw(key: str, answer: str, total: int, batch: Batch, above: Above, where: PhotoFilter, copies: bool) -> None:
    asked, reply = _asked_for(key, answer), _replied(key)
    start = asked or 0
    end = min(total, start + (FURTHER if start else FIRST))
    if reply is not None and asked is None:  # the photos are there
        start = end = -1
    cells = batch(start, end) if end >= 0 else []
    message: _Message = {
        "answer": answer,
        "total": total if cells or end < 0 else start,
        "start": start,
        "next": end,
        "photos": _photos(cells),
        "count": above.count,
        "phrases": [(printable(text), colour_of(number)) for number, text in enumerate(above.phrases)]
        + ([("written in the photo", WRITTEN)] if above.written else []),
        "starts": [printable(text) for text in above.starts],
        "saved": [(printable(name), address) for name, address in above.saved],
        "recent": above.recent,
        "cookie": picture_routes.cookie(),
        "changes": photo_changes.may_change(),
        "reply": reply,
        "albums": [album.name for album in kept(read_albums)] if photo_changes.may_change() else [],
        "album": "" if where.albums is None else where.albums[0],
        "hidden": where.hidden,
        "copies": copies,
    }
    components.draw("gallery", key, message, on_more_change=_nothing, on_change_change=_nothing)


def _nothing() -> None:
    """Streamlit passes on only messages that have a callback."""


def _sent(key: str, name: str) -> Any:
    """What the component has just sent."""
    sent: Any = st.session_state.get(key)
    return sent.get(name) if isinstance(sent, Mapping) else None


def _asked_for(key: str, answer: str) -> int | None:
    """Where the batch begins that the component asked for."""
    asked = _sent(key, "more")
    if isinstance(asked, dict) and asked.get("answer") == answer and isinstance(asked.get("start"), int):
        return max(0, int(asked["start"]))
    return None


def _replied(key: str) -> photo_changes.Reply | None:
    """What came of a change that the component asked for; a new album is shown in the whole page first."""
    change, kept = _sent(key, "change"), f"reply to {key}"
    before: photo_changes.Reply | None = st.session_state.get(kept)
    if before is not None and before["is_new"]:
        before["is_new"] = False
        return before
    if not isinstance(change, dict):
        return None
    if before is not None and before["number"] == change.get("number"):  # asked again, as no answer came
        return before
    reply = st.session_state[kept] = photo_changes.made(change)
    if reply is not None and reply["is_new"]:
        st.rerun()
    return reply


def _photos(cells: Sequence[Cell]) -> list[_Photo]:
    alts = library().alt_texts([cell.photo for cell in cells])
    marks = library().marks([cell.photo.photo_id for cell in cells])
    return [_photo(cell, alt, marks[cell.photo.photo_id]) for cell, alt in zip(cells, alts, strict=True)]


def _photo(cell: Cell, alt: str, marks: PhotoMarks) -> _Photo:
    photo, part = cell.photo, cell.part
    x0, y0, x1, y1 = part or (0, 0, photo.width, photo.height)
    sentence = {"sentence": cell.sentence} if cell.sentence else {}
    boxes = cell.boxes if part is None else [Boxed(part, 0, cell.line)]
    return {
        "id": photo.photo_id,
        "name": printable(Path(photo.path).name),
        "path": printable(photo.path),
        "alt": printable(alt),
        "line": printable(cell.line),
        "note": printable(cell.note),
        "likely": cell.likely,
        "favourite": marks.favourite,
        "rating": max(0, marks.rating),
        "width": photo.width,
        "height": photo.height,
        "pictures": picture_routes.address(photo),
        "part": "" if part is None else f"{x0:.1f},{y0:.1f},{x1:.1f},{y1:.1f}",
        "page": "photo?" + urlencode({"photo": photo.photo_id} | sentence),
        "boxes": [(printable(one.label), one.colour, _shares(one.box, photo)) for one in boxes],
        "written": [_marked(one) for one in cell.written[:MOST_WRITTEN]],
    }


def _shares(box: Box, photo: StoredPhoto) -> list[float]:
    """The left, top, width and height of a box, in hundredths of the photo's."""
    x0, y0, x1, y1 = box
    wide, high = photo.width / 100, photo.height / 100
    return [round(value, 2) for value in (x0 / wide, y0 / high, (x1 - x0) / wide, (y1 - y0) / high)]


def _marked(one: Written) -> tuple[str, list[tuple[str, bool]]]:
    """A text as its pieces, each with whether it is a word of the question."""
    text, spans = excerpt(one, WRITTEN_ROOM)
    pieces, end = [], 0
    for start, stop in spans:
        pieces += [(printable(text[end:start]), False), (printable(text[start:stop]), True)]
        end = stop
    return label(one), [*pieces, (printable(text[end:]), False)]
