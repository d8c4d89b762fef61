"""The library as the pages share it: sessions do not wait for one another, and each sees what was written."""

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import Engine
from engine.errors import LibraryDamagedError, LibraryMissingError
from engine.sharing import SharedEngine
from index import LibraryWriter
from ui.web.library import Library

PATIENCE_S = 60


@pytest.fixture
def opened(own_library: Path) -> Iterator[Library]:
    shared = SharedEngine(own_library, device="cpu", at_once=False)
    yield Library(shared)
    shared.close()


def test_a_session_that_looks_long_does_not_keep_others_waiting(opened: Library) -> None:
    answered = threading.Event()

    def ask() -> None:
        with opened.asked() as engine:
            assert engine.search("a cat", 1)
        assert opened.contents.photos
        answered.set()

    with opened.asked() as engine:
        other = threading.Thread(target=ask)
        other.start()
        assert answered.wait(PATIENCE_S)
        assert engine.reader.num_photos == 8
    other.join()


def test_a_question_inside_another_has_warnings_of_its_own(opened: Library) -> None:
    shared = opened._shared
    with shared.leased() as outer:
        with shared.leased() as inner:
            inner.engine.search("a zyzzyva")
        outer.engine.search("a xyzzy")
    assert ["zyzzyva" in text for text in inner.warnings] == [True]
    assert ["xyzzy" in text for text in outer.warnings] == [True]


def test_what_was_written_is_seen(opened: Library, own_library: Path) -> None:
    before = opened.contents
    assert opened.contents is before
    assert len(before.newest) == len(before.photos) == 8
    number = before.photos[0].photo_id
    with LibraryWriter.open(own_library) as writer:
        writer.remove_photos([number])
    assert len(opened.contents.photos) == 7
    assert opened.photo(number) is None
    assert opened.stored([number, None, before.photos[1].photo_id]).keys() == {before.photos[1].photo_id}


def test_a_library_may_be_made_later(library: Path, tmp_path: Path) -> None:
    folder = tmp_path / "later"
    shared = SharedEngine(folder, device="cpu", at_once=False)
    opened = Library(shared)
    assert not opened.exists()
    with pytest.raises(LibraryMissingError), opened.asked():
        pass
    assert isinstance(opened.beside(), Engine)
    shutil.copytree(library, folder)
    assert opened.exists()
    assert len(opened.contents.photos) == 8
    shared.close()


def test_a_library_that_is_removed_is_missing_and_another_in_its_place_is_shown(
    opened: Library, own_library: Path, library: Path
) -> None:
    assert len(opened.contents.photos) == 8
    shutil.rmtree(own_library)
    assert not opened.exists()
    with pytest.raises(LibraryMissingError), opened.asked():
        pass
    shutil.copytree(library, own_library)
    with LibraryWriter.open(own_library) as writer:
        writer.remove_photos([min(photo.photo_id for _, photo in writer.known_photos())])
    assert opened.exists()
    assert len(opened.contents.photos) == 7


def test_a_damaged_library_can_still_be_looked_after(own_library: Path) -> None:
    (own_library / "library.sqlite3").write_bytes(b"no database at all, whatever it was")
    shared = SharedEngine(own_library, device="cpu", at_once=False)
    opened = Library(shared)
    with pytest.raises(LibraryDamagedError):
        opened.exists()
    assert opened.folder == own_library
    shared.close()


def test_a_library_that_is_made_later_brings_its_model(photos: Path, tmp_path: Path) -> None:
    folder = tmp_path / "later"
    shared = SharedEngine(folder, device="cpu", at_once=False)
    opened = Library(shared)
    assert not opened.exists()
    with Engine.open(folder, model="paper", device="cpu") as engine:
        engine.index([photos / "chelsea.png"])
    with opened.asked() as asked:
        assert asked.model.name == "paper"
        assert asked.search("a cat", 1)
    shared.close()


def test_a_state_that_cannot_be_opened_is_told(
    opened: Library, own_library: Path, photos: Path, other_model: Path
) -> None:
    with opened.asked():
        assert opened.problem is None
    with Engine.open(own_library, model=str(other_model), device="cpu") as engine:
        engine.index([photos])
    deadline = time.monotonic() + PATIENCE_S
    while opened.problem is None and time.monotonic() < deadline:
        assert opened.exists()  # answered from the state before
    assert "was made by the model 'other'" in (opened.problem or "")
