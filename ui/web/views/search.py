"""Text → photos or regions, each with the boxes of its phrases in the colours of the line above."""

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import streamlit as st

from engine import Engine
from engine.results.hits import Hit, RegionHit
from engine.search.answering import Ranking
from engine.search.question import Question
from engine.types import Correction
from index import PhotoFilter, StoredPhoto
from ui.shared import results
from ui.web import escaping, gallery, home, saved_searches
from ui.web.filter_sidebar import asked_filter
from ui.web.kept_ranking import kept_ranking
from ui.web.library import library, show_warnings
from ui.web.page_parts import draw_title, skeleton
from ui.web.pictures import boxes_of, key_phrases, written_boxes

CLOSEST = 8  # photos to show where none is likely
AT_FIRST = 240  # photos that are ranked while somebody waits
MOST = 5000  # and once somebody scrolls beyond them
MOST_REGIONS = 480
MOST_EXAMPLES = 200  # photos that others can be like
_CUT_OF_QUESTION = "cut of the question before"
_NUMBERS = re.compile(r"[0-9]{1,15}(,[0-9]{1,15})*")


def draw() -> None:
    """The page of text queries, and of the whole library where none is asked."""
    draw_title("Search photos")
    if not library().exists():
        st.info("There are no photos yet. Add a folder on the page **Library**, and search it here.")
        return
    left, right, saving = st.columns([5, 1, 1], vertical_alignment="center")
    text = left.text_input(
        "What should be seen", key="q", bind="query-params", type="search",
        placeholder="What should be seen? a dog jumping over a log", label_visibility="collapsed",
    )  # fmt: skip
    kind = right.segmented_control(
        "Find", ["photos", "regions"], default="photos", required=True, key="find", bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    with skeleton():
        _answer(text, kind)
    if st.query_params.keys() - {"find"}:
        with saving:
            saved_searches.draw_button()


def _answer(text: str, kind: str) -> None:
    also = st.sidebar.multiselect(
        "And also", [], key="also", bind="query-params", accept_new_options=True, placeholder="sunset",
        help="Type a text and press Enter. '0.5:red' counts half.",
    )  # fmt: skip
    without = st.sidebar.multiselect(
        "But not", [], key="not", bind="query-params", accept_new_options=True, placeholder="people",
        help="What should not be seen.",
    )  # fmt: skip
    where = asked_filter()
    group = kind == "photos" and st.sidebar.toggle(
        "Group almost equal photos", key="group", bind="query-params", help="Also those of one burst."
    )
    examples = _examples()
    if not (text or also or examples):
        home.draw(where)
        return
    exact = st.sidebar.toggle("Words as written", key="exact", bind="query-params", help="Correct no spelling.")
    question = Question.of(
        text or None, also=also, without=without, like=[photo.path for photo in examples], exact=exact
    )
    if kind == "regions":
        _regions(question, where)
    else:
        _photos(question, where, group=group)
    library().has_answered = True


def _examples() -> list[StoredPhoto]:
    """The photos that the address names to find others like them."""
    asked = st.query_params.get("like", "")
    if not _NUMBERS.fullmatch(asked):
        return []
    examples = list(library().stored([int(number) for number in asked.split(",")[:MOST_EXAMPLES]]).values())
    if examples:
        names = Path(examples[0].path).name if len(examples) == 1 else f"{len(examples)} photos"
        if st.button(f"Like {escaping.markdown(names)}", icon=":material/close:", type="tertiary", help="No longer"):
            st.query_params.pop("like")
            st.rerun()
    return examples


def _photos(question: Question, where: PhotoFilter, *, group: bool) -> None:
    with library().asked() as engine:
        least = _least_probability(engine.default_cut(question)) if engine.model.has_probabilities else None

        def ranked(engine: Engine, limit: int) -> Ranking:
            rank = partial(engine.rank, question, limit, min_probability=least, where=where, group=group)
            return kept_ranking(engine, (question, where, least, group, limit), rank)

        ranking = ranked(engine, AT_FIRST)
        total = len(ranking.photos) if ranking.why_nothing is None else min(len(ranking.photos), CLOSEST)
        shown = engine.explain(ranking, 0, min(total, gallery.FIRST))
    _show_corrections(ranking.corrections)
    show_warnings(ranking.warnings)
    if not ranking.photos:
        st.info(escaping.markdown(ranking.why_nothing or "No photo was found."))
        return
    sentence = next((part.tokens.text for part in ranking.texts if part.weight > 0), "")
    key = key_phrases([hit.phrases for hit in shown])

    def batch(start: int, stop: int) -> list[gallery.Cell]:
        hits = shown[start:stop]
        if start or not hits:
            with library().asked() as engine:
                hits = engine.explain(ranked(engine, AT_FIRST if stop <= AT_FIRST else MOST), start, stop)
        return _cells(hits, key, sentence)

    is_more = total == AT_FIRST
    count = ranking.why_nothing or results.counted_photos(total, " or more" * is_more)
    above = gallery.Above(count, key, written=any(written_boxes(hit.written) for hit in shown))
    gallery.draw("photos", (question, where, least, group), MOST if is_more else total, batch, above, where)


def _cells(hits: Sequence[Hit], key: Sequence[str], sentence: str) -> list[gallery.Cell]:
    stored = library().stored([hit.photo_id for hit in hits])
    return [
        gallery.Cell(
            stored[hit.photo_id],
            _line(hit),
            [*boxes_of(hit.phrases, key), *written_boxes(hit.written)],
            sentence=sentence,
            written=hit.written,
            note=_behind(hit),
            likely=hit.likely,
        )
        for hit in hits
        if hit.photo_id in stored
    ]


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
    """The probability that the slider asks for; None where it was not moved: then it follows the question's own."""
    shown = max(1, round(100 * default)) if default else 0
    if st.session_state.get("cut") == st.session_state.get(_CUT_OF_QUESTION, -1):
        st.session_state["cut"] = shown
    st.session_state[_CUT_OF_QUESTION] = shown
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
        hits = engine.search_regions(question, MOST_REGIONS, where=where)
        nothing = None if hits else engine.why_nothing(where)
    if nothing is not None:
        st.info(escaping.markdown(nothing))
        return

    def batch(start: int, stop: int) -> list[gallery.Cell]:
        shown = hits[start:stop]
        stored = library().stored([hit.photo_id for hit in shown])
        return [
            gallery.Cell(photo, f"{hit.phrase} · {Path(hit.path).name}", part=hit.box, note=_behind(hit))
            for hit in shown
            if (photo := stored.get(hit.photo_id)) is not None
        ]

    above = gallery.Above(f"{len(hits):,} regions, the best first")
    gallery.draw("regions", (question, where), len(hits), batch, above, where)
