"""A library that somebody else made cannot lead to files outside of it."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from index import BuildSpec, LibraryReader, LibraryWriter
from index.errors import LibraryDamagedError, LibraryError, LibraryLockedError
from index.maintenance.verify import verify_library
from index.store.lock import require_locks


@pytest.fixture
def library(tmp_path: Path) -> Path:
    from index import PhotoRow

    folder = tmp_path / "library"
    with LibraryWriter.open(folder) as writer:
        writer.use_build(BuildSpec("tiny", "f1" * 32, 5, 12, has_global=True))
        writer.add_photos(
            [PhotoRow("/p/1.jpg", 1, 1, "1", 4, 3, "JPEG")],
            np.ones((1, 6, 12), np.float16), np.zeros((1, 5, 4), np.float32), np.zeros((1, 5), np.float32),
        )  # fmt: skip
        writer.finish()
    return folder


def _replace_by_link(path: Path, target: Path) -> None:
    target.write_bytes(path.read_bytes() + b"mine" if path.is_file() else b"mine")
    path.unlink(missing_ok=True)
    path.symlink_to(target)


@pytest.mark.parametrize(
    "name", ["library.pid", "library.lock", "library.sqlite3", "library.sqlite3-wal", "manifest.json", "faiss.lock",
             "vectors/1-f1f1f1f1f1f1f1f1/photos/000000.f16"],
)  # fmt: skip
def test_a_link_is_refused_by_name_and_its_target_stays(library: Path, tmp_path: Path, name: str) -> None:
    _replace_by_link(library / name, tmp_path / "target")
    before = (tmp_path / "target").read_bytes()
    with pytest.raises(LibraryDamagedError, match=f"{name} is a symbolic link"):
        LibraryWriter.open(library)
    with pytest.raises(LibraryDamagedError, match=f"{name} is a symbolic link"):
        LibraryReader.open(library, print)
    for repair in (False, True):
        (problem,) = verify_library(library, repair=repair)
        assert f"{name} is a symbolic link" in problem.text
    assert (tmp_path / "target").read_bytes() == before


def test_a_linked_folder_of_vectors_is_refused(library: Path, tmp_path: Path) -> None:
    (library / "vectors").rename(tmp_path / "elsewhere")
    (library / "vectors").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LibraryDamagedError, match="vectors is a symbolic link"):
        LibraryWriter.open(library)


def test_a_pipe_is_refused_at_once(library: Path) -> None:
    os.mkfifo(library / "library.pid")
    with pytest.raises(LibraryDamagedError, match="pipe"):
        LibraryWriter.open(library)


def test_other_links_in_the_folder_are_nobodys_business(library: Path, tmp_path: Path) -> None:
    (library / "photos").symlink_to(tmp_path)
    LibraryWriter.open(library).close()


@pytest.mark.parametrize("call", ["flock", "lockf"])
def test_a_disk_without_locks_is_named_at_once(library: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    usual: Callable[..., None] = getattr(fcntl, call)

    def refuse(file: object, kind: int) -> None:
        if kind != fcntl.LOCK_UN:
            raise PermissionError(13, "Permission denied")
        usual(file, kind)

    monkeypatch.setattr(fcntl, call, refuse)
    with pytest.raises(LibraryError, match="refuses to lock files") as refused:
        LibraryWriter.open(library)
    assert not isinstance(refused.value, LibraryLockedError)


@pytest.mark.parametrize("name", ["library", "new", "new/deeper"])
def test_it_is_named_before_a_library_is_made(library: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    folder = library.parent / name
    LibraryWriter.require_possible(folder)

    def refuse(file: object, kind: int) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(LibraryError, match="refuses to lock files"):
        LibraryWriter.require_possible(folder)
    assert sorted(path.name for path in library.parent.iterdir()) == ["library"]


def test_a_disk_with_locks_is_not(tmp_path: Path) -> None:
    require_locks(tmp_path)
    assert list(tmp_path.iterdir()) == []
