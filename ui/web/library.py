"""The library that all browser sessions share, and the pictures of its photos."""

import io
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock, Thread
from typing import TYPE_CHECKING

import streamlit as st
from PIL import Image

from engine import Engine
from engine.errors import EngineError, LibraryMissingError
from engine.library.roots import may_be_shown
from engine.photos.decode import decode
from engine.photos.thumbnails import thumbnail
from engine.runtime.settings import library_address
from engine.sharing import Lease, SharedEngine
from engine.types import Box
from index import LibraryAddress, PhotoFilter, PhotoMarks, StoredPhoto, read_marks, read_photos
from index.catalogue.groups import newest_photos
from ui.shared.indexing import IndexingJob
from ui.web import escaping

if TYPE_CHECKING:
    from engine.library.browsing import Group
    from engine.library.curation import Curation

TOLD = "warnings of this run of the page"
_OF_UPKEEP = re.compile("The FAISS (file|index) ")  # nothing that somebody who searches can do anything about
WRITING_WAITS_S = 2.0  # for another process that writes: somebody looks at the page
LARGE, SMALL = 1280, 320  # pixels of the longest side of the one large photo of a page, and of a part of a photo


@dataclass(frozen=True)
class _Contents:
    """What is asked for often of one state of the library, each worked out once."""

    folder: LibraryAddress
    photos_state: int

    @cached_property
    def photos(self) -> list[StoredPhoto]:
        """Every photo whose file is there."""
        return read_photos(self.folder)

    @cached_property
    def newest(self) -> Sequence[int]:
        """The numbers of the photos, the newest first: when they were taken, else when their files were written."""
        return newest_photos(self.folder)


class Library:
    """What the pages ask of the library.

    Photos are shown by their number in the library, and only those that lie in its roots: whatever an address or a
    database says, no other file is opened.
    """

    def __init__(self, shared: SharedEngine) -> None:
        self._shared = shared
        self._lock, self._writing = Lock(), Lock()
        self._own_states = 0  # that differ from those before by what pages wrote, and not by their photos
        self._contents = _Contents(shared.folder, 0)
        self._themes: tuple[int, list[Group]] = (0, [])
        self._looking_for_themes = Lock()
        self.job = IndexingJob()
        self.has_answered = False
        """Whether a question was answered since the start: the networks are in memory."""

    @property
    def folder(self) -> LibraryAddress:
        """The folder of the library."""
        return self._shared.folder

    @property
    def problem(self) -> str | None:
        """Why a newer state of the library cannot be opened, so that the one before answers; or what is damaged."""
        return self._shared.problem

    def beside(self) -> Engine:
        """An Engine of its own with the same networks, for what needs no library or writes to it."""
        return self._shared.beside()

    @contextmanager
    def asked(self) -> Iterator[Engine]:
        """One state of the library; what it warns of a question is shown on the page.

        Raises:
            LibraryMissingError: there is no library.
        """
        with self._shared.leased() as lease:
            before = len(lease.warnings)  # of the library itself: the page of the library tells them
            yield lease.engine
        show_warnings(lease.warnings[before:])

    def exists(self) -> bool:
        """Whether there is a library with photos."""
        try:
            with self.asked() as engine:
                return engine.reader.num_photos > 0
        except LibraryMissingError:
            return False

    def photo(self, photo_id: int) -> StoredPhoto | None:
        """The photo of a number; None where the library has none that may be shown."""
        with self._shared.leased() as lease:
            if not lease.engine.reader.holds_photo(photo_id):
                return None
            return next(iter(self._shown(lease, [photo_id])), None)

    def stored(self, photo_ids: Iterable[int | None]) -> dict[int | None, StoredPhoto]:
        """What the library knows about photos, by number, without those that may not be shown."""
        with self._shared.leased() as lease:
            present = lease.engine.reader.photo_ids
            known = [photo_id for photo_id in dict.fromkeys(photo_ids) if photo_id is not None and photo_id in present]
            return {photo.photo_id: photo for photo in self._shown(lease, known)}

    def _shown(self, lease: Lease, photo_ids: Sequence[int]) -> list[StoredPhoto]:
        photos = lease.engine.reader.photos(photo_ids)
        return [photo for photo in photos if may_be_shown(photo, lease.roots)]

    @property
    def contents(self) -> _Contents:
        """What the newest state of the library holds."""
        state = self.photos_state
        with self._lock:
            if self._contents.photos_state != state:
                self._contents = _Contents(self.folder, state)
            return self._contents

    def load(self) -> None:
        """Open the library and its networks, ahead of the first question. Raises EngineError."""
        with self._shared.leased() as lease:
            lease.engine.model.read("a photo")
        self.has_answered = True

    def themes(self) -> "list[Group]":
        """Photos that show something alike, looked for once in each state of the library."""
        from engine.captioning.describe import judge_of  # late, as is SciPy
        from engine.captioning.folder import load_captioner
        from engine.library.browsing import themes

        state = self.photos_state
        with self._shared.leased() as lease:
            if self._themes[0] != state:
                judge = judge_of(lease.engine.model, load_captioner("default"))
                self._themes = state, themes(lease.engine.reader, judge=judge)
            return self._themes[1]

    def themes_so_far(self) -> list[str]:
        """The names of the themes, where they are known; else they are looked for beside, once nobody waits."""
        state, found = self._themes
        if state == self.photos_state:
            return [group.name for group in found if group.name]
        if self.has_answered and not self._looking_for_themes.locked():
            Thread(target=self._look_for_themes, daemon=True).start()
        return []

    def _look_for_themes(self) -> None:
        with self._looking_for_themes, suppress(EngineError):
            self.themes()

    @property
    def generation(self) -> int:
        """The number of the newest state of the library."""
        with self._shared.leased() as lease:
            return lease.generation

    @property
    def photos_state(self) -> int:
        """The same number as before where pages have changed albums and marks since, and nothing else was."""
        return self.generation - self._own_states

    @property
    def curation(self) -> "Curation":
        """Albums, marks and saved searches, to be read."""
        from engine.library.curation import Curation

        return Curation(self.folder, timeout_s=WRITING_WAITS_S)

    def marks(self, photo_ids: Sequence[int]) -> dict[int, PhotoMarks]:
        """What is said of photos, by number."""
        found = read_marks(self.folder, list(photo_ids))
        return {number: found[number][1] if number in found else PhotoMarks() for number in photo_ids}

    @contextmanager
    def changing(self) -> Iterator["Curation"]:
        """Albums, marks and saved searches, to be changed; afterwards every session sees what was written.

        Raises LibraryError: another process writes to the library; of what is done in it.
        """
        with self._writing:
            before = self.generation
            with self._shared.curating(timeout_s=WRITING_WAITS_S) as curation:
                yield curation
            self._own_states += self.generation == before + 1

    def num_passing(self, where: PhotoFilter) -> int:
        """How many photos a filter leaves."""
        with self.asked() as engine:
            return engine.reader.num_passing(where)

    def alt_texts(self, photos: Sequence[StoredPhoto]) -> list[str]:
        """What photos show: their best captions, else the names of their files."""
        with self.asked() as engine:
            found = engine.reader.captions([photo.photo_id for photo in photos])
        return [
            captions[0].text if captions else Path(photo.path).name
            for photo, captions in zip(photos, found, strict=True)
        ]


def show_warnings(warnings: Sequence[str]) -> None:
    """Show on the page what a person should know about a question, each sentence once in a run of the page."""
    told: set[str] = st.session_state.setdefault(TOLD, set())
    for text in warnings:
        if text not in told and _OF_UPKEEP.match(text) is None:
            told.add(text)
            st.caption(f":material/info: {escaping.markdown(text)}")


def small(photo: StoredPhoto) -> bytes:
    """A photo as a small JPEG. Raises PhotoError."""
    return thumbnail(photo.path, photo.content_hash).read_bytes()


def large(path: str | Path, side: int = LARGE) -> bytes:
    """A photo as a JPEG fit for a page. Raises PhotoError."""
    return _jpeg(decode(path, target=side).image, side)


@st.cache_data(max_entries=1000, show_spinner=False)
def region(path: str, content_hash: str, box: Box) -> bytes:
    """A part of a photo (in pixels of the upright photo) as a small JPEG. Raises PhotoError."""
    x0, y0, x1, y1 = box
    image = decode(path).image.crop((int(x0), int(y0), max(int(x0) + 1, round(x1)), max(int(y0) + 1, round(y1))))
    return _jpeg(image, SMALL)


def _jpeg(image: Image.Image, side: int) -> bytes:
    image.thumbnail((side, side))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


@st.cache_resource(show_spinner="Opening the library …")
def library() -> Library:
    """The library that ``engine ui`` was started for."""
    return Library(SharedEngine(library_address(None), model=os.environ.get("ENGINE_MODEL"), at_once=False))
