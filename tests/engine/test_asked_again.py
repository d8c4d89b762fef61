"""A library that cannot be locked and changes under a question: the question is put again, to the new state."""

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from other_user import OtherUser, public_folder

from index import LibraryWriter

ASKING = """
import shutil, tempfile
import engine.search.explain, engine.search.by_example
from engine.api import Engine
from engine.errors import LibraryChangedError
from engine.opened import asked_steadily
from engine.sharing import SharedEngine

class Looking:
    def __init__(self, changes):
        self.tries, self.changes = 0, changes
    def __call__(self, reader):
        self.tries += 1
        ids = reader.photo_ids.tolist()
        before = len(reader.photos(ids))
        if self.tries <= self.changes:
            tell("looked once")
            wait()
        return f"{before} and {len(reader.photos(ids))} after {self.tries}"

class Asking(Engine):
    @asked_steadily
    def look(self, looking):
        return looking(self.reader)

shared = SharedEngine(FOLDER, model="default", device="cpu", at_once=False)
shared.model
with tempfile.TemporaryDirectory() as other:  # imports what reading imports
    shutil.copytree(FOLDER, other, dirs_exist_ok=True)
    SharedEngine(Path(other), device="cpu").close()
become_another()
alone = Asking.open(FOLDER, device="cpu")
def by_engine(changes):
    return alone.look(Looking(changes))
def by_shared_engine(changes):
    looking = Looking(changes)
    return shared.ask(lambda lease: looking(lease.engine.reader))
"""


@pytest.fixture
def public(library: Path) -> Iterator[Path]:
    """A copy of the library that everybody may read."""
    with public_folder() as base:
        folder = shutil.copytree(library, base / "library")
        with LibraryWriter.open(folder):  # folds a log in that was copied along, and removes it
            pass
        settle(folder)
        yield folder


def settle(folder: Path) -> None:
    """As if it had been written a while ago: what was written just now is not opened at once."""
    os.utime(folder / "library.sqlite3", (time.time() - 60, time.time() - 60))


def forget_one(folder: Path) -> None:
    with LibraryWriter.open(folder) as writer:
        writer.remove_photos([min(photo.photo_id for _, photo in writer.known_photos())])
    settle(folder)


def test_a_question_is_asked_again_of_the_new_state(public: Path) -> None:
    other = OtherUser(
        ASKING + "for ask in (by_engine, by_shared_engine):\n    tell(ask(changes=1))\n    wait()", public
    )
    for photos in (7, 6):
        assert other.hear() == "looked once"
        forget_one(public)
        other.go_on()
        assert other.hear() == f"{photos} and {photos} after 2"
        other.go_on()
    assert other.end() == []


def test_a_library_that_goes_on_changing_is_said(public: Path) -> None:
    code = """
for ask in (by_engine, by_shared_engine):
    try:
        tell(ask(changes=9))
    except LibraryChangedError as error:
        tell(error)
    wait()
"""
    other = OtherUser(ASKING + code, public)
    for _ in range(2):
        for _ in range(3):
            assert other.hear() == "looked once"
            forget_one(public)
            other.go_on()
        said = other.hear()
        assert "was written while it was read" in said
        assert said.endswith("Ask again when that is done.")
        other.go_on()
    assert other.end() == []
