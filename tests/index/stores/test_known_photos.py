"""What a run asks of a catalogue and tells it, some at a time or nothing: the same of a folder and of a server."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from postgres_server import PostgresServer
from synthetic_library import SPEC, photo_row

from index import LibraryAddress, ServerAddress, Writer, open_writer, read_root_counts
from index.catalogue import photos

PATHS = ["/a/1.jpg", "/a/2.jpg", "/a/b/3.jpg", "/ab/4.jpg", "/caf\udce9/5.jpg", "/a"]


@pytest.fixture(params=["folder", "server"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> LibraryAddress:
    if request.param == "folder":
        return tmp_path / "library"
    postgres: PostgresServer = request.getfixturevalue("postgres")
    name = "".join(sign if sign.isalnum() else "_" for sign in request.node.name.lower())
    return ServerAddress(postgres.create_database(name))


def fill(writer: Writer) -> None:
    """Photos of which the third has disappeared, the last of the same size as the first; sizes grow otherwise."""
    writer.use_build(SPEC)
    sizes = [100, 200, 300, 400, 500, 100]
    rows = [
        replace(photo_row(9), path=path, size=size, content_hash=f"content {place}")
        for place, (path, size) in enumerate(zip(PATHS, sizes, strict=True))
    ]
    numbers: list[Any] = [
        np.ones((6, 6, 32), np.float16),
        np.zeros((6, 5, 4), np.float32),
        np.zeros((6, 5), np.float32),
    ]
    ids = writer.add_photos(rows, *numbers)
    writer.note_changes(moved=[], returned=[], gone=[ids[2]])
    writer.replace_roots(["/a", "/ab"])


def test_all_photos_come_in_order_however_few_are_read_at_a_time(
    address: LibraryAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_writer(address) as writer:
        fill(writer)
        monkeypatch.setattr(photos, "ITEMS_AT_ONCE", 2)
        known = dict(writer.known_photos())
        assert list(known) == PATHS
        numbers = [photo.photo_id for photo in known.values()]
        assert numbers == sorted(set(numbers))
        assert [photo.missing for photo in known.values()] == [False, False, True, False, False, False]
        assert all(photo.embedded for photo in known.values())
        assert not any(photo.embedded for _, photo in writer.known_photos("another"))


def test_a_photo_that_is_removed_meanwhile_ends_nothing(
    address: LibraryAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_writer(address) as writer:
        fill(writer)
        monkeypatch.setattr(photos, "ITEMS_AT_ONCE", 2)
        every = writer.known_photos()
        read = [next(every)[0] for _ in range(2)]
        writer.remove_photos(writer.photos_below("/a/2.jpg") + writer.photos_below("/ab"))
        assert [*read, *(path for path, _ in every)] == [path for path in PATHS if path != "/ab/4.jpg"]


def test_contents_are_those_of_files_of_such_a_size(address: LibraryAddress) -> None:
    with open_writer(address) as writer:
        fill(writer)
        assert writer.embedded_contents([100, 300]) == {"content 0", "content 2", "content 5"}
        assert writer.embedded_contents([]) == set()
        writer.use_build(replace(SPEC, fingerprint="f2" * 32))
        assert writer.embedded_contents([100, 300]) == set()


def test_below_is_the_path_itself_and_its_folder(address: LibraryAddress) -> None:
    with open_writer(address) as writer:
        fill(writer)
        number_of = {path: photo.photo_id for path, photo in writer.known_photos()}
        for path, below in {
            "/a": (0, 1, 2, 5),
            "/a/": (0, 1, 2),
            "/ab": (3,),
            "/": range(6),
            "/caf\udce9": (4,),
        }.items():
            assert sorted(writer.photos_below(path)) == sorted(number_of[PATHS[number]] for number in below)
        assert writer.missing_photos() == {"/a/b/3.jpg": number_of["/a/b/3.jpg"]}
    assert [(own.path, own.present, own.missing) for own in read_root_counts(address)] == [("/a", 3, 1), ("/ab", 1, 0)]


def test_nothing_may_be_written(address: LibraryAddress) -> None:
    """As when the last photos of a batch disappear while it is read."""
    no_rows, no_numbers = np.zeros((0, 32), np.float16), np.zeros(0, np.int64)
    with open_writer(address) as writer:
        fill(writer)
        before = list(writer.known_photos())
        assert writer.add_photos([], np.zeros((0, 6, 32), np.float16), np.zeros((0, 5, 4)), np.zeros((0, 5))) == []
        writer.describe_photos({})
        writer.note_changes(moved=[], returned=[], gone=[])
        writer.remove_photos([])
        writer.add_read_texts("reader", {})
        writer.add_captions("captioner", {}, [], no_rows, no_numbers)
        writer.add_sentences([], [], no_rows, no_numbers)
        writer.replace_sentence_file(["/sentences.txt"], [])
        assert writer.texts_to_embed([]) == []
        assert list(writer.known_photos()) == before
        assert writer.finish() == []
