"""A photo from outside the library: what describes it, captions, similar photos, duplicates, and one of its regions."""

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import streamlit as st

from engine.errors import PhotoError
from engine.library.duplicates import copies_of
from engine.photos.decode import decode
from engine.results.hits import SentenceHit
from engine.search.question import Question
from engine.types import Box
from ui.shared import results
from ui.web import escaping, gallery
from ui.web.library import large, library
from ui.web.page_parts import draw_title
from ui.web.pictures import data_uri
from ui.web.views.photo import draw_sentences

KINDS = ["jpg", "jpeg", "png", "webp", "heic", "heif", "avif", "tif", "tiff", "bmp", "gif"]
MOST_MEGABYTES = 50
_WAYS = {
    "same bytes": "the same file",
    "same pixels": "the same pixels in another file",
    "resized or re-encoded": "in another size or format",
}
SENTENCES, SIMILAR = 8, 12
WIDTH = 340  # pixels of the picture that a box is drawn on: as wide as a phone has room for


def draw() -> None:
    """The page of photos from outside."""
    draw_title("Look up a photo")
    given = st.file_uploader(
        "Drop a photo here, paste it or pick one", KINDS, max_upload_size=MOST_MEGABYTES, key="given"
    )
    if given is None:
        st.info("It is not added to the library, and not kept. To paste one, go to the button with the Tab key first.")
        return
    with _kept(given.getvalue(), Path(given.name).suffix) as path:
        try:
            decoded = decode(path)
        except PhotoError as error:
            st.error(escaping.markdown(f"{given.name}: {error.reason}"))
            return
        _look_up(path, hashlib.sha256(given.getvalue()).hexdigest(), decoded.width, decoded.height)


@contextmanager
def _kept(content: bytes, suffix: str) -> Iterator[Path]:
    """A file of an upload, in a folder of its own that goes when it was looked at."""
    with tempfile.TemporaryDirectory(prefix="engine-") as folder:
        ending = suffix if suffix.lstrip(".").lower() in KINDS else ""
        path = Path(folder) / f"photo{ending}"
        path.write_bytes(content)
        yield path


def _look_up(path: Path, digest: str, width: int, height: int) -> None:
    left, right = st.columns([3, 2])
    with left:
        box = _drawn_box(path, width, height)
    with right:
        st.header("A caption for it")
        caption, seen = _caption(path, digest)
        said = escaping.html(caption or "No sentence is likely enough to be right.")
        st.html(f"<p>{said}{' <small>(seen)</small>' * seen}</p>")
        if not library().exists():
            st.info("The library holds no photos yet: add a folder on the page **Library**.")
            return
        _sentences(path)
        words = st.text_input("Like this photo, but", key="words", placeholder="at night")
    _similar(path, box, words)


@st.cache_data(max_entries=200, show_spinner="Writing a caption …")
def _caption(_path: Path, digest: str) -> tuple[str, bool]:
    """What may be said of it, and whether these are names of what is surely seen."""
    with library().beside() as engine:  # there may be no library yet
        (description,) = engine.caption(_path)
    return description.text, bool(description.seen) and not description.likely


def _sentences(path: Path) -> None:
    with library().asked() as engine:
        hits: list[SentenceHit] = engine.sentences(path, SENTENCES)
    if hits:
        st.header("Sentences that describe it")
        draw_sentences(hits)


def _drawn_box(path: Path, width: int, height: int) -> Box | None:
    """Show the photo and let a box be drawn on it; returns the box in pixels of the photo."""
    import altair as alt  # late, as it takes longer than the rest of the page

    shown_height = round(WIDTH * height / width)
    photo = alt.Data(values=[{"x": width / 2, "y": height / 2, "url": data_uri(large(path))}])  # type: ignore[no-untyped-call]
    x = alt.X("x:Q", scale=alt.Scale(domain=[0, width], nice=False), axis=None)
    y = alt.Y("y:Q", scale=alt.Scale(domain=[height, 0], nice=False), axis=None)
    chart = alt.Chart(photo).mark_image(width=WIDTH, height=shown_height, tooltip=None).encode(x=x, y=y, url="url:N")
    chart = chart.add_params(alt.selection_interval(name="box", encodings=["x", "y"]))
    chart = chart.properties(width=WIDTH, height=shown_height).configure_view(stroke=None)
    chart = chart.properties(usermeta={"embedOptions": {"renderer": "canvas", "actions": False}})
    event: Any = st.altair_chart(chart, width="content", on_select="rerun", key="drawn", alt="The photo")
    chosen = event.selection.get("box", {})
    if "x" not in chosen or "y" not in chosen:
        st.caption("Draw a box on the photo to search by this region alone.")
        return None
    (x0, x1), (y0, y1) = sorted(chosen["x"]), sorted(chosen["y"])
    box = (max(x0, 0.0), max(y0, 0.0), min(x1, float(width)), min(y1, float(height)))
    st.caption(f"Only the box {results.box_as_text(box)} counts. Click beside it to let the whole photo count.")
    return box


def _similar(path: Path, box: Box | None, words: str) -> None:
    st.header("Photos like it")
    question = Question.of(words or None, like=[path], box=box)
    with library().asked() as engine:
        hits = engine.search(question, SIMILAR)
    stored = library().stored([hit.photo_id for hit in hits])
    same = _duplicates(path)
    if same:
        st.success(f"The library holds this picture: {', '.join(sorted({_WAYS[way] for way in same.values()}))}.")
    cells = [
        gallery.Cell(photo, " · ".join(filter(None, [_WAYS.get(same.get(photo.photo_id, "")), Path(photo.path).name])))
        for photo in stored.values()
    ]
    gallery.draw("similar", [cell.line for cell in cells], len(cells), lambda start, stop: cells[start:stop])


def _duplicates(path: Path) -> dict[int, str]:
    """The photos of the library that show the same picture, by number, with the way."""
    with library().asked() as engine:
        size = engine.model.image_size
    return {photo.photo_id: reason for reason, photo in copies_of(path, library().contents.photos, size)}
