"""Text → photos or regions, each with the boxes of its phrases in the colours of the line above."""

from pathlib import Path

import streamlit as st

from engine.search.question import Question
from engine.types import Hit
from index import PhotoFilter
from ui.shared import results
from ui.web import escaping, grid
from ui.web.filter_sidebar import asked_filter
from ui.web.library import shelf
from ui.web.pictures import boxes_of, key_html, key_phrases

CLOSEST = 8  # photos to show where none is likely
MOST = 480  # photos of one query that can be paged through


def draw() -> None:
    """The page of text queries."""
    st.title("Search photos")
    if not shelf().exists():
        st.info("There are no photos yet. Add a folder on the page **Library**, and search it here.")
        return
    text = st.text_input(
        "What should be seen", key="q", bind="query-params", placeholder="a dog jumping over a log", type="search"
    )
    left, right, last = st.columns([3, 3, 2], vertical_alignment="bottom")
    also = left.multiselect(
        "and also", [], key="also", bind="query-params", accept_new_options=True, placeholder="sunset",
        help="Type a text and press Enter. '0.5:red' counts half.",
    )  # fmt: skip
    without = right.multiselect(
        "but not", [], key="not", bind="query-params", accept_new_options=True, placeholder="people",
        help="What should not be seen.",
    )  # fmt: skip
    kind = last.segmented_control(
        "Find", ["photos", "regions"], default="photos", required=True, key="find", bind="query-params"
    )
    where = asked_filter()
    if not (text or also):
        st.info("Write what should be seen, in a few English words, and press Enter.")
        return
    question = Question.of(text or None, also=also, without=without)
    if kind == "regions":
        _regions(question, where)
    else:
        _photos(question, where)


def _photos(question: Question, where: PhotoFilter) -> None:
    with shelf().asked() as engine:
        # The model's cut is for one text: of several, each has to reach it.
        own_cut = engine.default_min_probability ** len(question.wanted)
        knows = engine.model.calibration is not None
    cut = 0.0
    if knows:
        percent = st.sidebar.slider(
            "Least probability, %", 0, 100, round(100 * own_cut), key="cut", bind="query-params",
            help="Photos that match with a lower probability are left out.",
        )  # fmt: skip
        cut = percent / 100
    with shelf().asked() as engine:
        found = engine.search(question, MOST, where=where, min_probability=cut)
        closest = [] if found or not cut else engine.search(question, CLOSEST, where=where)
    if closest:
        st.info(
            f"No photo matches with a probability of {results.percent(cut)}; these are the closest. The slider "
            "*Least probability* decides."
        )
    elif not found:
        _nothing(where)
        return
    else:
        st.caption(f"{len(found)}{' or more' if len(found) == MOST else ''} photos, the best first")
    start = grid.page_number(len(found), "page", (question, where, cut))
    shown = closest or found[start : start + grid.PAGE]
    key = key_phrases([hit.phrases for hit in shown])
    st.html(key_html(key))
    only = st.pills("Show the boxes of", key, format_func=escaping.markdown, key="only") if len(key) > 1 else None
    stored = {photo.path: photo for photo in shelf().stored([hit.path for hit in shown])}
    grid.draw(
        [
            grid.Cell(stored[str(hit.path)], _line(hit), boxes_of(hit.phrases, key, only))
            for hit in shown
            if str(hit.path) in stored
        ]
    )


def _line(hit: Hit) -> str:
    probability = "" if hit.probability is None else f"{results.percent(hit.probability)} · "
    return f"{probability}{hit.path.name}{'' if hit.caption is None else f' · {hit.caption}'}"


def _nothing(where: PhotoFilter) -> None:
    if not where.is_empty and not shelf().num_passing(where):
        st.info("No photo passes the filters. Widen one, or clear it.")
    else:
        st.info("Nothing was found.")


def _regions(question: Question, where: PhotoFilter) -> None:
    with shelf().asked() as engine:
        found = engine.search_regions(question, MOST, where=where)
    if not found:
        _nothing(where)
        return
    start = grid.page_number(len(found), "page", (question, where))
    shown = found[start : start + grid.PAGE]
    st.caption("Regions, the best first; neither probabilities nor captions count.")
    stored = {photo.path: photo for photo in shelf().stored(list({hit.path for hit in shown}))}
    grid.draw(
        [
            grid.Cell(photo, f"{hit.phrase} · {Path(hit.path).name}", part=hit.box)
            for hit in shown
            if (photo := stored.get(str(hit.path))) is not None
        ]
    )
