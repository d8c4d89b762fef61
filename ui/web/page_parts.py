"""What pages begin with: a title that takes no room, and the shape of an answer while networks are loaded."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from ui.web import escaping
from ui.web.library import library

_PLACES = '<div class="vs-skeleton" role="status" aria-label="The photos are being looked for">{}</div>'.format(
    "".join(f'<span style="flex-grow:{shape}"></span>' for shape in (3, 4, 2, 4, 3, 4, 4, 2, 3, 4, 3, 4))
)


def draw_title(text: str) -> None:
    """The title of a page, for those who listen to it and for the outline of the page."""
    st.html(f'<h1 class="vs-hidden">{escaping.html(text)}</h1>')


@contextmanager
def skeleton() -> Iterator[None]:
    """What the block draws; until then, where nothing was answered yet since the start, grey places for photos."""
    waiting = st.empty()
    if not library().has_answered:
        waiting.html(_PLACES)
    with st.container():
        yield
    waiting.empty()
