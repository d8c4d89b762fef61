"""The ranking that a session looks at: asked once, and gone through a batch at a time."""

from collections.abc import Callable

import streamlit as st

from engine import Engine
from engine.search.answering import Ranking

_KEY = "ranking"


def kept_ranking(engine: Engine, asked: object, rank: Callable[[], Ranking]) -> Ranking:
    """The ranking that was made for the same question and state of the library, else a new one."""
    kept: tuple[object, Ranking] | None = st.session_state.get(_KEY)
    if kept is None or kept[0] != asked or kept[1].reader is not engine.reader:
        kept = st.session_state[_KEY] = asked, rank()
    return kept[1]
