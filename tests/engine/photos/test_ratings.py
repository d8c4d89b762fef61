"""Ratings and labels of files: in EXIF, in XMP inside a photo, and in the file beside it."""

from pathlib import Path

import pytest
from metadata_blocks import xmp
from PIL import Image

from engine.photos.describing import read_described
from engine.photos.metadata import Metadata
from engine.photos.sidecars import Sidecars

RATING = 0x4746


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return tmp_path / "photo.jpg"


def described(photo: Path, *, exif: int | None = None, inside: str = "", beside: str | None = None) -> Metadata:
    block = Image.Exif()
    if exif is not None:
        block[RATING] = exif
    Image.new("RGB", (32, 32)).save(photo, exif=block, **({"xmp": xmp(inside)} if inside else {}))
    if beside is not None:
        photo.with_suffix(".xmp").write_bytes(xmp(beside))
    return read_described(str(photo), Sidecars())[0]


def test_the_file_beside_a_photo_wins_then_xmp_inside_then_exif(photo: Path) -> None:
    inside, beside = 'xmp:Rating="4" xmp:Label="Red"', 'xmp:Rating="1"'
    assert described(photo).rating is None
    assert described(photo, exif=2).rating == 2
    assert described(photo, exif=2, inside=inside).rating == 4
    both = described(photo, exif=2, inside=inside, beside=beside)
    assert (both.rating, both.label) == (1, "Red")
    assert described(photo, inside=inside, beside='xmp:Rating="0" xmp:Label="Grün"').label == "Grün"


@pytest.mark.parametrize(
    ("written", "rating"), [("-1", -1), ("0", 0), ("5", 5), ("3.5", 3), ("6", None), ("-2", None), ("nan", None),
                            ("inf", None), ("many", None), ("", None), ("9" * 5000, None)],
)  # fmt: skip
def test_what_is_no_rating_is_none(photo: Path, written: str, rating: int | None) -> None:
    assert described(photo, inside=f'xmp:Rating="{written}"').rating == rating


@pytest.mark.parametrize("written", ["", "  ", "x" * 101])
def test_what_is_no_label_is_none(photo: Path, written: str) -> None:
    assert described(photo, inside=f'xmp:Label="{written}"').label is None


def test_exif_of_another_kind_is_no_rating(photo: Path) -> None:
    assert described(photo, exif=99).rating is None
