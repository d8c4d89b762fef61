"""The library that all browser sessions share: one model, one index, one question at a time."""

import io
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import get_args

import streamlit as st
from PIL import Image

from engine import Engine
from engine.errors import LibraryMissingError
from engine.library.roots import may_be_opened
from engine.photos.decode import decode
from engine.photos.thumbnails import thumbnail
from engine.types import Box
from index import LibraryReader, PhotoFilter, StoredPhoto, read_photos, read_roots
from index.catalogue.filters import Orientation
from ui.web import escaping
from ui.web.indexing import IndexingJob

LARGE, SMALL = 1280, 320  # pixels of the longest side of the one large photo of a page, and of a part of a photo


class Shelf:
    """An Engine for many threads, and what the pages ask of its library.

    Photos are shown by their number in the library, and only those that lie in its roots: whatever an address or a
    database says, no other file is opened.
    """

    def __init__(self, engine: Engine, warnings: list[str]) -> None:
        self._engine = engine
        self._warnings = warnings
        self._lock = RLock()
        self.job = IndexingJob()
        self._seen: LibraryReader | None = None  # the state of the library that the next three belong to
        self._roots: list[str] = []
        self._shapes: dict[str, int] | None = None
        self._photos: list[StoredPhoto] | None = None

    @property
    def folder(self) -> Path:
        """The folder of the library."""
        return self._engine.folder

    @contextmanager
    def asked(self) -> Iterator[Engine]:
        """The Engine, for one thread; what it warns of is shown on the page."""
        with self._lock:
            self._warnings.clear()
            yield self._engine
            for text in self._warnings:
                st.toast(escaping.markdown(text))

    def exists(self) -> bool:
        """Whether there is a library with photos."""
        try:
            with self.asked() as engine:
                return engine.reader.num_photos > 0
        except LibraryMissingError:
            return False

    def photo(self, photo_id: int) -> StoredPhoto | None:
        """The photo of a number; None where the library has none that may be shown."""
        with self.asked() as engine:
            if photo_id not in engine.reader.photo_ids:
                return None
            (photo,) = engine.reader.photos([photo_id])
        return photo if self.may_show(photo) else None

    def stored(self, paths: Sequence[Path]) -> list[StoredPhoto]:
        """What the library knows about photos that it found, without those that may not be shown."""
        with self.asked() as engine:
            ids = [number for path in paths if (number := engine.reader.photo_id_of_path(str(path))) is not None]
            photos = engine.reader.photos(ids)
        return [photo for photo in photos if self.may_show(photo)]

    def may_show(self, photo: StoredPhoto) -> bool:
        """Whether a photo's file lies in a root of the library."""
        with self._lock:
            self._look()
            return may_be_opened(photo.path, self._roots)

    def photos(self) -> list[StoredPhoto]:
        """Every photo whose file is there; read again when the library has changed."""
        with self._lock:
            self._look()
            if self._photos is None:
                self._photos = read_photos(self.folder)
            return self._photos

    def _look(self) -> None:
        if self._engine.reader is not self._seen:
            self._seen, self._roots = self._engine.reader, read_roots(self.folder)
            self._photos, self._shapes = None, None

    def num_passing(self, where: PhotoFilter) -> int:
        """How many photos a filter leaves."""
        with self.asked() as engine:
            passing = engine.reader.passing_photos(where)
            return engine.reader.num_photos if passing is None else len(passing)

    def cameras(self) -> dict[str, int]:
        """The cameras with the number of their photos, the most used first."""
        return dict(Counter(photo.camera for photo in self.photos() if photo.camera).most_common())

    def shapes(self) -> dict[str, int]:
        """How many photos lie, stand and are square; counted again when the library has changed."""
        with self._lock:
            self._look()
            if self._shapes is None:
                shapes = get_args(Orientation)
                self._shapes = {shape: self.num_passing(PhotoFilter(orientation=shape)) for shape in shapes}
            return self._shapes

    def alt_text(self, photo: StoredPhoto) -> str:
        """What a photo shows: its best caption, else the name of its file."""
        with self.asked() as engine:
            (captions,) = engine.reader.captions([photo.photo_id])
        return captions[0].text if captions else Path(photo.path).name


def small(photo: StoredPhoto) -> bytes:
    """A photo as a small JPEG. Raises PhotoError."""
    return thumbnail(photo.path, photo.content_hash).read_bytes()


def large(path: str | Path) -> bytes:
    """A photo as a JPEG fit for a page. Raises PhotoError."""
    return _jpeg(decode(path, target=LARGE).image, LARGE)


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
def shelf() -> Shelf:
    """The library that ``engine ui`` was started for."""
    warnings: list[str] = []
    engine = Engine.open(model=os.environ.get("ENGINE_MODEL"), warn=warnings.append)
    return Shelf(engine, warnings)
