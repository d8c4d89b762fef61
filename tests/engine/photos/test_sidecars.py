"""Files beside photos: found in any spelling, told when they change, and read with the photo's own words."""

import os
from pathlib import Path

import pytest
from photo_texts import described
from PIL import Image

from engine.photos.describing import read_described, stamp_of
from engine.photos.sidecars import TEXT, XMP, Sidecars
from index import PhotoText


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "A2.jpg"
    Image.new("RGB", (8, 6), "red").save(path)
    return path


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["A2.txt"], "A2.txt"),
        (["A2.TXT"], "A2.TXT"),
        (["a2.Txt"], "a2.Txt"),
        (["A2.JPG.TXT", "A2.txt"], "A2.JPG.TXT"),
        (["a2.txt", "A2.txt"], "A2.txt"),
        (["A3.txt", "notes.txt"], None),
        ([], None),
    ],
)
def test_the_text_beside_a_photo_is_found_in_any_case(photo: Path, names: list[str], found: str | None) -> None:
    for name in names:
        photo.with_name(name).write_text("a lake")
    assert Sidecars().beside(str(photo), TEXT) == (None if found is None else photo.with_name(found))


def test_a_photo_is_not_beside_itself(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a picture by another name")
    assert Sidecars().beside(str(tmp_path / "a.txt"), TEXT) is None


def test_a_folder_or_no_folder_is_nothing(photo: Path) -> None:
    photo.with_suffix(".txt").mkdir()
    assert Sidecars().beside(str(photo), TEXT) is None
    assert Sidecars().beside("/nowhere/a.jpg", XMP) is None


def test_the_stamp_is_another_when_a_file_comes_changes_or_goes(photo: Path) -> None:
    def stamp() -> str:
        return stamp_of(str(photo), Sidecars())

    beside, seen = photo.with_suffix(".XMP"), [stamp()]
    beside.write_text("one")
    seen.append(stamp())
    beside.write_text("other")
    seen.append(stamp())
    os.utime(beside, ns=(1, 1))
    seen.append(stamp())
    assert len(set(seen)) == 4
    beside.unlink()
    assert stamp() == seen[0]


def test_lines_beside_a_photo_are_its_descriptions(photo: Path) -> None:
    photo.with_suffix(".txt").write_bytes(b"\xef\xbb\xbfAunt  Greta \r\n\r\nthe cake\n" + b"x" * 3000)
    one, two, long = described(photo).texts
    assert (one, two) == tuple(
        PhotoText("sidecar", "description", text, origin="A2.txt") for text in ("Aunt Greta", "the cake")
    )
    assert len(long.text) == 2000


@pytest.mark.parametrize(
    ("content", "reason"), [(b"\xff\xfe\x00", "it is not UTF-8"), (b"x" * 1_000_001, "larger than")]
)
def test_a_text_that_cannot_be_read_is_a_remark(photo: Path, content: bytes, reason: str) -> None:
    photo.with_suffix(".txt").write_bytes(content)
    metadata, (remark,) = read_described(str(photo), Sidecars())
    assert metadata.texts == ()
    assert reason in remark


def test_a_link_out_of_the_roots_is_not_read(tmp_path: Path) -> None:
    root, secret = tmp_path / "root", tmp_path / "secret"
    root.mkdir()
    secret.write_text("a secret")
    (root / "a.jpg").touch()
    (root / "a.txt").symlink_to(secret)
    photo = str(root / "a.jpg")
    assert Sidecars([str(root)]).beside(photo, TEXT) is None
    assert Sidecars([str(root)]).stamp(photo) == ""
    assert Sidecars([str(root), str(tmp_path)]).beside(photo, TEXT) == root / "a.txt"
    (root / "words").write_text("a cat")
    (root / "a.txt").unlink()
    (root / "a.txt").symlink_to("words")
    assert Sidecars().beside(photo, TEXT) == root / "a.txt"
