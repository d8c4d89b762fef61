"""Crashes, full disks and damaged files: nothing lost, nothing twice, and a person is told what happened."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from damage import edit_manifest
from damage import flip as flip_file

from index import LibraryDamagedError, LibraryError, LibraryReader, LibraryWriter, SearchParams
from index.candidates.manifest import MANIFEST, read_manifest

ROOT = Path(__file__).resolve().parents[3]

CHILD = """
import os, signal, sys
from pathlib import Path
import numpy as np
from index import BuildSpec, LibraryWriter, PhotoRow

folder, die = Path(sys.argv[1]), sys.argv[2]
writer = LibraryWriter.open(folder, max_rows=60)
writer.use_build(BuildSpec("tiny", "f1" * 32, 5, 12, True))
known = dict(writer.known_photos())
for start in range(0, 100000, 4):
    numbers = [n for n in range(start, start + 4) if f"/{n}.jpg" not in known]
    rows = [PhotoRow(f"/{n}.jpg", 1, 2, f"h{n}", 3, 4, "PNG") for n in numbers]
    vectors = np.stack([np.random.default_rng(n).standard_normal((6, 12)) for n in numbers]).astype(np.float16)
    if die == "before commit" and start == 40:
        with writer._work.transaction():
            writer._work.append("photos", vectors.reshape(-1, 12), [6] * len(numbers))
            os.kill(os.getpid(), signal.SIGKILL)
    writer.add_photos(rows, vectors, np.zeros((len(rows), 5, 4), np.float32), np.zeros((len(rows), 5), np.float32))
    print(start + 4, flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is a matter of Unix")
@pytest.mark.parametrize("die", ["before commit", "at any time"])
@pytest.mark.parametrize("first", ["reader", "writer"])
def test_a_killed_writer_loses_nothing_and_leaves_nothing_twice(plain: Any, die: str, first: str) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(plain.folder), die],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    written = 0
    for line in child.stdout:
        written = int(line)
        if die == "at any time" and written >= 100:
            child.kill()
            break
    written = max([written, *map(int, child.stdout.read().split())])
    child.stdout.close()
    assert child.wait(60) == -signal.SIGKILL
    if first == "writer":
        with LibraryWriter.open(plain.folder) as writer:
            writer.use_build(plain.spec)
            in_files = sum(path.stat().st_size for path in plain.folder.rglob("photos/*.f16")) // (6 * 12 * 2)
            assert in_files == len(list(writer.known_photos()))
            plain.add(writer, ["/after.jpg"])
            writer.finish()
    with LibraryReader.open(plain.folder, plain.warnings.append, verify=True) as reader:
        num_killed = reader.num_photos - (first == "writer")
        assert num_killed in (written, written + 4)  # a batch may have been committed and not yet printed
        for number in range(num_killed):
            photo_id = reader.photo_id_of_path(f"/{number}.jpg")
            expected = np.random.default_rng(number).standard_normal((6, 12)).astype(np.float16)
            assert photo_id is not None
            np.testing.assert_array_equal(reader.photo_vectors([photo_id])[0], expected.astype(np.float32))
        found = reader.search_photos(plain.query(), 10**6)
        assert len(found) == len({number for number, _ in found}) == reader.num_photos
        if first == "writer":
            photo_id = reader.photo_id_of_path("/after.jpg")
            assert photo_id is not None
            after = plain.vectors["/after.jpg"].astype(np.float32)
            np.testing.assert_array_equal(reader.photo_vectors([photo_id])[0], after)


def test_bytes_without_a_commit_are_no_photos(plain: Any) -> None:
    plain.fill(5)
    segment = next(plain.folder.rglob("photos/*.f16"))
    size = segment.stat().st_size
    with segment.open("ab") as file:
        file.write(b"x" * 1001)
    plain.assert_holds_what_was_added()
    with LibraryWriter.open(plain.folder) as writer:
        writer.use_build(plain.spec)
        assert segment.stat().st_size == size
        plain.add(writer, ["/new.jpg"])
    plain.assert_holds_what_was_added()


def test_a_damaged_segment_stops_a_search_and_is_named(plain: Any) -> None:
    plain.fill(20, max_rows=60)
    segment = sorted(plain.folder.rglob("photos/*.f16"))[1]
    os.truncate(segment, 7)
    with pytest.raises(LibraryDamagedError, match=r"photos/000001\.f16.*holds 7 bytes.*rebuild-vectors"):
        plain.reader()
    with LibraryWriter.open(plain.folder) as writer, pytest.raises(LibraryDamagedError, match=r"000001\.f16"):
        writer.use_build(plain.spec)


def test_a_full_disk_undoes_the_batch_and_the_writer_goes_on(plain: Any) -> None:
    plain.fill(2)
    with LibraryWriter.open(plain.folder) as writer:
        writer.use_build(plain.spec)
        connection = writer._work._connection
        with connection.begin():
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        held = dict(plain.vectors), dict(plain.boxes)
        with pytest.raises(LibraryError, match=r"disk that holds .* is full"):
            plain.add(writer, [f"/more/{number}.jpg" for number in range(500)])
        plain.vectors, plain.boxes = held
        plain.assert_holds_what_was_added()
        with connection.begin():
            connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
        plain.add(writer, ["/new.jpg"])
    plain.assert_holds_what_was_added()


def faiss_file(folder: Path) -> Path:
    (path,) = folder.glob("regions-*.faiss")
    return path


def flip(folder: Path) -> None:
    flip_file(faiss_file(folder))


def cut(folder: Path) -> None:
    os.truncate(faiss_file(folder), 20)


def lose(folder: Path) -> None:
    faiss_file(folder).unlink()


def scribble(folder: Path) -> None:
    (folder / MANIFEST).write_text("{ not json")


def other_types(folder: Path) -> None:
    edit_manifest(folder, generation="many")


def swap(folder: Path) -> None:
    """A whole file, of another index, that the manifest vouches for."""
    import zlib

    faiss_file(folder).write_bytes(b"whole but no index")
    edit_manifest(folder, num_bytes=18, crc32=zlib.crc32(b"whole but no index"))


DAMAGES = [
    (flip, "has checksum"),
    (cut, "holds 20 bytes"),
    (lose, "is missing"),
    (scribble, "could not be read"),
    (other_types, "could not be read"),
]


@pytest.mark.parametrize(("damage", "found"), DAMAGES)
def test_a_damaged_index_is_rebuilt_by_a_reader_that_says_so(plain: Any, damage: Any, found: str) -> None:
    plain.fill(20)
    damage(plain.folder)
    query = plain.query()
    with plain.reader() as reader:
        (warning,) = plain.warnings
        assert found in warning
        assert "from the vectors" in warning
        assert len(reader.search_photos(query, 20, SearchParams("approximate"))) == 20
    with plain.reader():
        assert len(plain.warnings) == 1  # it was written, too
    faiss_file(plain.folder)  # exactly one is left


@pytest.mark.parametrize(("damage", "found"), DAMAGES)
def test_a_damaged_index_is_rebuilt_by_the_writer_that_says_so(plain: Any, damage: Any, found: str) -> None:
    plain.fill(20)
    damage(plain.folder)
    with LibraryWriter.open(plain.folder) as writer:
        writer.use_build(plain.spec)
        (warning,) = writer.finish()
        assert found in warning
        assert writer.finish() == []
    with plain.reader():
        assert plain.warnings == []


def test_an_index_that_faiss_cannot_read_is_rebuilt_when_it_is_needed(plain: Any) -> None:
    plain.fill(20)
    swap(plain.folder)
    with plain.reader() as reader:
        assert len(reader.search_photos(plain.query(), 20, SearchParams("approximate"))) == 20
    (warning,) = plain.warnings
    assert "cannot be read" in warning


def test_an_index_that_is_behind_is_caught_up(plain: Any) -> None:
    plain.fill(20)
    with LibraryWriter.open(plain.folder) as writer:
        writer.use_build(plain.spec)
        plain.add(writer, [f"/new/{number}.jpg" for number in range(5)])
    with plain.reader() as reader:
        assert plain.warnings == ["The FAISS file covered 20 of 25 photo records; the rest were added."]
        assert len(reader.search_photos(plain.query(), 99, SearchParams("approximate"))) == 25
    manifest = read_manifest(plain.folder)
    assert manifest is not None
    assert (manifest.generation, manifest.num_records) == (2, 25)


def test_a_catalogue_from_a_backup_does_not_trust_a_newer_index(plain: Any) -> None:
    plain.fill(10)
    database = plain.folder / "library.sqlite3"
    backup = database.read_bytes()
    with LibraryWriter.open(plain.folder) as writer:
        writer.use_build(plain.spec)
        plain.add(writer, [f"/lost/{number}.jpg" for number in range(10)])
        writer.finish()
    database.write_bytes(backup)
    for number in range(10):
        del plain.vectors[f"/lost/{number}.jpg"]
    with LibraryWriter.open(plain.folder) as writer:
        writer.use_build(plain.spec)
        plain.add(writer, [f"/new/{number}.jpg" for number in range(10)])
        writer.finish()
    plain.assert_holds_what_was_added()
    query = plain.query(1)
    with plain.reader() as reader:
        few = SearchParams("approximate", num_candidates=2)
        best_region = max(plain.vectors, key=lambda path: float((plain.vectors[path][:5] @ query.words[0]).max()))
        found = reader.photos([number for number, _ in reader.search_photos(query, 3, few)])
        assert best_region in [photo.path for photo in found]
