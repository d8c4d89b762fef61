"""A photo that cannot be had whole is a PhotoError whose one line says why."""

import os
import struct
import time
import warnings
import zlib
from pathlib import Path

import pytest
from PIL import Image, features

from engine.errors import EngineError, PhotoError
from engine.photos.decode import decode
from engine.photos.limits import pixel_limit
from engine.photos.loading import LoadedPhoto, load_photos
from engine.photos.walk import Failure, FoundPhoto


def reason(path: Path, max_pixels: int | None = None, target: int | None = None) -> str:
    """Why a photo is refused; also that it is one line and names the file."""
    with pytest.raises(PhotoError) as caught:
        decode(path, max_pixels, target)
    assert caught.value.path == str(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in caught.value.reason
    return caught.value.reason


def write_png(path: Path, width: int, height: int) -> None:
    """A grey PNG of one bit a pixel whose header says its size and whose pixels are all there."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b""))


@pytest.fixture(scope="module", params=["jpg", "png", "webp", "gif", "bmp", "tif", "heic", "avif"])
def whole(request: pytest.FixtureRequest, noise: Image.Image, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo of a format."""
    if request.param == "avif" and not features.check("avif"):
        pytest.skip("this Pillow writes no AVIF")
    path = tmp_path_factory.mktemp("whole") / f"whole.{request.param}"
    noise.save(path)
    return path


@pytest.mark.parametrize("target", [None, 100])
@pytest.mark.parametrize("part", [0.3, 0.5, 0.9])
def test_a_truncated_file_is_a_failure(whole: Path, part: float, target: int | None, tmp_path: Path) -> None:
    content = whole.read_bytes()
    path = tmp_path / f"cut{whole.suffix}"
    path.write_bytes(content[: int(len(content) * part)])
    assert "truncated" in reason(path, target=target)


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "jpeg"])
def test_a_truncated_compressed_tiff_is_a_failure(compression: str, noise: Image.Image, tmp_path: Path) -> None:
    path = tmp_path / "cut.tif"
    noise.save(path, compression=compression)
    path.write_bytes(path.read_bytes()[:-5000])
    reason(path)


def test_a_progressive_jpeg_without_its_last_scans_is_a_failure(noise: Image.Image, tmp_path: Path) -> None:
    path = tmp_path / "cut.jpg"
    noise.save(path, progressive=True)
    path.write_bytes(path.read_bytes()[:-2000])
    assert "truncated" in reason(path)


FILM = b"\0\0\0\x18ftypmp42" + bytes(12) + b"\xff\xd9\xff\xd8 film"
TRAILERS = {
    "nothing": b"",
    "zeros": bytes(10000),
    "a film": FILM + bytes(10000),
    "text and zeros": b"a line of text\n" + bytes(10000),
    "a picture": b"\xff\xd8\xff\xe0 a preview \xff\xd9",
}


@pytest.mark.parametrize("trailer", TRAILERS)
@pytest.mark.parametrize("progressive", [False, True])
def test_the_end_of_the_picture_decides_whether_a_jpeg_is_whole(
    progressive: bool, trailer: str, noise: Image.Image, tmp_path: Path
) -> None:
    path = tmp_path / "a.jpg"
    noise.save(path, progressive=progressive, exif=Image.Exif().tobytes(), comment=b"\xff\xd9 is no end here")
    content = path.read_bytes()
    path.write_bytes(content + TRAILERS[trailer])
    assert decode(path).width == 900
    for lost in (2, 6000):
        path.write_bytes(content[:-lost] + bytes(lost) + TRAILERS[trailer])
        if trailer != "a film":  # its bytes may hold what looks like an end
            assert "truncated: the JPEG data ends too early (its end marker is missing)" in reason(path)


@pytest.mark.parametrize("start", ["zeros", "header", "whole"])
def test_a_sparse_file_of_three_gigabytes_is_refused_from_its_header(
    start: str, noise: Image.Image, tmp_path: Path
) -> None:
    path = tmp_path / "sparse.jpg"
    noise.save(path)
    if start != "whole":
        path.write_bytes(path.read_bytes()[:3000] if start == "header" else b"")
    os.truncate(path, 3 * 10**9)
    begin = time.monotonic()
    (failure,) = load_photos([FoundPhoto.at(str(path))], 32, workers=1)
    assert time.monotonic() - begin < 1
    assert isinstance(failure, Failure)
    assert "\n" not in failure.reason


def test_a_large_file_is_hashed_only_after_it_was_decoded(
    noise: Image.Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    monkeypatch.setattr("engine.photos.loading.content_hash", lambda path: hashed.append(path) or "0" * 32)
    path = tmp_path / "large.png"
    noise.save(path)
    path.write_bytes(path.read_bytes()[:3000])
    os.truncate(path, 100_000_000)
    (failure,) = load_photos([FoundPhoto.at(str(path))], 32, workers=1)
    assert isinstance(failure, Failure)
    assert not hashed
    noise.save(path)
    os.truncate(path, 100_000_000)
    (loaded,) = load_photos([FoundPhoto.at(str(path))], 32, workers=1)
    assert isinstance(loaded, LoadedPhoto)
    assert hashed == [str(path)]


@pytest.mark.parametrize("extension", ["jpg", "png", "webp", "gif", "bmp", "tif", "heic", "avif"])
def test_a_header_alone_is_a_failure(extension: str, picture: Image.Image, tmp_path: Path) -> None:
    path = tmp_path / f"header.{extension}"
    picture.save(path)
    path.write_bytes(path.read_bytes()[:20])
    assert "truncated" in reason(path)


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    assert reason(tmp_path / "empty.jpg") == "the file is empty (0 bytes)"


def test_text_named_jpg(tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("hello there, not a photo\n")
    assert reason(tmp_path / "text.jpg").startswith("not an image: it starts with b'hello th'; expected JPEG")


def test_damage_within_a_png_is_corruption(noise: Image.Image, tmp_path: Path) -> None:
    path = tmp_path / "hurt.png"
    noise.save(path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 400] = bytes(400)
    path.write_bytes(content)
    assert reason(path).startswith("corrupt: the PNG data cannot be decoded")


def test_a_file_that_is_not_there_and_a_folder(tmp_path: Path) -> None:
    assert "no such file" in reason(tmp_path / "gone.jpg")
    assert "it is a folder" in reason(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    assert "pipe" in reason(tmp_path / "pipe.jpg")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read every file")
def test_permission_denied(picture: Image.Image, tmp_path: Path) -> None:
    path = tmp_path / "locked.png"
    picture.save(path)
    path.chmod(0)
    assert "permission denied" in reason(path)


def test_permission_denied_as_the_system_tells_it(
    picture: Image.Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    picture.save(tmp_path / "locked.png")
    monkeypatch.setattr(Path, "open", refuse)
    assert "permission denied" in reason(tmp_path / "locked.png")


def test_an_enormous_photo_is_refused_from_its_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def decoded_anyway(*_: object) -> None:
        raise AssertionError("a pixel was decoded")

    write_png(tmp_path / "sky.png", 30000, 30000)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", decoded_anyway)
    text = reason(tmp_path / "sky.png")
    assert text.startswith("30000 × 30000 pixels is 900 megapixels; the limit here is ")
    assert text.endswith("(from the memory of this machine); set ENGINE_MAX_PIXELS or --max-pixels to allow it")


def test_the_limit_can_be_set_and_nothing_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_png(tmp_path / "sky.png", 10000, 9500)  # Pillow alone would warn of a decompression bomb
    with warnings.catch_warnings(record=True) as remarks:
        warnings.simplefilter("always")
        assert decode(tmp_path / "sky.png", target=100).width == 10000
    assert not remarks
    assert "the limit here is 1 (as it was set)" in reason(tmp_path / "sky.png", max_pixels=1_000_000)
    monkeypatch.setenv("ENGINE_MAX_PIXELS", "20_000_000")
    assert "the limit here is 20 (from ENGINE_MAX_PIXELS)" in reason(tmp_path / "sky.png")
    monkeypatch.setenv("ENGINE_MAX_PIXELS", "200000000")
    assert decode(tmp_path / "sky.png", target=100).height == 9500


@pytest.mark.parametrize("wrong", ["many", "0", "-5", "1e9"])
def test_a_limit_that_is_no_number_says_so(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGINE_MAX_PIXELS", wrong)
    with pytest.raises(EngineError, match="expected a whole number of pixels"):
        pixel_limit()
