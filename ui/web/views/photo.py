"""One photo: its sentences, a sentence of one's own found in it, its regions, similar ones, what its file says."""

import re
from pathlib import Path

import streamlit as st
import typer

from engine.drawing.annotated_photo import PALETTE
from engine.errors import PhotoError, QueryError
from engine.photos.location import path_at
from engine.results.hits import SentenceHit
from engine.search.pictures import all_copies
from engine.search.question import Question
from index import StoredPhoto
from ui.shared import results
from ui.shared.dates import date_as_text
from ui.web import escaping, gallery, maps
from ui.web.library import large, library
from ui.web.password import is_public
from ui.web.pictures import Boxed, boxes_of, key_html, key_phrases, photo_html

SENTENCES, SIMILAR = 8, 8
_NUMBER = re.compile(r"[0-9]{1,15}")


def draw() -> None:
    """The page of the photo whose number the address names."""
    asked = st.query_params.get("photo", "")
    photo = library().photo(int(asked)) if _NUMBER.fullmatch(asked) and library().exists() else None
    if photo is None:
        st.title("No such photo")
        st.info("The library has no photo of this number. Find one on the page **Search** or **Browse**.")
        return
    st.title(escaping.markdown(Path(photo.path).name))
    try:
        jpeg = large(photo.path)
    except PhotoError as error:
        st.error(escaping.markdown(str(error)))
        return
    left, right = st.columns([3, 2])
    picture, size, alt_text = left.empty(), (photo.width, photo.height), library().alt_texts([photo])[0]
    picture.html(photo_html(jpeg, alt_text, size))
    with right:
        boxes = _aligned(photo) or _regions(photo)
        if boxes:
            picture.html(photo_html(jpeg, alt_text, size, boxes))
        _sentences(photo)
        _facts(photo)
    st.header("Similar photos")
    with library().asked() as engine:
        hits = engine.answer(Question(examples=(path_at(photo.path),)), SIMILAR, generated="exclude").hits
    numbers = [hit.photo_id for hit in hits if hit.photo_id is not None]
    gallery.draw("similar", ("like", asked), len(numbers), lambda start, stop: gallery.cells(numbers[start:stop]))


def _aligned(photo: StoredPhoto) -> list[Boxed]:
    """Ask for a sentence; returns the boxes of its phrases."""
    sentence = st.text_input(
        "Find a sentence in this photo", key="sentence", bind="query-params", placeholder="a man on a red bicycle"
    )
    if not sentence:
        return []
    try:
        with library().asked() as engine:
            alignment = engine.align(photo.path, sentence)
    except QueryError as error:
        st.error(escaping.markdown(str(error)))
        return []
    key = key_phrases([alignment.phrases])
    st.html(key_html(key))
    if alignment.probability is not None:
        st.caption(f"The photo matches the sentence with a probability of {results.percent(alignment.probability)}.")
    if st.toggle("Word by word", key="words", bind="query-params", help="How well each word fits each region."):
        return _word_by_word(photo, sentence)
    return boxes_of(alignment.phrases, key)


def _word_by_word(photo: StoredPhoto, sentence: str) -> list[Boxed]:
    """Draw how well each word fits each region; returns the boxes of the regions that some word fits best."""
    import altair as alt  # late, as it takes longer than the rest of the page

    with library().asked() as engine:
        found = engine.word_scores(photo.path, sentence)
    rows = [
        {"word": f"{place + 1}. {word}", "region": region + 1, "score": score}
        for place, (word, scores) in enumerate(zip(found.words, found.scores, strict=True))
        for region, score in enumerate(scores)
    ]
    chart = alt.Chart(alt.Data(values=rows)).mark_rect()  # type: ignore[no-untyped-call]
    chart = chart.encode(x="region:O", y=alt.Y("word:N", sort=None), color="score:Q", tooltip=["word:N", "score:Q"])
    st.altair_chart(chart, alt="How well each word fits each region")
    best = sorted({max(range(len(scores)), key=scores.__getitem__) for scores in found.scores})
    boxes = [Boxed(found.boxes[region], row % len(PALETTE), f"region {region + 1}") for row, region in enumerate(best)]
    st.caption("The boxes are those of the regions that a word fits best:")
    st.html(key_html([boxed.label for boxed in boxes]))
    return boxes


@st.cache_data(max_entries=200, show_spinner="Describing the regions …")
def _described(path: str, content_hash: str) -> list[Boxed]:
    with library().asked() as engine:
        (description,) = engine.caption(path, regions=True)
    likely = [region for region in description.regions if region.likely is not False]
    return [Boxed(region.box, number % len(PALETTE), region.text) for number, region in enumerate(likely)]


def _regions(photo: StoredPhoto) -> list[Boxed]:
    if not st.toggle("Describe its regions", key="regions", bind="query-params"):
        return []
    regions = _described(photo.path, photo.content_hash)
    st.html(key_html([region.label for region in regions]))
    return regions


def _sentences(photo: StoredPhoto) -> None:
    with library().asked() as engine:
        (captions,) = engine.reader.captions([photo.photo_id])
        found = engine.sentences(photo.path, SENTENCES)
    if not found and not captions:
        return
    st.header("Sentences that describe it")
    for caption in captions[:1]:
        st.html(f"<p>{escaping.html(caption.text)} <small>(generated)</small></p>")
    draw_sentences(found)


def draw_sentences(found: list[SentenceHit]) -> None:
    """Draw the likely ones of the sentences that describe a photo."""
    with library().asked() as engine:
        cut = engine.default_min_probability
    hits = [hit for hit in found if hit.own or hit.probability is None or hit.probability >= cut]
    if not hits:
        st.caption("None of the library's sentences describes it well.")
    rows = "".join(
        f"<li>{escaping.html(hit.sentence)}"
        f"{'' if hit.own or hit.probability is None else f' · {results.percent(hit.probability)}'}"
        f"{' <small>(the photo’s own)</small>' if hit.own else ''}"
        f"{' <small>(generated)</small>' if hit.generated else ''}</li>"
        for hit in hits
    )
    st.html(f"<ul>{rows}</ul>")


def _copies(photo: StoredPhoto) -> None:
    """Say where the other files of the same picture are."""
    with library().asked() as engine:
        (copies,) = all_copies(engine.reader, {photo.photo_id: []}).values()
    if not copies:
        return
    paths = "".join(
        f'<li><a href="photo?photo={other.photo_id}">{escaping.html(other.path)}</a></li>'
        for other in sorted(library().stored(copies).values(), key=lambda other: other.path)
    )
    st.html(f"<p>{results.counted_copies(len(copies))}, with the same content:</p><ul>{paths}</ul>")


def _facts(photo: StoredPhoto) -> None:
    st.header("The file")
    with library().asked() as engine:
        (texts,) = engine.reader.texts([photo.photo_id])
    facts = {
        "taken": photo.taken_at and date_as_text(photo.taken_at, photo.taken_precision),
        "camera": photo.camera,
        "size": f"{photo.width} × {photo.height}, {photo.format}, {results.as_bytes(photo.size)}",
        "place": ", ".join(text.text for text in texts if text.source == "place"),
        "position": None if photo.latitude is None else f"{photo.latitude:.4f}, {photo.longitude:.4f}",
        "keywords": ", ".join(text.text for text in texts if text.field == "keyword"),
        "reads": " · ".join(text.text for text in texts if text.field == "line"),
    }
    rows = "<br>".join(f"{name}: {escaping.html(value)}" for name, value in facts.items() if value)
    st.html(f"<p>{rows}</p>")
    st.code(results.printable(photo.path), language=None, wrap_lines=True)
    _copies(photo)
    if not is_public() and st.button("Show in its folder", icon=":material/folder_open:"):
        typer.launch(photo.path, locate=True)
    if photo.latitude is not None and photo.longitude is not None:
        maps.draw_point((photo.latitude, photo.longitude))
