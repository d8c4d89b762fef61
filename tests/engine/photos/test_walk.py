"""The walk finds every photo once, and reports what it could not look at."""

import inspect
import os
import sys
from pathlib import Path

import pytest

from engine.errors import EngineError, PhotoPathError
from engine.photos.walk import Scan, scan


def make(root: Path, *names: str) -> None:
    """Small files with these names below a folder."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"content")


def names(found: Scan, root: Path) -> list[str]:
    """The paths of the photos below a folder."""
    return [os.path.relpath(photo.path, root) for photo in found]


def test_photos_are_found_by_extension_in_a_fixed_order(tmp_path: Path) -> None:
    make(tmp_path, "b.JPG", "a.heic", "sub/deep/c.Tiff", "sub/a.webp", "z.avif")
    make(tmp_path, "notes.txt", "film.mp4", "bare")
    found = scan([tmp_path])
    assert names(found, tmp_path) == ["a.heic", "b.JPG", "z.avif", "sub/a.webp", "sub/deep/c.Tiff"]
    assert found.skipped == {"": 1, ".mp4": 1, ".txt": 1}
    assert (len(found), found.failures) == (5, ())
    assert found.roots == (str(tmp_path),)
    photo = found.photos[0]
    status = (tmp_path / "a.heic").stat()
    assert (photo.size, photo.mtime_ns) == (7, status.st_mtime_ns)


def test_hidden_and_system_folders_are_left_alone(tmp_path: Path) -> None:
    make(tmp_path, ".hidden.jpg", ".trash/a.jpg", "@eaDir/a.jpg", "__MACOSX/a.jpg", "a.jpg")
    assert names(scan([tmp_path]), tmp_path) == ["a.jpg"]
    assert names(scan([tmp_path / ".trash"]), tmp_path) == [".trash/a.jpg"]  # named, so it is meant


def test_a_file_that_is_named_is_taken_whatever_its_extension(tmp_path: Path) -> None:
    make(tmp_path, "scan.dat")
    assert names(scan([str(tmp_path / "scan.dat")]), tmp_path) == ["scan.dat"]


def test_each_file_is_found_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "a/1.jpg", "a/2.jpg")
    monkeypatch.chdir(tmp_path)
    found = scan(["a/../a/2.jpg", "a", Path("a"), tmp_path / "a/1.jpg", "."])
    assert names(found, tmp_path) == ["a/2.jpg", "a/1.jpg"]
    assert all(photo.path == os.path.normpath(photo.path) for photo in found)


def test_links_are_followed_without_looping(tmp_path: Path) -> None:
    make(tmp_path, "photos/a.jpg", "elsewhere/b.jpg", "single.jpg")
    photos = tmp_path / "photos"
    (photos / "loop").symlink_to(photos)
    (photos / "up").symlink_to(tmp_path)
    (photos / "again").symlink_to(tmp_path / "elsewhere")
    (photos / "twin.jpg").symlink_to(photos / "a.jpg")
    (photos / "other.jpg").symlink_to(tmp_path / "single.jpg")
    (photos / "self.jpg").symlink_to(photos / "self.jpg")
    found = scan([photos])
    assert names(found, photos) == ["a.jpg", "other.jpg", "again/b.jpg"]
    assert [os.path.basename(failure.path) for failure in found.failures] == ["self.jpg"]  # noqa: PTH119


def test_a_broken_link_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nothing")
    (failure,) = scan([tmp_path]).failures
    assert (failure.path, failure.reason) == (str(tmp_path / "gone.jpg"), "a broken symbolic link")


@pytest.mark.skipif(os.name == "nt", reason="names there are always valid text")
def test_a_name_that_is_not_utf_8_is_a_failure_fit_to_print(tmp_path: Path) -> None:
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.jpg")).write_bytes(b"content")
    except OSError:
        pytest.skip("this file system refuses names that are not UTF-8")
    found = scan([tmp_path])
    (failure,) = found.failures
    assert failure.path == f"{tmp_path}/caf\\xe9.jpg"
    assert "not valid UTF-8" in failure.reason
    assert len(found) == 0
    with pytest.raises(PhotoPathError, match="not valid UTF-8"):
        scan([os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.jpg")])


def test_odd_names_are_names(tmp_path: Path) -> None:
    odd = ["two\nlines.jpg", 'it\'s "so".png', "фото é.gif", " .bmp", "e\u0301.jpg"]
    make(tmp_path, *odd)
    assert sorted(names(scan([tmp_path]), tmp_path)) == sorted(odd)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_that_may_not_be_read_is_a_failure(tmp_path: Path) -> None:
    make(tmp_path, "open.jpg", "locked/a.jpg")
    (tmp_path / "locked").chmod(0)
    try:
        found = scan([tmp_path])
    finally:
        (tmp_path / "locked").chmod(0o700)
    assert names(found, tmp_path) == ["open.jpg"]
    assert "permission denied" in found.failures[0].reason


def test_a_refused_folder_does_not_stop_the_walk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "locked/a.jpg", "open/a.jpg")
    listing = os.scandir

    def refuse(folder: str) -> object:
        if folder.endswith("locked"):
            raise PermissionError(13, "Permission denied")
        return listing(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    found = scan([tmp_path])
    assert names(found, tmp_path) == ["open/a.jpg"]
    assert found.failures[0].path == str(tmp_path / "locked")
    assert "permission denied" in found.failures[0].reason


def test_what_was_named_must_exist(tmp_path: Path) -> None:
    with pytest.raises(PhotoPathError, match="no such file") as caught:
        scan([tmp_path / "missing"])
    assert isinstance(caught.value, EngineError)
    assert caught.value.path == str(tmp_path / "missing")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipes_are_no_photos(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    assert len(scan([tmp_path])) == 0
    with pytest.raises(PhotoPathError, match="pipe"):
        scan([tmp_path / "pipe.jpg"])


def test_a_very_deep_folder_is_walked(tmp_path: Path) -> None:
    make(tmp_path, "/".join("d" for _ in range(200)) + "/a.jpg")
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 150)
    try:
        found = scan([tmp_path])
    finally:
        sys.setrecursionlimit(limit)
    assert len(found) == 1
