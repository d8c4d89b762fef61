"""What the library holds, adding to it with progress that outlives the page, and its upkeep."""

import os
import re
from contextlib import suppress
from importlib.resources import files
from pathlib import Path

import streamlit as st

from engine.encoders.fingerprint import fingerprint_of
from engine.errors import LibraryMissingError, ModelError
from engine.library.roots import prune, roots
from engine.photos.location import is_remote
from index import LibraryStatus, compact_library, read_status, verify_library
from ui.shared.reports import changes_as_text
from ui.shared.results import as_bytes, counted_photos
from ui.web import FOLDER, escaping
from ui.web.library import library
from ui.web.page_parts import draw_title
from ui.web.password import is_public

MOST_FAILURES = 50
LOOK_AGAIN = "Look at all folders again"
_HEADING = re.compile(r"^#(?=#* )", re.MULTILINE)  # a card's own title is below the one of its part of the page


def draw() -> None:
    """The page of the library itself."""
    draw_title("Library")
    _run()
    _add()
    try:
        status = read_status(library().folder)
    except LibraryMissingError:
        st.info("There is no library yet: add a folder of photos above, and it is made.")
        return
    _holds(status)
    _roots()
    _upkeep()
    _model(status)


def _add() -> None:
    if is_public():
        st.caption("Folders cannot be added from other machines; use `engine index`.")
        return
    with st.form("add", border=True):
        path = st.text_input(
            "Add a folder of photos, on the machine that this page runs on or in object storage",
            placeholder="/home/me/Photos",
        )
        captions = st.checkbox("Write captions too (they make photos findable by more words; slower)")
        text = st.checkbox("Read the text in photos too (signs, documents, screenshots; slower)")
        with st.container(horizontal=True):
            added = st.form_submit_button("Add and index", icon=":material/add:", disabled=library().job.running)
            again = st.form_submit_button(LOOK_AGAIN, icon=":material/refresh:", disabled=library().job.running)
    if added and not path.strip():
        st.error("Write the path of a folder first.")
    elif added or again:
        started = library().job.start(
            library().beside(),
            None if again else [_named(path.strip())],
            captions=captions,
            text=text,
        )
        if started:
            st.rerun()
        st.info("A run is going on; wait until it has ended, or stop it above.")


def _named(path: str) -> str:
    return path if is_remote(path) else str(Path(os.environ.get(FOLDER, ""), Path(path).expanduser()))


def _run() -> None:
    job = library().job
    if job.running:
        _progress()
    elif job.error is not None:
        st.error(escaping.markdown(job.error))
    elif job.report is not None:
        report = job.report
        st.success(f"{changes_as_text(report)}.")
        if report.failed:
            with st.expander(f"{counted_photos(len(report.failed))} could not be read"):
                for failure in report.failed[:MOST_FAILURES]:
                    st.markdown(escaping.markdown(f"{failure.path}: {failure.reason}"))


@st.fragment(run_every=0.5)
def _progress() -> None:
    job = library().job
    if not job.running:
        st.rerun()
    progress = job.progress
    if progress is None:
        st.progress(0.0, "Looking for photos …")
    else:
        share = progress.done / progress.total if progress.total else 1.0
        st.progress(share, f"{progress.done} of {progress.total} {progress.what}")
    if st.button("Stop", icon=":material/stop:", disabled=job.stopping):
        job.stop()
    if job.stopping:
        st.caption("Stopping …")


def _holds(status: LibraryStatus) -> None:
    columns = st.columns(4)
    columns[0].metric("Photos", f"{status.photos:,}")
    columns[1].metric("Regions", f"{status.regions:,}")
    generated = f"{status.generated_sentences:,} generated" if status.generated_sentences else None
    columns[2].metric("Sentences", f"{status.sentences:,}", generated, "off", delta_arrow="off")
    columns[3].metric("On disk", as_bytes(status.total_bytes))
    st.caption(
        f"Catalogue {as_bytes(status.sqlite_bytes)}, vectors {as_bytes(status.vector_bytes)}, index "
        f"{as_bytes(status.faiss_bytes)}{f'; {_missing(status.missing)}' if status.missing else ''}."
    )


def _roots() -> None:
    st.header("Folders")
    for root in roots(library().folder):
        there = "" if root.exists else ", not there now"
        missing = f", {_missing(root.missing)}" if root.missing else ""
        st.markdown(escaping.markdown(f"{root.path}: {counted_photos(root.photos)}{missing}{there}"))


def _missing(count: int) -> str:
    return f"{counted_photos(count)} {'is' if count == 1 else 'are'} missing"


def _upkeep() -> None:
    folder = library().folder
    if is_public() or not isinstance(folder, Path):
        return
    st.header("Upkeep")
    row = st.container(horizontal=True)
    if row.button("Verify", help="Check every checksum and row", icon=":material/fact_check:"):
        problems = verify_library(folder)
        for problem in problems:
            (st.info if problem.harmless else st.error)(escaping.markdown(problem.text))
        if not problems:
            st.success("Everything is as it should be.")
    if row.button("Forget missing photos", help="For good: their vectors too", icon=":material/delete:"):
        forgotten = len(prune(folder))
        st.success(f"{counted_photos(forgotten)} {'was' if forgotten == 1 else 'were'} forgotten.")
    if row.button("Compact", help="Give the room of forgotten photos back", icon=":material/compress:"):
        report = compact_library(folder)
        st.success(f"{as_bytes(report.bytes_before)} before, {as_bytes(report.bytes_after)} now.")


def _model(status: LibraryStatus) -> None:
    st.header("Model")
    if not status.model_name:
        st.caption("None yet.")
        return
    st.markdown(escaping.markdown(f"{status.model_name} ({status.fingerprint[:8]})"))
    with suppress(ModelError):  # one that is not here any more
        if fingerprint_of(status.model_name) != status.fingerprint:
            st.warning(f"An earlier version of this model made the library. “{LOOK_AGAIN}” embeds its photos anew.")
    card = files("engine.pretrained") / status.model_name / "MODEL_CARD.md"
    if status.model_name in ("default", "paper") and card.is_file():
        with st.expander("Its card"):
            st.markdown(_HEADING.sub("###", card.read_text(encoding="utf-8")))
