"""Text → photos or regions, each with the boxes of its phrases in the colours of the line above."""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from engine.results.hits import Hit, RegionHit
from engine.search.question import Question
from engine.types import Correction
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
    group = kind == "photos" and st.sidebar.toggle(
        "Group almost equal photos", key="group", bind="query-params", help="Also those of one burst."
    )
    if not (text or also):
        st.info(
            "Write what should be seen, in a few English words, or what is written: names, places, words in a photo. "
            "Then press Enter."
        )
        return
    exact = st.sidebar.toggle("Words as written", key="exact", bind="query-params", help="Correct no spelling.")
    question = Question.of(text or None, also=also, without=without, exact=exact)
    if kind == "regions":
        _regions(question, where)
    else:
        _photos(question, where, group=group)


def _photos(question: Question, where: PhotoFilter, *, group: bool) -> None:
    with library().asked() as engine:
        least = _least_probability(engine.default_cut(question)) if engine.model.calibration is not None else None
        ranking = engine.rank(question, MOST, min_probability=least, where=where, group=group)
        _show_corrections(ranking.corrections)
        total, start, count = len(ranking.photos), 0, CLOSEST
        if ranking.why_nothing is None:
            st.caption("1 photo" if total == 1 else f"{total}{' or more' * (total == MOST)} photos, the best first")
            start, count = grid.page_number(total, "page", (question, where, least, group)), grid.PAGE
        else:
            st.info(escaping.markdown(ranking.why_nothing))
        shown = engine.explain(ranking, start, start + count)
    show_warnings(ranking.warnings)
    key = key_phrases([hit.phrases for hit in shown])
    st.html(key_html(key, written=any(written_boxes(hit.written) for hit in shown)))
    only = st.pills("Show the boxes of", key, format_func=escaping.markdown, key="only") if len(key) > 1 else None
    stored = library().stored([hit.photo_id for hit in shown])
    sentence = next((text.tokens.text for text in ranking.texts if text.weight > 0), "")
    grid.draw(
        [
            grid.Cell(
                stored[hit.photo_id],
                _line(hit),
                [*boxes_of(hit.phrases, key, only), *(written_boxes(hit.written) if only is None else ())],
                sentence=sentence,
                written=hit.written,
                note=_behind(hit),
            )
            for hit in shown
            if hit.photo_id in stored
        ]
    )


def _show_corrections(corrections: Sequence[Correction]) -> None:
    if not corrections:
        return
    meant = ", ".join(escaping.markdown(one.meant) for one in corrections)
    written = ", ".join(escaping.markdown(one.written) for one in corrections)
    said, insist = st.columns([3, 2], vertical_alignment="center")
    said.markdown(f"Showing results for **{meant}**.")
    insist.button(f"Search for “{written}” as written", type="tertiary", on_click=_take_words_as_written)


def _take_words_as_written() -> None:
    st.session_state["exact"] = True


def _least_probability(default: float) -> float | None:
    """The probability that the slider asks for; None where it was not moved."""
    shown = round(100 * default)
    percent = st.sidebar.slider(
        "Least probability, %", 0, 100, shown, key="cut", bind="query-params",
        help="Photos that match with a lower probability are left out.",
    )  # fmt: skip
    return None if percent == shown else percent / 100


def _line(hit: Hit) -> str:
    probability = "" if hit.probability is None else f"{results.percent(hit.probability)} · "
    unlikely = "" if hit.likely else "unlikely · "
    return f"{probability}{unlikely}{hit.path.name}{'' if hit.caption is None else f' · {hit.caption}'}"


def _behind(hit: Hit | RegionHit) -> str:
    """How many photos stand behind one; its own page says where."""
    counts = [results.counted_copies(len(hit.copies))] if hit.copies else []
    if isinstance(hit, Hit) and hit.group:
        counts.append(f"{len(hit.group)} almost the same")
    return " · ".join(counts)


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
            grid.Cell(photo, f"{hit.phrase} · {Path(hit.path).name}", part=hit.box, note=_behind(hit))
            for hit in shown
            if (photo := stored.get(hit.photo_id)) is not None
        ]
    )
