"""Photos side by side, each with a line below and a link to its own page."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

import streamlit as st

from engine.errors import PhotoError
from engine.types import Box, Written
from index import StoredPhoto
from ui.shared.written import excerpt, label
from ui.web import escaping
from ui.web.library import library, region, small
from ui.web.pictures import Boxed, photo_html

COLUMNS = 4
PAGE = 24  # photos at a time
MOST_WRITTEN = 2  # texts below a photo
WRITTEN_ROOM = 60  # characters of each


@dataclass(frozen=True, slots=True)
class Cell:
    """A photo of a grid: its boxes, the line below it and a note below that, and the part of it to be shown, in pixels.

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


def draw(cells: Sequence[Cell]) -> None:
    """Draw photos; one that cannot be read any more says why."""
    for start in range(0, len(cells), COLUMNS):
        for column, cell in zip(st.columns(COLUMNS), cells[start : start + COLUMNS], strict=False):
            with column:
                _draw(cell)


def _draw(cell: Cell) -> None:
    photo = cell.photo
    try:
        jpeg = small(photo) if cell.part is None else region(photo.path, photo.content_hash, cell.part)
    except (PhotoError, OSError) as error:
        st.warning(escaping.markdown(str(error)))
        return
    size = (photo.width, photo.height)
    link = "photo?" + urlencode({"photo": photo.photo_id} | ({"sentence": cell.sentence} if cell.sentence else {}))
    picture = photo_html(jpeg, library().alt_text(photo), size, cell.boxes, link, in_grid=True)
    lines = "".join(f'<div class="vs-line">{escaping.html(line)}</div>' for line in (cell.line, cell.note) if line)
    st.html(picture + lines + written_html(cell.written))


def written_html(written: Sequence[Written]) -> str:
    """The first texts with words of the question, each in a line, the words marked."""
    lines = []
    for one in written[:MOST_WRITTEN]:
        text, spans = excerpt(one, WRITTEN_ROOM)
        marked, end = "", 0
        for start, stop in spans:
            marked += f"{escaping.html(text[end:start])}<mark>{escaping.html(text[start:stop])}</mark>"
            end = stop
        lines.append(f'<div class="vs-line"><small>{label(one)}: {marked}{escaping.html(text[end:])}</small></div>')
    return "".join(lines)


def page_number(total: int, key: str, of: object) -> int:
    """Let the user choose one of the pages that ``total`` photos fill; returns the place of its first photo.

    When ``of``, what they are the answer to, is not what it was, the first page is shown again.
    """
    before = st.session_state.get(f"{key}-of", of)
    st.session_state[f"{key}-of"] = of
    if before != of:
        st.session_state[key] = 1
    pages = max(1, -(-total // PAGE))
    if pages == 1:
        return 0
    number = st.number_input(f"Page (of {pages})", 1, pages, 1, key=key, bind="query-params", width=140)
    return (int(number) - 1) * PAGE
