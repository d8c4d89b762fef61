"""Objects are listed, read and described as files are; storage is fsspec's own, in memory."""

import importlib.util
import io
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from engine.errors import PhotoError, PhotoPathError
from engine.photos import object_storage, thumbnails
from engine.photos.decode import decode
from engine.photos.describing import read_described, stamp_of
from engine.photos.hashing import content_hash
from engine.photos.loading import KnownContent, LoadedPhoto, load_photos
from engine.photos.sidecars import Sidecars
from engine.photos.walk import Failure, FoundPhoto, scan

fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed (the extra 'remote' has it)")

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> Iterator["AbstractFileSystem"]:
    """An empty storage in memory, that is not waited for."""
    monkeypatch.setattr(object_storage, "_FIRST_WAIT_S", 0.0)
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    yield memory
    memory.store.clear()


@pytest.fixture(scope="module")
def jpeg(picture: Image.Image) -> bytes:
    encoded = io.BytesIO()
    picture.save(encoded, "JPEG")
    return encoded.getvalue()


def test_a_walk_takes_what_a_walk_of_folders_would(storage: "AbstractFileSystem", jpeg: bytes, tmp_path: Path) -> None:
    names = {
        "a.jpg", "B.JPG", "2024/c.jpg", "2024/.hidden/d.jpg", ".e.jpg", "2024/notes.txt", "raw/f.jpg", "raw/g.jpg",
        "2024/@eaDir/h.jpg", "left out/i.jpg", "broken/j.jpg",
    }  # fmt: skip
    rules = {
        ".engineignore": b"left out/\n",
        "raw/.engineignore": b"g*\n",
        "broken/.engineignore": b"*a*a*a*a*a*a*a*\n",
    }
    for name, content in {**dict.fromkeys(names, jpeg), **rules}.items():
        storage.pipe(f"/photos/{name}", content)
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    remote, local = scan(["memory://photos"]), scan([tmp_path])
    assert {photo.path.removeprefix("memory://photos/") for photo in remote} == {
        str(Path(photo.path).relative_to(tmp_path)) for photo in local
    }
    assert remote.skipped == local.skipped
    assert [failure.path for failure in remote.failures] == ["memory://photos/broken"]
    assert len(local.failures) == 1


def test_rules_above_a_folder_hold_in_it(storage: "AbstractFileSystem", jpeg: bytes) -> None:
    storage.pipe({"/photos/.engineignore": b"b.jpg\n", "/photos/2024/a.jpg": jpeg, "/photos/2024/b.jpg": jpeg})
    assert [photo.path for photo in scan(["memory://photos/2024"])] == ["memory://photos/2024/a.jpg"]


def test_names_that_no_path_has_are_failures(storage: "AbstractFileSystem", jpeg: bytes) -> None:
    storage.store["/photos/2024//a.jpg"] = storage.store["/photos/b.jpg"] = fsspec.implementations.memory.MemoryFile(
        storage, "/photos/b.jpg", jpeg
    )
    found = scan(["memory://photos"])
    assert [photo.path for photo in found] == ["memory://photos/b.jpg"]
    assert [failure.path for failure in found.failures] == ["memory://photos/2024//a.jpg"]


def test_a_photo_is_decoded_and_hashed_as_its_file_would_be(
    storage: "AbstractFileSystem", jpeg: bytes, tmp_path: Path
) -> None:
    storage.pipe("/photos/a.jpg", jpeg)
    file = tmp_path / "a.jpg"
    file.write_bytes(jpeg)
    decoded = decode("memory://photos/a.jpg")
    assert decoded.image.tobytes() == decode(str(file)).image.tobytes()
    assert content_hash("memory://photos/a.jpg") == content_hash(str(file))
    with pytest.raises(PhotoError, match="no such object") as caught:
        decode("memory://photos/b.jpg")
    assert caught.value.path == "memory://photos/b.jpg"


def test_each_photo_is_read_once_and_in_order(
    storage: "AbstractFileSystem", jpeg: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.pipe({f"/photos/{number:02}.jpg": jpeg + b"\0" * number for number in range(40)})
    storage.pipe("/photos/17.jpg", b"nothing")
    read: list[str] = []
    cat_file = storage.cat_file
    monkeypatch.setattr(type(storage), "cat_file", lambda _, path: read.append(path) or cat_file(path))
    photos = list(scan(["memory://photos"]))
    known = content_hash(photos[3].path)
    read.clear()
    loaded = list(load_photos(photos, 32, skip=lambda _, content: content == known))
    assert [item.path if isinstance(item, Failure) else item.file.path for item in loaded] == [
        f"memory://photos/{number:02}.jpg" for number in range(40)
    ]
    assert sorted(read) == [f"/photos/{number:02}.jpg" for number in range(40)]
    assert isinstance(loaded[17], Failure)
    assert isinstance(loaded[3], KnownContent)
    assert isinstance(loaded[4], LoadedPhoto)


def test_an_object_that_no_memory_holds_is_not_read(storage: "AbstractFileSystem") -> None:
    (item,) = load_photos([FoundPhoto("memory://photos/a.jpg", object_storage.LARGEST + 1, 0)], 32)
    assert isinstance(item, Failure)
    assert "1,000,000,001 bytes" in item.reason


def test_what_lies_beside_a_photo_describes_it(storage: "AbstractFileSystem", jpeg: bytes) -> None:
    storage.pipe(
        {"/photos/a.jpg": jpeg, "/photos/A.JPG.TXT": b"no", "/photos/a.txt": b"By the sea", "/photos/b.jpg": jpeg}
    )
    found = scan(["memory://photos"])
    sidecars = Sidecars((), found.sidecars)
    metadata, remarks = read_described("memory://photos/a.jpg", sidecars)
    assert [text.text for text in metadata.texts] == ["no"]  # that of the whole name comes first, in any case
    assert remarks == ()
    before = stamp_of("memory://photos/a.jpg", sidecars)
    assert stamp_of("memory://photos/b.jpg", sidecars) != before
    storage.pipe("/photos/A.JPG.TXT", b"another")
    assert stamp_of("memory://photos/a.jpg", Sidecars((), scan(["memory://photos"]).sidecars)) != before
    named = scan(["memory://photos/a.jpg"])
    assert [each.url for each in named.sidecars] == ["memory://photos/a.txt"]


def test_short_failures_of_the_network_pass(
    storage: "AbstractFileSystem", jpeg: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.pipe("/photos/a.jpg", jpeg)
    cat_file, failures = storage.cat_file, [ConnectionResetError("reset"), TimeoutError()]

    def unsteady(_: object, path: str) -> bytes:
        if failures:
            raise failures.pop()
        return bytes(cat_file(path))

    monkeypatch.setattr(type(storage), "cat_file", unsteady)
    assert content_hash("memory://photos/a.jpg")
    failures += [ConnectionResetError("reset by https://me:secret@host/a")] * 9
    with pytest.raises(PhotoError, match=r"does not answer \(ConnectionResetError: reset by https://…@host/a\)"):
        content_hash("memory://photos/a.jpg")
    failures[:] = [PermissionError("Forbidden")]
    with pytest.raises(PhotoError, match="check the credentials"):
        content_hash("memory://photos/a.jpg")


@pytest.mark.parametrize(("address", "reason"), [
    ("nothing://photos", "fsspec knows no nothing://"),
    ("memory://photos", "no such object"),
])  # fmt: skip
def test_what_cannot_be_listed_is_refused(storage: "AbstractFileSystem", address: str, reason: str) -> None:
    with pytest.raises(PhotoPathError, match=reason):
        scan([address])


@pytest.mark.parametrize(("package", "scheme"), [("s3fs", "s3"), ("fsspec", "s3"), ("gcsfs", "gs")])
def test_a_package_that_is_missing_is_named(package: str, scheme: str) -> None:
    code = (
        "import sys; sys.modules[sys.argv[1]] = None; from engine.photos.walk import scan\n"
        "from engine.errors import PhotoPathError\n"
        "try: scan([sys.argv[2] + '://photos'])\n"
        "except PhotoPathError as error: print(error)"
    )
    ran = subprocess.run([sys.executable, "-c", code, package, scheme], capture_output=True, text=True, check=True)
    assert re.fullmatch(
        f"{scheme}://photos: {scheme}:// is read by {package}, which is not installed; run `.*(s3fs|remote|gcsfs).*`\n",
        ran.stdout,
    )


def test_folders_of_this_machine_need_no_fsspec(tmp_path: Path, jpeg: bytes) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg)
    code = (
        "import sys; from engine.photos.walk import scan; from engine.photos.loading import load_photos\n"
        "print(len(list(load_photos(list(scan([sys.argv[1]])), 32))), 'fsspec' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True)
    assert ran.stdout == "1 False\n"


def test_small_pictures_are_made_of_one_reading_and_no_more_are_kept_than_fit(
    storage: "AbstractFileSystem", jpeg: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENGINE_CACHE", str(tmp_path))
    monkeypatch.setattr(thumbnails, "_MOST_IN_A_FOLDER", 10)
    storage.pipe("/photos/a.jpg", jpeg)
    content = content_hash("memory://photos/a.jpg")
    first = thumbnails.thumbnail("memory://photos/a.jpg", content)
    storage.rm("/photos/a.jpg")
    assert thumbnails.thumbnail("memory://photos/a.jpg", content) == first
    storage.pipe("/photos/a.jpg", jpeg)
    for side in range(16, 32):
        thumbnails.thumbnail("memory://photos/a.jpg", content, side)
    assert not first.exists()
    assert len(list(first.parent.iterdir())) == 10


@pytest.mark.skipif(not importlib.util.find_spec("rawpy"), reason="needs the extra named raw")
def test_a_raw_photo_is_read_without_a_file(
    storage: "AbstractFileSystem", damaged_photos: ModuleType, picture: Image.Image
) -> None:
    storage.pipe("/photos/a.dng", damaged_photos.dng(picture))
    decoded = decode("memory://photos/a.dng")
    assert (decoded.format, decoded.image.size) == ("RAW", picture.size)
    metadata, _ = read_described("memory://photos/a.dng", Sidecars())
    assert metadata.camera == decoded.metadata.camera == "Maker One"
