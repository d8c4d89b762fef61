"""Text → photos or regions, each with the boxes of its phrases in the colours of the line above."""

from pathlib import Path

import streamlit as st

from engine.search.question import Question
from engine.types import Hit
from index import PhotoFilter
from ui.shared import results
from ui.web import escaping, grid
from ui.web.filter_sidebar import asked_filter
from ui.web.library import library, show_warnings
from ui.web.pictures import boxes_of, key_html, key_phrases, written_boxes

CLOSEST = 8  # photos to show where none is likely
MOST = 480  # photos of one query that can be paged through


def draw() -> None:
    """The page of text queries."""
    st.title("Search photos")
    if not library().exists():
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
    with library().asked() as engine:
        cut = _least_probability(engine.default_cut(question)) if engine.model.calibration is not None else 0.0
        ranking = engine.rank(question, MOST, min_probability=cut, where=where)
        total, start, count = len(ranking.photos), 0, CLOSEST
        if ranking.why_nothing is None:
            st.caption(f"{total}{' or more' if total == MOST else ''} photos, the best first")
            start, count = grid.page_number(total, "page", (question, where, cut)), grid.PAGE
        elif total:
            st.info(f"{ranking.why_nothing} These are the closest; the slider *Least probability* decides.")
        else:
            st.info(escaping.markdown(ranking.why_nothing))
        shown = engine.explain(ranking, start, start + count)
    show_warnings(ranking.warnings)
    key = key_phrases([hit.phrases for hit in shown])
    st.html(key_html(key, written=any(written_boxes(hit.written) for hit in shown)))
    only = st.pills("Show the boxes of", key, format_func=escaping.markdown, key="only") if len(key) > 1 else None
    stored = library().stored([hit.photo_id for hit in shown])
    sentence = question.wanted[0].text if question.wanted else ""
    grid.draw(
        [
            grid.Cell(
                stored[hit.photo_id],
                _line(hit),
                [*boxes_of(hit.phrases, key, only), *(written_boxes(hit.written) if only is None else ())],
                sentence=sentence,
            )
            for hit in shown
            if hit.photo_id in stored
        ]
    )


def _least_probability(default: float) -> float:
    """The probability that the slider asks for; where it was not moved, exactly the default."""
    shown = round(100 * default)
    percent = st.sidebar.slider(
        "Least probability, %", 0, 100, shown, key="cut", bind="query-params",
        help="Photos that match with a lower probability are left out.",
    )  # fmt: skip
    return default if percent == shown else percent / 100


def _line(hit: Hit) -> str:
    probability = "" if hit.probability is None else f"{results.percent(hit.probability)} · "
    return f"{probability}{hit.path.name}{'' if hit.caption is None else f' · {hit.caption}'}"


def _regions(question: Question, where: PhotoFilter) -> None:
    with library().asked() as engine:
        hits = engine.search_regions(question, MOST, where=where)
        nothing = None if hits else engine.why_nothing(where)
    if nothing is not None:
        st.info(escaping.markdown(nothing))
        return
    start = grid.page_number(len(hits), "page", (question, where))
    shown = hits[start : start + grid.PAGE]
    st.caption("Regions, the best first; neither probabilities nor captions count.")
    stored = library().stored([hit.photo_id for hit in shown])
    grid.draw(
        [
            grid.Cell(photo, f"{hit.phrase} · {Path(hit.path).name}", part=hit.box)
            for hit in shown
            if (photo := stored.get(hit.photo_id)) is not None
        ]
    )
