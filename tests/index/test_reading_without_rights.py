"""A reader that may not write to the folder, while somebody else writes: right answers, the new state, never half."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from other_user import OtherUser, public_folder

from index import LibraryWriter
from index.catalogue.connection import DATABASE

READER = """
import json, random, time
import index.candidates.candidate_index
from index import LibraryChangedError, LibraryError, LibraryReader, read_status
from index.store.opened_file import steadily
class Asked:
    reader = None
    def answer(self):  # what an Engine does
        if self.reader is None or self.reader.changed():
            if self.reader is not None:
                self.reader.close()
            self.reader = LibraryReader.open(FOLDER, lambda text: None)
        reader, ids = self.reader, self.reader.photo_ids.tolist()
        kinds = {Path(photo.path).name[0] for photo in reader.photos(ids)}
        boxes, vectors = reader.boxes(ids), reader.photo_vectors(ids)
        assert len(boxes) == len(vectors) == reader.num_photos == len(ids)
        return f"{reader.num_photos} {''.join(sorted(kinds))}"
"""


@pytest.fixture
def public(plain: Any) -> Iterator[Any]:
    """A library of three photos in a folder that everybody may look into; it was written a while ago."""
    with public_folder() as base:
        plain.folder = base / "library"
        plain.fill(3)
        settle(plain.folder)
        yield plain


def settle(folder: Path) -> None:
    os.utime(folder / DATABASE, (time.time() - 60, time.time() - 60))


def forget_one(folder: Path) -> None:
    with LibraryWriter.open(folder) as writer:
        writer.remove_photos([min(photo.photo_id for _, photo in writer.known_photos())])


def test_a_change_under_a_question_is_said_and_the_next_one_sees_it(public: Any) -> None:
    code = """
become_another()
reader = LibraryReader.open(FOLDER, lambda text: None)
tell(reader._database.file.is_locked, reader.changed(), len(reader.photos(reader.photo_ids.tolist())))
wait()
try:
    tell(reader.photos(reader.photo_ids.tolist()))
except LibraryChangedError as error:
    tell(error)
tell(reader.changed(), LibraryReader.open(FOLDER, lambda text: None).num_photos, read_status(FOLDER).photos)
"""
    other = OtherUser(READER + code, public.folder)
    assert other.hear() == "False False 3"
    forget_one(public.folder)
    other.go_on()
    said = other.hear()
    assert "was written while it was read" in said
    assert "Ask again" in said
    assert other.end() == ["True 2 2"]


def test_a_file_that_was_just_written_is_looked_at_again_when_its_clock_has_moved_on(public: Any) -> None:
    """Two changes within one tick give a file the same time, so none can be told from the state before it."""
    os.utime(public.folder / DATABASE)
    began = time.time()
    other = OtherUser(READER + "become_another()\ntell(Asked().answer(), time.time())", public.folder)
    answer, at = other.hear().rsplit(" ", 1)
    assert answer == "3 012"
    assert float(at) - began > 1.9
    other.end()


def test_sqlites_locks_are_taken_where_its_files_are_there(public: Any) -> None:
    code = """
become_another()
asked = Asked()
for _ in range(3):
    tell(asked.answer(), asked.reader._database.file.is_locked)
    wait()
"""
    with LibraryWriter.open(public.folder) as writer:
        writer.use_build(public.spec)
        other = OtherUser(READER + code, public.folder)
        assert other.hear() == "3 012 True"
        public.add(writer, ["/photos/a.jpg"])
        other.go_on()
        assert other.hear() == "4 012a True"
    forget_one(public.folder)
    other.go_on()
    assert other.hear() == "3 12a True"
    other.go_on()
    other.end()


def test_a_log_that_is_half_written_when_it_is_looked_at_is_a_change(public: Any) -> None:
    """Its index says everything twice: a writer may be between the two, and a reader without rights cannot mend it."""
    code = """
become_another()
asked = Asked()
tell(asked.answer(), asked.reader._database.file.is_locked)
wait()
tell(asked.reader.changed())
wait()
tell(asked.answer())
"""
    with LibraryWriter.open(public.folder) as writer:
        writer.use_build(public.spec)
        public.add(writer, ["/photos/a.jpg"])
        other = OtherUser(READER + code, public.folder)
        assert other.hear() == "4 012a True"
        with Path(f"{public.folder / DATABASE}-shm").open("r+b", buffering=0) as log_index:
            whole = log_index.read(16)
            log_index.seek(0)
            log_index.write(bytes(255 - byte for byte in whole))
            other.go_on()
            assert other.hear() == "True"
            log_index.seek(0)
            log_index.write(whole)
        other.go_on()
        assert other.end() == ["4 012a"]


def test_a_reader_beside_a_writer_gives_right_answers_only(public: Any) -> None:
    """Three photos, or forty more, of another kind; the writer comes and goes, and each time folds its log in."""
    code = """
become_another()
seen, ways, opened = set(), set(), 0
tell("ready")
until = time.monotonic() + 200
while (opened < 60 or len(seen - {"changed"}) < 2 or len(ways) < 2) and time.monotonic() < until:
    asked, opened = Asked(), opened + 1
    for _ in range(5):
        try:
            seen.add(steadily(asked.answer))
        except LibraryChangedError:
            seen.add("changed")
        ways.add(asked.reader._database.file.is_locked)
    asked.reader.close()  # it would keep the log, and the locks with it
    time.sleep(random.random() / 20)
tell(json.dumps([sorted(seen - {"changed"}), sorted(ways)]))
"""
    other = OtherUser(READER + code, public.folder)
    assert other.hear() == "ready"
    extra = [f"/photos/x{number}.jpg" for number in range(40)]
    rounds = 0
    while other.is_running():
        with LibraryWriter.open(public.folder) as writer:
            writer.use_build(public.spec)
            known = dict(writer.known_photos())
            if extra[0] in known:
                writer.remove_photos([known[path].photo_id for path in extra])
            else:
                public.add(writer, extra)
        settle(public.folder)
        rounds += 1
        time.sleep(0.05)
    (line,) = other.end()
    assert rounds > 5
    assert line == '[["3 012", "43 012x"], [false, true]]'
