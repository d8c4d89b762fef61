"""A library of objects in storage: what is read, what is not, and what becomes of those that change or go."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine import Engine, PhotoFilter
from engine.errors import EngineError, PhotoPathError, PhotosGoneError
from engine.library.folder_tree import FolderTree
from engine.library.roots import remove, roots
from engine.photos import object_storage
from index import read_photos
from index.catalogue.groups import Counted, count_by_folder, photos_below

fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed (the extra 'remote' has it)")

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


class Read:
    """The objects that were read since it was asked last."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    def now(self) -> list[str]:
        taken, self.paths = sorted(self.paths), []
        return taken


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Iterator[Read]:
    read, memory = Read(), fsspec.filesystem("memory")
    cat_file = memory.cat_file
    monkeypatch.setattr(object_storage, "_FIRST_WAIT_S", 0.0)
    monkeypatch.setattr(type(memory), "cat_file", lambda _, path: read.paths.append(path) or cat_file(path))
    yield read
    memory.store.clear()


@pytest.fixture
def storage(read: Read, photos: Path) -> "AbstractFileSystem":
    """Four real photos, in memory."""
    memory = fsspec.filesystem("memory")
    for file in sorted(photos.iterdir())[:4]:
        memory.pipe(f"/photos/{file.name}", file.read_bytes())
    return memory


@pytest.fixture
def engine(storage: "AbstractFileSystem", tmp_path: Path) -> Iterator[Engine]:
    with Engine.open(tmp_path / "library", device="cpu") as engine:
        engine.index(["memory://photos"])
        yield engine


def test_only_what_changed_is_read(engine: Engine, storage: "AbstractFileSystem", read: Read, photos: Path) -> None:
    names = sorted(file.name for file in photos.iterdir())[:4]
    assert read.now() == [f"/photos/{name}" for name in names]
    report = engine.index()
    assert (report.added, report.unchanged, report.failed) == (0, len(names), [])
    assert read.now() == []
    storage.pipe("/photos/coffee.png", (photos / "rocket.jpg").read_bytes())
    storage.pipe("/photos/coffee.txt", b"By the sea")
    report = engine.index()
    assert (report.added, report.described) == (1, 0)
    assert read.now() == ["/photos/coffee.png", "/photos/coffee.txt"]
    assert [str(hit.path) for hit in engine.search('"by the sea"', basis="written")] == ["memory://photos/coffee.png"]
    storage.pipe("/photos/coffee.txt", b"In the harbour")
    assert engine.index().described == 1
    assert read.now() == ["/photos/coffee.png", "/photos/coffee.txt"]
    assert not engine.search('"by the sea"', basis="written")


def test_what_is_gone_is_hidden_and_comes_back(
    engine: Engine, storage: "AbstractFileSystem", read: Read, photos: Path
) -> None:
    kept = storage.store.pop("/photos/coffee.png")
    with pytest.raises(PhotosGoneError, match="more than a tenth"):
        engine.index()
    assert engine.index(allow_missing=True).missing == 1
    assert "memory://photos/coffee.png" not in {photo.path for photo in read_photos(engine.folder)}
    storage.store["/photos/coffee.png"] = kept
    read.now()
    assert engine.index().found_again == 1
    assert read.now() == []


def test_a_storage_that_does_not_answer_hides_nothing(
    engine: Engine, storage: "AbstractFileSystem", monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {photo.path for photo in read_photos(engine.folder)}

    def refuse(*_: object, **__: object) -> None:
        raise ConnectionError("no route to host")

    for name in ("info", "find"):
        with monkeypatch.context() as patch:
            patch.setattr(type(storage), name, refuse)
            with pytest.raises(PhotoPathError, match="memory://photos: the storage cannot be reached") as caught:
                engine.index(allow_missing=True)
        assert "\n" not in str(caught.value)
    assert {photo.path for photo in read_photos(engine.folder)} == before
    storage.store.clear()
    with pytest.raises(PhotosGoneError, match="memory://photos is not there"):
        engine.index()


def test_photos_are_found_shown_and_named_by_their_addresses(engine: Engine, read: Read) -> None:
    read.now()
    (hit,) = engine.search("a cup of coffee", limit=1)
    assert str(hit.path) == "memory://photos/coffee.png"
    assert read.now() == []
    alike = engine.similar("memory://photos/coffee.png", limit=1)
    assert read.now() == []  # it is as it was indexed
    assert alike[0].path != hit.path
    assert len(engine.search("a photo", where=PhotoFilter(folder="memory://photos"))) > 1
    (description,) = engine.caption("memory://photos/coffee.png")
    assert str(description.path) == "memory://photos/coffee.png"
    assert engine.align("memory://photos/coffee.png", "a cup").phrases
    engine.curation.mark(["memory://photos/coffee.png"], favourite=True)
    (marks,) = engine.curation.marks(["memory://photos/coffee.png"])
    assert marks.favourite


def test_a_library_of_a_disk_and_a_storage_is_one_tree(engine: Engine, photos: Path) -> None:
    engine.index([photos])
    folders = count_by_folder(engine.folder)
    tree = FolderTree(folders)
    assert tree.top == ""
    assert {one.name for one in tree.inside("")} == {"/", "memory://photos"}
    everything, stored = photos_below(engine.folder, ""), photos_below(engine.folder, "memory://photos")
    assert (len(everything), len(stored)) == (4 + len(list(photos.iterdir())), 4)
    assert FolderTree([Counted("s3://a/b/c", 1, 1), Counted("s3://a/b/d", 1, 2)]).top == "s3://a/b"
    assert FolderTree([Counted("s3://a/b", 1, 1), Counted("s3://c", 1, 2)]).top == ""


def test_a_storage_cannot_be_watched(engine: Engine) -> None:
    with pytest.raises(EngineError, match="memory://photos cannot be watched"):
        engine.watch()


def test_photos_are_taken_out_by_their_address(engine: Engine) -> None:
    assert [(root.path, root.exists) for root in roots(engine.folder)] == [("memory://photos", True)]
    assert remove(engine.folder, ["memory://photos/coffee.png"]) == 1
    assert remove(engine.folder, ["memory://photos"]) == 3
    assert roots(engine.folder) == []
