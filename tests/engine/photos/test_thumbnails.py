"""Small pictures: what they look like, when they are made, and that no library writes where it likes."""

import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from engine.errors import PhotoError
from engine.photos.hashing import content_hash
from engine.photos.thumbnails import thumbnail


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of its own for each test, not made yet."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("ENGINE_CACHE", str(folder))
    return folder


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("extension", ["jpg", "png", "webp"])
def test_it_is_small_and_looks_like_the_photo(extension: str, noise: Image.Image, cache: Path, tmp_path: Path) -> None:
    path = tmp_path / f"photo.{extension}"
    noise.save(path)
    digest = content_hash(path)
    found = thumbnail(path, digest)
    assert found == cache / "thumbnails" / digest[:2] / f"{digest}-320-srgb.jpg"
    with Image.open(found) as picture:
        assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", (320, 249))
        expected = np.asarray(noise.resize(picture.size), np.int16)
        assert np.abs(np.asarray(picture, np.int16) - expected).mean() < 16  # a flipped one differs by 60
    with Image.open(thumbnail(path, digest, side=100)) as picture:
        assert picture.size == (100, 78)


def test_a_small_photo_keeps_its_size(picture: Image.Image, tmp_path: Path) -> None:
    picture.save(tmp_path / "photo.png")
    with Image.open(thumbnail(tmp_path / "photo.png", content_hash(tmp_path / "photo.png"))) as found:
        assert found.size == picture.size


def test_it_is_upright_and_tells_nothing_about_the_photo(noise: Image.Image, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.Model] = "a camera"
    noise.save(path, exif=exif, comment=b"at home", icc_profile=b"profile", dpi=(300, 300))
    with Image.open(thumbnail(path, content_hash(path))) as picture:
        assert picture.size == (249, 320)
        assert not picture.getexif()
        assert not {"comment", "icc_profile", "exif", "dpi"} & set(picture.info)


def test_copies_share_one_that_outlives_the_photo(picture: Image.Image, cache: Path, tmp_path: Path) -> None:
    path, copy = tmp_path / "photo.png", tmp_path / "copy.png"
    picture.save(path)
    copy.write_bytes(path.read_bytes())
    digest = content_hash(path)
    found = thumbnail(path, digest)
    before = found.stat().st_mtime_ns
    path.unlink()
    assert thumbnail(copy, digest) == thumbnail(path, digest) == found
    assert found.stat().st_mtime_ns == before
    assert files_of(cache) == [found]


def test_a_picture_is_kept_under_the_content_that_it_is_of(picture: Image.Image, cache: Path, tmp_path: Path) -> None:
    path, other = tmp_path / "photo.png", tmp_path / "other.png"
    picture.save(path)
    picture.rotate(180).save(other)
    mine, theirs = content_hash(path), content_hash(other)
    assert thumbnail(other, mine).name == f"{theirs}-320-srgb.jpg"
    assert thumbnail(path, mine).name == f"{mine}-320-srgb.jpg"
    assert len(files_of(cache)) == 2


@pytest.mark.parametrize(
    "digest", ["", "../../escape", "a" * 31, "a" * 33, "A" * 32, "g" * 32, "a" * 32 + "\n", "/" + "a" * 31, "٣" * 32]
)
def test_what_is_no_hash_is_refused(digest: str, picture: Image.Image, cache: Path, tmp_path: Path) -> None:
    picture.save(tmp_path / "photo.png")
    with pytest.raises(PhotoError, match="expected 32 hexadecimal digits"):
        thumbnail(tmp_path / "photo.png", digest)
    assert not cache.exists()


def test_a_photo_that_cannot_be_read_leaves_nothing(noise: Image.Image, cache: Path, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    with pytest.raises(PhotoError, match="no such file"):
        thumbnail(path, "a" * 32)
    noise.save(path)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(PhotoError):
        thumbnail(path, content_hash(path))
    assert not cache.exists()


def test_threads_may_ask_for_the_same_photo_at_once(noise: Image.Image, cache: Path, tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    noise.save(path)
    digest = content_hash(path)
    found: list[Path] = []
    threads = [threading.Thread(target=lambda: found.append(thumbnail(path, digest))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert files_of(cache) == [found[0]]
    with Image.open(found[0]) as whole:
        whole.load()
