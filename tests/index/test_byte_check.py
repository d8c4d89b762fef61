"""Bytes that are not what was written: found in every file at opening or soon after, said by name, never in vain."""

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from damage import flip_bit

from index import LibraryDamagedError, LibraryReader, LibraryWriter, byte_check, compact_library, verify_library
from index.catalogue.connection import DATABASE, open_for_writing
from index.catalogue.schema import Photo
from index.store.checksums import SEEN
from index.store.layout import SEAL


@pytest.fixture(autouse=True)
def _as_a_new_process() -> Iterator[None]:
    SEEN.forget()
    yield
    SEEN.forget()


@pytest.fixture
def library(plain: Any) -> Any:
    plain.fill(20, max_rows=60)
    return plain


def damage_of(folder: Path) -> tuple[str, ...]:
    with LibraryReader.open(folder, lambda _: None) as reader:
        assert reader._check is not None
        reader._check.wait(60)
        return reader.damage


def place_of(folder: Path, text: bytes) -> int:
    """The last byte of a text in SQLite's file that stands in no index."""
    return (folder / DATABASE).read_bytes().rindex(text) + len(text) - 1


def index_again(maker: Any, paths: list[str]) -> None:
    with LibraryWriter.open(maker.folder) as writer:
        writer.use_build(maker.spec)
        maker.add(writer, paths)
        writer.finish()


def test_a_whole_library_is_silent(library: Any) -> None:
    assert (library.folder / SEAL).is_file()
    assert damage_of(library.folder) == ()
    assert verify_library(library.folder) == []


@pytest.mark.parametrize("at_once", [True, False], ids=["at opening", "beside the questions"])
def test_a_bit_of_the_catalogue_or_of_the_vectors_is_said_by_name(
    library: Any, at_once: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not at_once:
        monkeypatch.setattr(byte_check, "AT_ONCE", 0)
        monkeypatch.setattr(byte_check, "DELAY_S", 0.0)
    (segment,) = library.folder.glob("vectors/*/photos/000001.f16")
    flip_bit(segment, 500)
    flip_bit(library.folder / DATABASE, place_of(library.folder, b"JPEG"))
    in_catalogue, in_vectors = damage_of(library.folder)
    assert f"{library.folder / DATABASE} is not what was written" in in_catalogue
    assert str(segment) in in_vectors
    assert all("engine verify --repair" in text for text in (in_catalogue, in_vectors))
    assert {problem.kind for problem in verify_library(library.folder)} == {"catalogue", "vectors"}


def test_the_rows_of_the_catalogue_that_are_nonsense_are_its_damage(library: Any) -> None:
    with closing(sqlite3.connect(library.folder / DATABASE)) as connection, connection:
        connection.execute("UPDATE photo_records SET record = 'x' WHERE photo_id = 3")
    with pytest.raises(LibraryDamagedError, match=DATABASE):
        library.reader()


def test_bytes_are_read_once_in_a_process(library: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert damage_of(library.folder) == ()
    flip_bit(next(library.folder.glob("vectors/*/photos/000001.f16")), 500)
    assert damage_of(library.folder) == ()  # it was right when this process looked
    SEEN.forget()
    assert len(damage_of(library.folder)) == 1


def test_of_a_segment_that_grew_the_new_rows_are_read(plain: Any) -> None:
    plain.fill(4)
    (segment,) = plain.folder.glob("vectors/*/photos/000000.f16")
    assert damage_of(plain.folder) == ()
    index_again(plain, ["/new.jpg"])
    size = segment.stat().st_size
    with LibraryReader.open(plain.folder, lambda _: None, verify=False) as reader:
        assert reader.damage == ()
    index_again(plain, ["/newer.jpg"])
    flip_bit(segment, size)
    assert len(damage_of(plain.folder)) == 1


def write_again(maker: Any) -> None:
    index_again(maker, ["/again.jpg"])


def compact(maker: Any) -> None:
    with LibraryWriter.open(maker.folder) as writer:
        writer.use_build(maker.spec)
        writer.remove_photos([1, 2])
    compact_library(maker.folder)


def repair(maker: Any) -> None:
    next(maker.folder.glob("vectors/*/photos/000001.f16")).unlink()
    verify_library(maker.folder, repair=True)


@pytest.mark.parametrize("change", [write_again, compact, repair])
def test_who_writes_seals_what_was_written(library: Any, change: Callable[[Any], None]) -> None:
    before = (library.folder / SEAL).read_bytes()
    change(library)
    assert (library.folder / SEAL).read_bytes() != before
    assert verify_library(library.folder) == []
    SEEN.forget()
    flip_bit(library.folder / DATABASE, place_of(library.folder, b"JPEG"))
    assert len(damage_of(library.folder)) == 1


def test_who_changes_nothing_writes_nothing(library: Any) -> None:
    before = (library.folder / SEAL).stat()
    with LibraryWriter.open(library.folder) as writer:
        writer.use_build(library.spec)
        dict(writer.known_photos())
        writer.finish()
    after = (library.folder / SEAL).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_an_old_seal_says_nothing_of_newer_bytes(library: Any, tmp_path: Path) -> None:
    shutil.copy(library.folder / SEAL, tmp_path / SEAL)
    index_again(library, ["/again.jpg"])
    shutil.copy(tmp_path / SEAL, library.folder / SEAL)
    assert damage_of(library.folder) == ()
    (problem,) = verify_library(library.folder)
    assert problem.kind == "leftover"
    assert "has no checksum" in problem.text
    with LibraryWriter.open(library.folder):
        pass
    assert verify_library(library.folder) == []


@pytest.mark.parametrize("byte", [20, 60, 100])
def test_a_bit_of_the_seal_is_no_alarm(library: Any, byte: int) -> None:
    flip_bit(library.folder / SEAL, byte)
    assert damage_of(library.folder) == ()


def test_a_writer_that_is_interrupted_leaves_no_seal_of_other_bytes(library: Any) -> None:
    engine = open_for_writing(library.folder)
    with engine.connect() as connection:
        with connection.begin():
            connection.execute(Photo.__table__.update().values(width=7))
        connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert damage_of(library.folder) == ()
    assert [problem.kind for problem in verify_library(library.folder)] == ["leftover"]


def test_a_reader_that_keeps_the_log_from_being_folded_in_means_no_seal_until_the_next_run(library: Any) -> None:
    with library.reader() as reader:
        index_again(library, ["/again.jpg"])
        assert reader.damage == ()
        assert damage_of(library.folder) == ()
    with LibraryWriter.open(library.folder):
        pass
    assert verify_library(library.folder) == []


def test_what_is_written_to_a_damaged_catalogue_hides_nothing_until_it_is_repaired(library: Any) -> None:
    flip_bit(library.folder / DATABASE, place_of(library.folder, b"JPEG"))
    index_again(library, ["/again.jpg"])
    (said,) = damage_of(library.folder)
    assert "was found damaged, and was written to since" in said
    index_again(library, ["/and again.jpg"])
    assert damage_of(library.folder) == (said,)
    (problem,) = verify_library(library.folder, repair=True)
    assert problem.kind == "catalogue"
    assert problem.repaired
    assert verify_library(library.folder) == []
    assert damage_of(library.folder) == ()


def test_without_a_seal_the_structure_is_looked_at(library: Any) -> None:
    (library.folder / SEAL).unlink()
    path = library.folder / DATABASE
    page = 4096 * (path.stat().st_size // 4096 // 2)
    with path.open("r+b") as file:
        file.seek(page)
        file.write(b"\xff" * 64)
    try:
        said = damage_of(library.folder)
    except LibraryDamagedError as error:
        said = (str(error),)
    assert said
    assert all(str(path) in text for text in said)


def test_a_check_stands_in_nobody_s_way_and_ends_with_its_reader(library: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(byte_check, "AT_ONCE", 0)
    monkeypatch.setattr(byte_check, "DELAY_S", 3600.0)
    with library.reader() as reader:
        index_again(library, ["/again.jpg"])
        assert any(thread.name == "byte check" for thread in threading.enumerate())
        assert reader.damage == ()
    ends = time.monotonic() + 10
    while any(thread.name == "byte check" for thread in threading.enumerate()):
        assert time.monotonic() < ends
        time.sleep(0.01)


@pytest.mark.parametrize("bit", range(8))
def test_a_bit_of_the_manifest_changes_no_candidates_silently(library: Any, bit: int) -> None:
    (path,) = library.folder.glob("manifest.json")
    content = path.read_bytes()
    place = content.index(b'"num_records": ') + len(b'"num_records": ')
    flip_bit(path, place, bit)
    library.warnings.clear()
    with library.reader() as reader:
        assert reader.num_photos == 20
    assert [text for text in library.warnings if "manifest.json" in text]


def test_the_check_leaves_sqlite_its_locks(maker: Any) -> None:
    maker.fill(4)
    SEEN.forget()
    with LibraryReader.open(maker.folder, pytest.fail) as reader:  # the check opens SQLite's file, and closes it
        program = f"""
from pathlib import Path
from index import LibraryWriter
with LibraryWriter.open(Path({str(maker.folder)!r})) as writer:
    writer.replace_roots(["/elsewhere"])
"""
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        subprocess.run([sys.executable, "-c", program], check=True, env=environment)
        assert reader.changed()  # without its locks its log would have been removed under it
        assert maker.folder.joinpath("library.sqlite3-wal").exists()
