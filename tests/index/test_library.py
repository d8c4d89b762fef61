"""A library written and read back: catalogue, copies, changes, empty libraries, two processes."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from index import (
    LibraryLockedError,
    LibraryMissingError,
    LibraryWriter,
    Query,
    SearchParams,
    WrongModelError,
    read_status,
)

ODD_PATHS = [
    "/a/line\nbreak.jpg",
    '/a/it\'s "quoted".jpg',
    "/a/Ünïcode 写真 🐕.jpg",
    "/a/%s;--.jpg",
    "/a/\udcff\udcfe.jpg",
]


def test_what_was_written_is_read_back(maker: Any) -> None:
    maker.fill(41, max_rows=30)
    maker.assert_holds_what_was_added()


def test_odd_paths_come_back_as_they_were(plain: Any) -> None:
    with LibraryWriter.open(plain.folder) as writer:
        writer.use_build(plain.spec)
        plain.add(writer, ODD_PATHS)
        assert set(dict(writer.known_photos())) == set(ODD_PATHS)
        writer.replace_sentence_file(ODD_PATHS[-1:], ["a"])
        writer.add_sentences(["a"], ODD_PATHS[-1:], np.ones((2, 12), np.float16), np.array([1]))
        writer.use_build(replace(plain.spec, fingerprint="other"))
        assert writer.sentences_to_embed() == [("a", ODD_PATHS[-1], False)]
        writer.use_build(plain.spec)
    plain.assert_holds_what_was_added()
    with plain.reader() as reader:
        ids = [reader.photo_id_of_path(path) for path in reversed(ODD_PATHS)]
        assert [photo.path for photo in reader.photos(ids)] == ODD_PATHS[::-1]


def test_metadata_comes_back(plain: Any) -> None:
    row = replace(
        plain.row("/a.jpg"), taken_at=datetime(2020, 2, 1), taken_precision="month", camera="Ærø", latitude=-1.5,
        longitude=179.9,
    )  # fmt: skip
    with LibraryWriter.open(plain.folder) as writer:
        writer.use_build(plain.spec)
        zeros = np.zeros((1, 6, 12), np.float16), np.zeros((1, 5, 4), np.float32), np.zeros((1, 5), np.float32)
        writer.add_photos([row], *zeros)
    with plain.reader() as reader:
        (photo,) = reader.photos([1])
        assert photo.row() == row


def test_a_changed_photo_keeps_its_number_and_gets_the_new_vectors(plain: Any) -> None:
    plain.fill(5)
    with LibraryWriter.open(plain.folder) as writer:
        writer.use_build(plain.spec)
        before = dict(writer.known_photos())["/photos/2.jpg"]
        plain.add(writer, ["/photos/2.jpg"], content="edited")
        after = dict(writer.known_photos())["/photos/2.jpg"]
        assert after.photo_id == before.photo_id
        assert after.content_hash == "edited"
        assert writer.record_with_content("content of /photos/2.jpg") is None
        assert writer.record_with_content("edited") == 5
        writer.finish()
    plain.assert_holds_what_was_added()
    query = plain.query()
    with plain.reader() as reader:
        found = reader.search_photos(query, 5, SearchParams("approximate"))
        assert [number for number, _ in found] == [number for number, _ in reader.search_photos(query, 5)]


def test_a_copy_shares_the_record_the_regions_and_the_score(plain: Any) -> None:
    plain.fill(4)
    with LibraryWriter.open(plain.folder) as writer:
        writer.use_build(plain.spec)
        copy = writer.link_photo("/moved/1.jpg", 7, 8, "content of /photos/1.jpg")
        assert copy == 5
        assert writer.link_photo("/moved/1.jpg", 7, 9, "content of /photos/1.jpg") == copy
        assert writer.link_photo("/photos/1.jpg", 7, 9, "content of /photos/1.jpg") == 2
        assert writer.link_photo("/x.jpg", 7, 9, "never seen") is None
        assert dict(writer.known_photos())["/moved/1.jpg"].embedded
        assert "/x.jpg" not in dict(writer.known_photos())
    with plain.reader() as reader:
        np.testing.assert_array_equal(*reader.boxes([2, copy]))
        np.testing.assert_array_equal(*reader.photo_vectors([2, copy]))
        assert reader.photos([copy])[0].width == 640
        for params in (SearchParams("exact", copies="all"), SearchParams("approximate", copies="all")):
            found = reader.search_photos(plain.query(), 5, params)
            scores = dict(found)
            assert scores[2] == scores[copy]
            order = [number for number, _ in found]
            assert order.index(copy) == order.index(2) + 1  # equal scores in order of number


def test_a_copy_survives_a_change_of_the_original(plain: Any) -> None:
    plain.fill(4)
    with LibraryWriter.open(plain.folder) as writer:
        writer.use_build(plain.spec)
        writer.link_photo("/copy.jpg", 7, 8, "content of /photos/1.jpg")
        plain.vectors["/copy.jpg"] = plain.vectors["/photos/1.jpg"]
        plain.boxes["/copy.jpg"] = plain.boxes["/photos/1.jpg"]
        plain.add(writer, ["/photos/1.jpg"], content="edited")
    plain.assert_holds_what_was_added()


def test_touched_and_removed_photos(plain: Any) -> None:
    plain.fill(4)
    with LibraryWriter.open(plain.folder) as writer:
        writer.use_build(plain.spec)
        assert writer.link_photo("/photos/1.jpg", 11, 12, "content of /photos/1.jpg") == 2
        known = dict(writer.known_photos())
        assert (known["/photos/1.jpg"].size, known["/photos/1.jpg"].mtime_ns) == (11, 12)
        assert (known["/photos/0.jpg"].size, known["/photos/0.jpg"].mtime_ns) == (100, 200)
        writer.remove_photos([known["/photos/3.jpg"].photo_id])
    del plain.vectors["/photos/3.jpg"]
    plain.assert_holds_what_was_added()
    with plain.reader() as reader:
        for mode in ("exact", "approximate"):
            assert len(reader.search_photos(plain.query(), 9, SearchParams(mode))) == 3
        with pytest.raises(ValueError, match="photo 4 is not in this library"):
            reader.boxes([4])


def test_boxes_and_objectness_come_back_to_the_bit(plain: Any) -> None:
    smallest, largest = np.float32(1e-45), np.finfo(np.float32).max
    boxes = np.array([0, 1, 1 / 3, smallest], np.float32) * np.ones((2, 5, 1), np.float32)
    scores = np.array([[0.1, -largest, largest, smallest, -smallest], [0.5, -0.0, 0, 1, 2]], np.float32)
    with LibraryWriter.open(plain.folder) as writer:
        writer.use_build(plain.spec)
        rows = [plain.row("/a.jpg"), plain.row("/b.jpg")]
        assert writer.add_photos(rows, np.zeros((2, 6, 12), np.float16), boxes, scores) == [1, 2]
    with plain.reader() as reader:
        assert reader.boxes([2, 1, 2]).tobytes() == boxes[[1, 0, 1]].tobytes()
        found = reader.objectness([1, 2])
        assert found.tobytes() == (scores + 0.0).tobytes()  # a zero has no sign
        assert (reader.boxes([]).shape, reader.objectness([]).shape) == ((0, 5, 4), (0, 5))


def test_vectors_and_queries_of_another_shape_are_refused(plain: Any) -> None:
    plain.fill(2)
    boxes, scores = np.zeros((1, 5, 4), np.float32), np.zeros((1, 5), np.float32)
    with LibraryWriter.open(plain.folder) as writer:
        with pytest.raises(RuntimeError, match="use_build"):
            writer.finish()
        writer.use_build(plain.spec)
        with pytest.raises(WrongModelError, match=r"\(1, 5, 12\).*\(1, 6, 12\)"):
            writer.add_photos([plain.row("/a.jpg")], np.zeros((1, 5, 12), np.float16), boxes, scores)
        with pytest.raises(ValueError, match="NaN or infinity"):
            writer.add_photos([plain.row("/a.jpg")], np.full((1, 6, 12), np.inf, np.float16), boxes, scores)
        with pytest.raises(ValueError, match="twice"):
            plain.add(writer, ["/a.jpg", "/a.jpg"])
        vectors = np.zeros((1, 6, 12), np.float16)
        for wrong in (np.nan, -0.01, 1.01):
            with pytest.raises(ValueError, match="inside of its photo"):
                writer.add_photos([plain.row("/a.jpg")], vectors, np.full_like(boxes, wrong), scores)
        with pytest.raises(ValueError, match="no number"):
            writer.add_photos([plain.row("/a.jpg")], vectors, boxes, np.full_like(scores, np.inf))
    with plain.reader() as reader:
        query = plain.query()
        for wrong in (
            Query(query.words),
            Query(query.words[:, :3], query.sentence),
            Query(query.words, np.ones(3, np.float32)),
        ):
            with pytest.raises(WrongModelError):
                reader.search_photos(wrong, 1)
        with pytest.raises(WrongModelError):
            reader.search_sentences(np.zeros((3, 12), np.float32), 1) or reader.search_photos(Query(query.words), 1)


def test_an_empty_library_answers_everything(plain: Any) -> None:
    LibraryWriter.open(plain.folder).close()
    with plain.reader() as reader:
        assert reader.build is None
        assert (reader.num_photos, reader.num_sentences) == (0, 0)
        assert reader.search_photos(Query(np.zeros((1, 3), np.float32)), 5, SearchParams("approximate")) == []
        assert reader.search_sentences(np.zeros((1, 3), np.float32), 5) == []
        assert [len(part) for part in reader.caption_scores(Query(np.zeros((1, 3), np.float32)))] == [0, 0]
        assert reader.captions([1]) == [[]]
        assert reader.photos([]) == []
        assert reader.photo_id_of_path("/a") is None
        status = read_status(plain.folder)
        assert (status.photos, status.regions, status.model_name, status.builds) == (0, 0, "", ())
        assert status.total_bytes == status.sqlite_bytes > 0
        with pytest.raises(ValueError, match="photo 3"):
            reader.photo_vectors([3])
    with LibraryWriter.open(plain.folder) as writer:
        writer.use_build(plain.spec)
        assert writer.finish() == []
    with plain.reader() as reader:
        assert reader.search_photos(plain.query(), 5, SearchParams("approximate")) == []
    assert plain.warnings == []


def test_a_folder_without_a_library_is_said_to_have_none(plain: Any, tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "absent"):
        with pytest.raises(LibraryMissingError, match=r"library\.sqlite3"):
            replace(plain, folder=folder).reader()
    assert list(tmp_path.iterdir()) == []


def test_two_writers_and_a_reader(plain: Any) -> None:
    plain.fill(3)
    with LibraryWriter.open(plain.folder) as writer:
        with pytest.raises(LibraryLockedError, match=r"pid \d+"):
            LibraryWriter.open(plain.folder, timeout_s=0.1)
        writer.use_build(plain.spec)
        with plain.reader() as reader:
            held = dict(plain.vectors)
            plain.add(writer, ["/new.jpg", "/photos/0.jpg"], content="new")
            assert reader.changed()
            assert reader.num_photos == 3
            assert reader.photo_id_of_path("/new.jpg") is None
            np.testing.assert_array_equal(reader.photo_vectors([1])[0], held["/photos/0.jpg"].astype(np.float32))
            assert len(reader.boxes([1, 2, 3])) == 3
    plain.assert_holds_what_was_added()
    LibraryWriter.open(plain.folder, timeout_s=0.1).close()
