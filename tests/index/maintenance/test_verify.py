"""Every kind of damage is found, and mended as promised: nothing is lost that can be made again."""

import os
import sqlite3
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from damage import edit_manifest, flip, seal_as_it_is
from sqlalchemy import Connection

from index import (
    KnownPhoto,
    LibraryLockedError,
    LibraryMissingError,
    LibraryReader,
    LibraryWriter,
    SearchParams,
    verify_library,
)
from index.candidates.manifest import MANIFEST
from index.catalogue.builds import BuildRepository
from index.catalogue.connection import read_once
from index.catalogue.photos import PhotoRepository

DATABASE = "library.sqlite3"
TEXTS = ("one", "two words", "three words here")


@pytest.fixture
def library(plain: Any) -> Any:
    """Thirty photos in segments of ten, three sentences in two segments."""
    plain.fill(30, max_rows=60)
    with LibraryWriter.open(plain.folder, max_rows=5) as writer:
        writer.use_build(plain.spec)
        rows = plain.rng.standard_normal((9, 12)).astype(np.float16)
        writer.replace_sentence_file(["x"], TEXTS)
        writer.add_sentences(TEXTS, ["x"] * 3, rows, np.array([1, 2, 3]))
        writer.finish()
    assert verify_library(plain.folder) == []
    return plain


def run_sql(maker: Any, *statements: str) -> None:
    with closing(sqlite3.connect(maker.folder / DATABASE, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)
    seal_as_it_is(maker.folder)


def edit_regions(maker: Any, photo_id: int, edit: Callable[[bytes], bytes]) -> None:
    with closing(sqlite3.connect(maker.folder / DATABASE)) as connection, connection:
        ((numbers,),) = connection.execute("SELECT numbers FROM photo_regions WHERE photo_id = ?", (photo_id,))
        connection.execute("UPDATE photo_regions SET numbers = ? WHERE photo_id = ?", (edit(numbers), photo_id))
    seal_as_it_is(maker.folder)


def with_number(place: int, number: float) -> Callable[[bytes], bytes]:
    def edit(data: bytes) -> bytes:
        numbers = np.frombuffer(data, "<f4").copy()
        numbers[place] = number
        return numbers.tobytes()

    return edit


def segment(maker: Any, number: int, kind: str = "photos") -> Path:
    (path,) = maker.folder.glob(f"vectors/*/{kind}/{number:06d}.f16")
    return Path(path)


def flip_a_bit(path: Path) -> None:
    """Damage that no time of the file tells of."""
    times = path.stat()
    flip(path)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def foreign_index(maker: Any) -> None:
    """A whole file of something else, that the manifest vouches for."""
    (path,) = maker.folder.glob("regions-*.faiss")
    path.write_bytes(b"no index")
    edit_manifest(maker.folder, num_bytes=8, crc32=zlib.crc32(b"no index"))


def write(path: Path, data: bytes = b"x") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"x" * 1001)


def vectors(maker: Any) -> Path:
    return segment(maker, 0).parents[1]


NO_BOXES = "1 photos have regions that are not boxes inside of the photo"

# name: the damage, the kind of problem, a part of its text, the photos and the sentences to be embedded again
DAMAGES: dict[str, tuple[Callable[[Any], object], str, str, int, int]] = {
    "bit of a segment": (lambda it: flip_a_bit(segment(it, 1)), "vectors", "10 photos were in it", 10, 0),
    "segment cut short": (lambda it: os.truncate(segment(it, 2), 7), "vectors", "000002.f16 was damaged", 10, 0),
    "segment missing": (lambda it: segment(it, 0).unlink(), "vectors", "000000.f16 was damaged", 10, 0),
    "sentences damaged": (lambda it: flip_a_bit(segment(it, 1, "sentences")), "vectors", "1 sentences were in", 0, 1),
    "record too large": (
        lambda it: run_sql(it, "UPDATE photo_records SET record = record + 30 WHERE photo_id IN (3, 5)"),
        "records", "2 photos have records outside the 30", 2, 0,
    ),
    "record negative": (
        lambda it: run_sql(it, "UPDATE photo_records SET record = -1 WHERE photo_id = 3"), "records", "1 photos", 1, 0,
    ),
    "record of another photo": (
        lambda it: run_sql(it, "UPDATE photo_records SET record = 4 WHERE photo_id = 9"),
        "records", "2 photos share vectors with a photo of another content", 2, 0,
    ),
    "region lost": (
        lambda it: edit_regions(it, 3, lambda data: data[:80]), "records", "1 photos do not have 5 regions", 1, 0,
    ),
    "region too many": (
        lambda it: edit_regions(it, 3, lambda data: data + data[:20]), "records", "1 photos do not have 5", 1, 0,
    ),
    "region cut short": (
        lambda it: edit_regions(it, 3, lambda data: data[:-1]), "records", "1 photos do not have 5 regions", 1, 0,
    ),
    "all regions lost": (
        lambda it: run_sql(it, "DELETE FROM photo_regions WHERE photo_id < 4"), "records", "3 photos do not have", 3, 0,
    ),
    "region without numbers": (
        lambda it: edit_regions(it, 3, with_number(7, np.nan)), "records", NO_BOXES, 1, 0,
    ),
    "region out of the photo": (
        lambda it: edit_regions(it, 3, with_number(0, -0.001)), "records", NO_BOXES, 1, 0,
    ),
    "region beyond the photo": (
        lambda it: edit_regions(it, 3, with_number(23, 1.001)), "records", NO_BOXES, 1, 0,
    ),
    "region of infinite score": (
        lambda it: edit_regions(it, 3, with_number(24, np.inf)), "records", NO_BOXES, 1, 0,
    ),
    "sentence out of range": (
        lambda it: run_sql(it, "UPDATE sentence_records SET start = 8 WHERE sentence_id = 2"),
        "records", "1 sentences lie outside", 0, 1,
    ),
    "sentence across segments": (
        lambda it: run_sql(it, "UPDATE sentence_records SET start = 3 WHERE sentence_id = 2"),
        "records", "1 sentences lie outside", 0, 1,
    ),
    "sentence of negative length": (
        lambda it: run_sql(it, "UPDATE sentence_records SET num_words = -3 WHERE sentence_id = 3"),
        "records", "1 sentences lie outside", 0, 1,
    ),
    "orphaned records": (
        lambda it: run_sql(it, "PRAGMA foreign_keys = OFF", "DELETE FROM photos WHERE id = 7"),
        "catalogue", "1 rows of the table photo_records belong to nothing in the table photos", 0, 0,
    ),
    "orphaned regions": (
        lambda it: run_sql(it, "PRAGMA foreign_keys = OFF", "DELETE FROM photo_records WHERE photo_id = 7"),
        "catalogue", "1 rows of the table photo_regions belong to nothing", 1, 0,
    ),
    "index of SQLite": (
        lambda it: run_sql(
            it, "PRAGMA writable_schema = ON",
            "CREATE TABLE copied AS SELECT * FROM sqlite_master WHERE name = 'ix_photos_content_hash'",
            "DELETE FROM sqlite_master WHERE name = 'ix_photos_content_hash'", "PRAGMA writable_schema = RESET",
            "INSERT INTO photos SELECT 99, '/late.jpg', size, mtime_ns, 'late', width, height, format, taken_at,"
            " camera, latitude, longitude, added_at, utc_offset_minutes, pixel_hash, perceptual_hash, missing_since,"
            " metadata_stamp, ctime_ns, text_reader, taken_precision, file_rating, file_label FROM photos WHERE id = 1",
            "INSERT INTO full_text(rowid, words) VALUES (99, 'late jpg')",
            "PRAGMA writable_schema = ON", "INSERT INTO sqlite_master SELECT * FROM copied",
            "PRAGMA writable_schema = RESET", "DROP TABLE copied",
        ),
        "catalogue", "its indexes were made again", 1, 0,
    ),
    "FAISS bit": (lambda it: flip_a_bit(next(it.folder.glob("regions-*.faiss"))), "index", "has checksum", 0, 0),
    "FAISS missing": (lambda it: next(it.folder.glob("regions-*.faiss")).unlink(), "index", "is missing", 0, 0),
    "FAISS of something else": (foreign_index, "index", "cannot be read", 0, 0),
    "FAISS count": (lambda it: edit_manifest(it.folder, num_records=29), "index", "holds 150 vectors", 0, 0),
    "FAISS ahead": (lambda it: edit_manifest(it.folder, num_records=31), "index", "speaks of 31 photo records", 0, 0),
    "manifest": (lambda it: (it.folder / MANIFEST).write_text("{"), "index", "could not be read", 0, 0),
    "uncommitted bytes": (lambda it: append(segment(it, 2)), "leftover", "1001 bytes that were never", 0, 0),
    "uncommitted segment": (lambda it: write(vectors(it) / "photos/000003.f16"), "leftover", "000003.f16", 0, 0),
    "temporary segment": (lambda it: write(vectors(it) / "photos/000001.f16.7.tmp"), "leftover", "f16.7.tmp", 0, 0),
    "older temporary segment": (lambda it: write(vectors(it) / "photos/000001.f16.tmp"), "leftover", "f16.tmp", 0, 0),
    "old FAISS file": (lambda it: write(it.folder / "regions-000001-0.faiss"), "leftover", "belongs to nothing", 0, 0),
    "temporary FAISS file": (lambda it: write(it.folder / "regions-000001-0.faiss.7.tmp"), "leftover", "7.tmp", 0, 0),
    "temporary manifest": (lambda it: write(it.folder / "manifest.json.7.tmp"), "leftover", "json.7.tmp", 0, 0),
    "old generation": (
        lambda it: write(it.folder / f"vectors/{vectors(it).name}-1/photos/000000.f16"), "leftover", "-1 holds", 0, 0,
    ),
    "old model": (lambda it: write(it.folder / "vectors/9-abc/photos/000000.f16"), "leftover", "9-abc holds", 0, 0),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_found_and_mended(library: Any, name: str) -> None:
    damage, kind, text, num_photos, num_sentences = DAMAGES[name]
    damage(library)
    before = {path: path.stat().st_size for path in library.folder.rglob("*") if path.is_file()}
    found = verify_library(library.folder)
    assert {problem.kind for problem in found} == {kind}
    assert not any(problem.repaired for problem in found)
    assert all(problem.harmless == (kind == "leftover") for problem in found)
    assert not any("\n" in problem.text for problem in found)
    after = {path: path.stat().st_size for path in library.folder.rglob("*") if path.is_file()}
    untouched = {path for path in before if not path.name.startswith(DATABASE)}
    assert {path: after.get(path) for path in untouched} == {path: before[path] for path in untouched}

    mended = verify_library(library.folder, repair=True)
    assert [problem.kind for problem in mended] == [problem.kind for problem in found]
    assert all(problem.repaired and problem.harmless for problem in mended)
    assert any(text in problem.text for problem in mended), mended
    assert verify_library(library.folder) == []

    known = known_photos(library)
    lost = [path for path, photo in known.items() if not photo.embedded]
    assert len(lost) == num_photos
    with LibraryWriter.open(library.folder) as writer:  # what `engine index` does then
        writer.use_build(library.spec)
        again = writer.sentences_to_embed()
        assert len(again) == num_sentences
        for path in lost:
            library.add(writer, [path], content=known[path].content_hash)
        writer.finish()
    for path in [path for path in library.vectors if path not in known]:
        del library.vectors[path]
    library.assert_holds_what_was_added()
    query = library.query()
    with library.reader() as reader:
        exact = reader.search_photos(query, 99)
        assert len(exact) == len(known)
        everything = SearchParams("approximate", num_candidates=10**6)
        assert [number for number, _ in reader.search_photos(query, 99, everything)] == [number for number, _ in exact]
        photos = reader.photos([number for number, _ in exact])
        assert [photo.path for photo in photos] == [path for path, _ in library.slow_search(query)]
    assert verify_library(library.folder) == []


def test_captions_and_metadata_survive_the_repair_of_vectors(library: Any) -> None:
    before = known_photos(library)
    segment(library, 0).unlink()
    verify_library(library.folder, repair=True)
    after = known_photos(library)
    assert after.keys() == before.keys()
    assert [photo.content_hash for photo in after.values()] == [photo.content_hash for photo in before.values()]


def known_photos(library: Any) -> dict[str, KnownPhoto]:
    """As the database has them: a writer mends what it finds."""

    def ask(connection: Connection) -> dict[str, KnownPhoto]:
        build = BuildRepository(connection).current_build()
        return dict(PhotoRepository(connection).known_photos(None if build is None else build.build_id, 0))

    return read_once(library.folder, ask)


def test_all_damages_at_once(library: Any) -> None:
    for name in ("bit of a segment", "region lost", "orphaned records", "FAISS bit", "uncommitted bytes", "old model"):
        DAMAGES[name][0](library)
    found = verify_library(library.folder)
    assert [problem.kind for problem in found] == ["catalogue", "vectors", "records", "leftover", "index", "leftover"]
    assert all(problem.repaired for problem in verify_library(library.folder, repair=True))
    assert verify_library(library.folder) == []


def test_a_catalogue_that_sqlite_cannot_read_is_said_to_be_beyond_repair(library: Any) -> None:
    path = library.folder / DATABASE
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 40_000)
    for repair in (False, True):
        found = verify_library(library.folder, repair=repair)
        assert {problem.kind for problem in found} == {"catalogue"}
        assert not any(problem.repaired for problem in found)
    path.write_bytes(b"not a database at all" * 1000)
    (problem,) = verify_library(library.folder, repair=True)
    assert problem.kind == "catalogue"
    assert "backup" in problem.text
    assert segment(library, 0).is_file()


def test_segments_that_the_catalogue_lost_need_all_vectors_made_again(library: Any) -> None:
    run_sql(library, "DELETE FROM segments WHERE kind = 'photos' AND number = 0")
    problems = verify_library(library.folder, repair=True)
    assert any("--rebuild-vectors" in problem.text and not problem.repaired for problem in problems)


def test_strange_files_are_named_and_never_touched(library: Any) -> None:
    strange = [
        library.folder / "vectors" / "notes.txt",
        vectors(library) / "photos" / "my photo.jpg",
        vectors(library) / "more" / "file",
    ]
    for path in strange:
        write(path)
    write(vectors(library) / ".DS_Store")
    for _ in range(2):
        found = verify_library(library.folder, repair=True)
        assert [problem.kind for problem in found] == ["strange"] * 3
        assert all(problem.harmless and not problem.repaired for problem in found)
    assert all(path.read_bytes() == b"x" for path in strange)


def test_a_library_that_is_empty_not_there_or_in_use(plain: Any) -> None:
    with pytest.raises(LibraryMissingError):
        verify_library(plain.folder)
    assert not plain.folder.exists()
    with LibraryWriter.open(plain.folder), pytest.raises(LibraryLockedError):
        verify_library(plain.folder, timeout_s=0.1)
    assert verify_library(plain.folder) == []
    with LibraryWriter.open(plain.folder) as writer:
        writer.use_build(plain.spec)
    assert verify_library(plain.folder) == verify_library(plain.folder, repair=True) == []


def test_an_index_that_is_behind_or_not_there_is_no_problem(library: Any) -> None:
    with LibraryWriter.open(library.folder) as writer:
        writer.use_build(library.spec)
        library.add(writer, ["/new.jpg"])
    assert verify_library(library.folder) == []
    (library.folder / MANIFEST).unlink()
    next(library.folder.glob("regions-*.faiss")).unlink()
    assert verify_library(library.folder) == []


def test_a_reader_that_is_open_notices_nothing_of_a_repair(library: Any) -> None:
    query = library.query()
    with LibraryReader.open(library.folder, library.warnings.append) as reader:
        before = reader.search_photos(query, 99)
        DAMAGES["region lost"][0](library)
        DAMAGES["uncommitted bytes"][0](library)
        verify_library(library.folder, repair=True)
        assert reader.search_photos(query, 99) == before
