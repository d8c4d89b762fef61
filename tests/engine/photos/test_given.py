"""A photo is a path, the bytes of a file, a picture or an array, and anything else is refused in one sentence."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image

from engine.errors import EngineError, PhotoError
from engine.photos.decode import decode
from engine.photos.given import photo_of, photos_of
from engine.search.question import Question


@pytest.fixture
def lying(tmp_path: Path) -> Path:
    """A photo that lies on its side and says so."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    pixels = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "lying.png", exif=exif)
    return tmp_path / "lying.png"


@pytest.mark.parametrize("given", [str, Path, Path.read_bytes, Image.open, lambda path: Image.open(path).copy()])
def test_all_ways_to_give_a_photo_are_the_same_upright_pixels(given: Callable[[Path], Any], lying: Path) -> None:
    expected, found = decode(lying), decode(photo_of(given(lying)))
    assert (found.width, found.height) == (40, 60)
    assert np.array_equal(np.asarray(found.image), np.asarray(expected.image))


def test_an_array_is_taken_as_it_is() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 6, 3), dtype=np.uint8)
    assert np.array_equal(np.asarray(decode(photo_of(pixels)).image), pixels)
    assert np.array_equal(np.asarray(decode(photo_of(pixels[:, ::-1])).image), pixels[:, ::-1])


def test_a_picture_is_left_as_it_was(photos: Path) -> None:
    with Image.open(photos / "china.jpg") as picture:
        decode(photo_of(picture), target=100)
        assert picture.size == (640, 427)
        assert np.asarray(picture).shape == (427, 640, 3)


def test_one_and_several() -> None:
    array = np.zeros((2, 3, 3), np.uint8)
    assert len(list(photos_of("a.jpg"))) == len(list(photos_of(array))) == len(list(photos_of(b"x"))) == 1
    assert list(photos_of(["a.jpg", Path("b.jpg")])) == [Path("a.jpg"), Path("b.jpg")]
    assert [str(photo) for photo in photos_of(np.stack([array, array]))] == ["photo 1", "photo 2"]
    assert Question.of(like=array).name == "photo 1"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, "photo 1: it is None; expected a path, the bytes"),
        ({}, "of the type dict"),
        (np.zeros((3, 4, 5)), "an array of float64, 3 × 4 × 5"),
        (np.zeros((4, 5), np.uint8), "an array of uint8, 4 × 5"),
        (np.zeros((0, 5, 3), np.uint8), "0 × 5 × 3"),
        (Image.new("RGB", (0, 5)), "0 × 5 pixels"),
        (b"", "the file is empty"),
        (b"hello", "not an image"),
    ],
)
def test_what_is_no_photo_is_refused(given: Any, message: str) -> None:
    with pytest.raises(PhotoError, match=message):
        decode(photo_of(given))


def test_the_limits_hold_in_memory(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = (photos / "china.jpg").read_bytes()
    monkeypatch.setenv("ENGINE_MAX_PIXELS", "1000")
    for given in (content, Image.open(io.BytesIO(content)), np.zeros((40, 50, 3), np.uint8)):
        with pytest.raises(PhotoError, match=r"photo 1: .* megapixels; the limit here is 0\.001"):
            decode(photo_of(given))


def test_what_cannot_be_read_to_its_end_is_refused(photos: Path) -> None:
    content = (photos / "chelsea.png").read_bytes()[:9000]
    closed = Image.open(photos / "chelsea.png")
    closed.close()
    for given in (content, Image.open(io.BytesIO(content)), closed):
        with pytest.raises(EngineError, match=r"photo 1: (truncated|corrupt)"):
            decode(photo_of(given))
