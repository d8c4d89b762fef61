"""Schema 0004: the regions of a photo, which were rows, become one value, and nothing of them is lost."""

import os
import random
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exports import filled
from kills import killing
from older import take_back

from index import LibraryDamagedError, LibraryReader, LibraryWriter, compact_library, verify_library
from index.catalogue import connection as library_connection
from index.catalogue.connection import DATABASE, open_for_reading, open_for_writing
from index.catalogue.revision import REVISION
from index.exchange.exporting import export_library

OLDER = ["0001", "0002", "0003"]
OPENERS = [open_for_reading, open_for_writing]


def select(folder: Path, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        return connection.execute(statement).fetchall()


def values(folder: Path) -> list[tuple[Any, ...]]:
    return select(folder, "SELECT build_id, photo_id, numbers FROM photo_regions")


def revision(folder: Path) -> str:
    return str(select(folder, "SELECT version_num FROM alembic_version")[0][0])


@pytest.mark.parametrize("opener", OPENERS)
@pytest.mark.parametrize("older", OLDER)
def test_regions_of_every_build_are_kept_to_the_bit(plain: Any, older: str, opener: Any) -> None:
    """Two builds, copies, missing photos, photos with captions; every row is what the value holds."""
    filled(plain)
    before = values(plain.folder)
    assert {build for build, _, _ in before} == {1, 2}
    take_back(plain.folder, older)
    rows = select(plain.folder, "SELECT * FROM regions ORDER BY build_id, photo_id, position")
    numbers = np.concatenate([np.frombuffer(value, "<f4") for _, _, value in before]).astype(np.float64)
    np.testing.assert_array_equal(np.array(rows)[:, 3:], numbers.reshape(-1, 5))
    opener(plain.folder).dispose()
    assert revision(plain.folder) == REVISION
    assert values(plain.folder) == before
    assert select(plain.folder, "SELECT 1 FROM sqlite_master WHERE name = 'regions'") == []
    assert verify_library(plain.folder) == []


@pytest.mark.parametrize("older", OLDER)
def test_a_library_without_photos_is_taken_along(plain: Any, older: str) -> None:
    LibraryWriter.open(plain.folder).close()
    take_back(plain.folder, older)
    plain.fill(3)
    plain.assert_holds_what_was_added()
    assert verify_library(plain.folder) == []


def test_an_export_is_the_same_to_the_byte(maker: Any, tmp_path: Path) -> None:
    filled(maker)
    take_back(maker.folder, "0006")  # albums and marks, which came later, have no place in the older schema
    export_library(maker.folder, tmp_path / "before", vectors=True)
    take_back(maker.folder, "0003")
    export_library(maker.folder, tmp_path / "after", vectors=True)
    for path in (tmp_path / "before").iterdir():
        assert (tmp_path / "after" / path.name).read_bytes() == path.read_bytes()


# The damage to the rows of photo 3, and the problems found afterwards.
DAMAGES = {
    "a region lost": ("DELETE FROM regions WHERE photo_id = 3 AND position = 2", "1 photos do not have 5 regions"),
    "the first lost": ("DELETE FROM regions WHERE photo_id = 3 AND position = 0", "1 photos do not have 5 regions"),
    "another number": (
        "UPDATE regions SET position = 9 WHERE photo_id = 3 AND position = 2", "1 photos do not have 5 regions",
    ),
    "one too many": (
        "INSERT INTO regions SELECT photo_id, build_id, 5, x0, y0, x1, y1, 0 FROM regions WHERE photo_id = 3 LIMIT 1",
        "1 photos do not have 5 regions",
    ),
    "all lost": ("DELETE FROM regions WHERE photo_id = 3", "1 photos do not have 5 regions"),
    "text": ("UPDATE regions SET x0 = 'left' WHERE photo_id = 3 AND position = 2", "1 photos do not have 5 regions"),
    "too large": ("UPDATE regions SET objectness = 1e39 WHERE photo_id = 3", "1 photos do not have 5 regions"),
    "infinite": ("UPDATE regions SET objectness = 9e999 WHERE photo_id = 3", "1 photos have regions that are not"),
    "out of the photo": ("UPDATE regions SET x1 = 2 WHERE photo_id = 3", "1 photos have regions that are not boxes"),
    "no record": ("DELETE FROM photo_records WHERE photo_id = 3", "1 rows of the table photo_regions belong to noth"),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGES)
def test_rows_that_were_damaged_are_found_and_mended(plain: Any, name: str) -> None:
    statement, text = DAMAGES[name]
    plain.fill(6)
    take_back(plain.folder, "0003")
    with closing(sqlite3.connect(plain.folder / DATABASE)) as connection, connection:
        connection.execute(statement)
    (problem,) = verify_library(plain.folder)
    assert problem.text.startswith(text)
    assert [problem.repaired for problem in verify_library(plain.folder, repair=True)] == [True]
    assert verify_library(plain.folder) == []
    with plain.reader() as reader:
        assert reader.photo_ids.tolist() == [1, 2, 4, 5, 6]
    with LibraryWriter.open(plain.folder) as writer:
        writer.use_build(plain.spec)
        plain.add(writer, ["/photos/2.jpg"])
        writer.finish()
    plain.assert_holds_what_was_added()


@pytest.mark.parametrize("numbers", [bytes(80), bytes(101), np.full(25, np.nan, "<f4").tobytes()])
def test_a_value_that_cannot_be_read_is_never_shown(plain: Any, numbers: bytes, tmp_path: Path) -> None:
    plain.fill(3)
    with closing(sqlite3.connect(plain.folder / DATABASE)) as connection, connection:
        connection.execute("UPDATE photo_regions SET numbers = ? WHERE photo_id = 2", [numbers])
    with LibraryReader.open(plain.folder, plain.warnings.append) as reader:
        assert reader.boxes([1, 3]).shape == (2, 5, 4)
        with pytest.raises(LibraryDamagedError, match=r"do not have 5 regions.*verify --repair"):
            reader.boxes([1, 2])
    with pytest.raises(LibraryDamagedError, match="do not have 5 regions"):
        export_library(plain.folder, tmp_path / "export")


def test_the_pages_of_the_rows_go_back_to_the_disk(plain: Any) -> None:
    plain.fill(800)
    take_back(plain.folder, "0003")
    before = (plain.folder / DATABASE).stat().st_size
    open_for_reading(plain.folder).dispose()
    assert select(plain.folder, "PRAGMA freelist_count") == [(0,)]
    assert (plain.folder / DATABASE).stat().st_size < 0.8 * before  # the newest schema has more tables
    plain.assert_holds_what_was_added()


def test_without_room_for_a_copy_the_pages_wait_for_a_compaction(plain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    plain.fill(800)
    take_back(plain.folder, "0003")

    def full(_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(library_connection, "shrink", full)
        open_for_reading(plain.folder).dispose()
    before = (plain.folder / DATABASE).stat().st_size
    assert revision(plain.folder) == REVISION
    plain.assert_holds_what_was_added()
    compact_library(plain.folder)
    assert (plain.folder / DATABASE).stat().st_size < 0.8 * before  # the newest schema has more tables
    plain.assert_holds_what_was_added()


MIGRATE = """
import sqlite3
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
import index.catalogue.connection

def work(folder):
    index.catalogue.connection.open_for_reading(folder).dispose()

def call_before(when, count):
    connect = sqlite3.connect
    def connected(*arguments, **options):
        connection = connect(*arguments, **options)
        if when == "statement":
            # What begins with dashes are the steps of a statement about full text, which "progress" reaches too.
            connection.set_trace_callback(lambda text: None if text.startswith("--") else count())
        else:
            connection.set_progress_handler(count, 500)  # of the steps of SQLite's machine
        return connection
    sqlite3.connect = connected
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is a matter of Unix")
def test_killed_at_any_instant_the_next_opening_has_it_all(plain: Any, tmp_path: Path) -> None:
    """Before every ninth statement, in the middle of statements, and at any time."""
    plain.fill(500)  # enough for the pages of the rows to be given back at the end
    before = values(plain.folder)
    take_back(plain.folder, "0003")
    tmp = iter(range(10**6))

    def killed(when: str, value: float) -> str | None:
        """The schema that a killed migration left behind; None when it had ended before."""
        folder = Path(shutil.copytree(plain.folder, tmp_path / str(next(tmp))))
        if not kill(when, value, folder):
            return None
        found = revision(folder)
        OPENERS[int(value) % 2](folder).dispose()
        assert revision(folder) == REVISION
        assert values(folder) == before
        assert all(problem.harmless for problem in verify_library(folder))  # it may be without its seal
        shutil.rmtree(folder)
        return found

    with killing(MIGRATE) as kill:
        seen: set[str] = set()
        for when, step in (("statement", 9), ("progress", 35)):
            left: list[str] = []
            while (schema := killed(when, 1 + step * len(left))) is not None:
                left.append(schema)
            assert left == sorted(left)
            assert len(left) > 6
            seen |= {*left}
        assert seen == {"0003", REVISION}
        started = time.perf_counter()
        kill("statement", 10**6, Path(shutil.copytree(plain.folder, tmp_path / "whole")))
        whole_s = time.perf_counter() - started
        chance = random.Random(0)
        assert {killed("time", chance.uniform(0, whole_s)) for _ in range(12)} <= {"0003", REVISION, None}
