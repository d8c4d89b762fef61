"""A RAW photo is its preview, turned upright, with what its file says; without rawpy it says what to install."""

import importlib.util
import sys
from datetime import datetime
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from photo_texts import described, said
from PIL import Image

from engine.errors import PhotoError
from engine.photos.decode import decode
from engine.photos.loading import load_photos
from engine.photos.walk import Failure, scan
from engine.runtime.extras import extra_command

needs_rawpy = pytest.mark.skipif(not importlib.util.find_spec("rawpy"), reason="needs the extra named raw")
TURNS = {1: None, 3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_270, 8: Image.Transpose.ROTATE_90}


@needs_rawpy
@pytest.mark.parametrize("orientation", TURNS)
def test_the_preview_comes_out_upright(
    orientation: int, damaged_photos: ModuleType, picture: Image.Image, tmp_path: Path
) -> None:
    path = tmp_path / "photo.DNG"
    path.write_bytes(damaged_photos.dng(picture, orientation))
    decoded = decode(path)
    turn = TURNS[orientation]
    expected = picture.transpose(turn) if turn is not None else picture
    assert (decoded.width, decoded.height) == decoded.image.size == expected.size
    difference = np.abs(np.asarray(decoded.image, np.int16) - np.asarray(expected, np.int16)).mean()
    assert difference < 12
    assert (decoded.format, decoded.mismatched_name) == ("RAW", False)


@needs_rawpy
def test_its_metadata_comes_from_the_file_around_the_preview(
    damaged_photos: ModuleType, picture: Image.Image, tmp_path: Path
) -> None:
    path = tmp_path / "photo.dng"
    path.write_bytes(damaged_photos.dng(picture))
    metadata = decode(path, target=32).metadata
    assert metadata.taken_at == datetime(2019, 7, 14, 18, 3, 59)
    assert metadata.utc_offset_minutes == 120
    assert metadata.camera == "Maker One"
    assert metadata.latitude == pytest.approx(48.858, abs=1e-3)
    assert said(metadata) == ("a dog jumps", "two boats", "harbour")
    (tmp_path / "photo.xmp").write_bytes(damaged_photos.XMP.replace(b"two boats", b"a lighthouse"))
    assert "a lighthouse" in said(described(path))


@needs_rawpy
def test_what_is_no_raw_photo_is_a_failure_and_a_jpeg_by_that_name_is_read(
    damaged_photos: ModuleType, picture: Image.Image, tmp_path: Path
) -> None:
    whole = damaged_photos.dng(picture)
    (tmp_path / "cut.dng").write_bytes(whole[:600])
    (tmp_path / "empty.nef").touch()
    (tmp_path / "nonsense.cr2").write_bytes(b"nothing to see here" * 100)
    (tmp_path / "tiff.arw").write_bytes(damaged_photos.valid_photos()["plain.tif"])
    results = list(load_photos(scan([tmp_path]), 32))
    assert [type(result) for result in results] == [Failure] * 4
    reasons = [result.reason for result in results if isinstance(result, Failure)]
    assert reasons[1] == "the file is empty (0 bytes)"
    assert "corrupt, or the RAW format of a camera that LibRaw does not know" in reasons[2]
    picture.save(tmp_path / "renamed.cr3", "JPEG")
    decoded = decode(tmp_path / "renamed.cr3")
    assert (decoded.format, decoded.mismatched_name) == ("JPEG", True)


@needs_rawpy
def test_a_preview_of_bare_pixels_is_turned_as_the_sensor_was(
    picture: Image.Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stand-in for old cameras, whose previews are no JPEG: LibRaw gives an array and says how it was held."""

    class Thumbnail:
        data = np.asarray(picture)

    class Raw:
        sizes = type("Sizes", (), {"flip": 6})

        def __enter__(self) -> "Raw":
            return self

        def __exit__(self, *_: object) -> None: ...

        def extract_thumb(self) -> Thumbnail:
            return Thumbnail()

    monkeypatch.setattr("rawpy.imread", lambda path: Raw())
    (tmp_path / "old.pef").write_bytes(b"whatever")
    decoded = decode(tmp_path / "old.pef")
    assert decoded.image.tobytes() == picture.transpose(Image.Transpose.ROTATE_270).tobytes()


def test_without_rawpy_each_raw_photo_says_what_to_install(
    damaged_photos: ModuleType, picture: Image.Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "rawpy", None)  # what Python does with a module that is not there
    for name in ("a.dng", "b.CR3"):
        (tmp_path / name).write_bytes(damaged_photos.dng(picture))
    picture.save(tmp_path / "c.jpg")
    first, second, third = load_photos(scan([tmp_path]), 32)
    for failure in (first, second):
        assert isinstance(failure, Failure)
        assert extra_command("raw") in failure.reason
    assert not isinstance(third, Failure)
    with pytest.raises(PhotoError, match="a RAW photo"):
        decode(tmp_path / "a.dng")
