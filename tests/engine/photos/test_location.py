"""Addresses of objects are kept as they are, beside paths; and no password is among them."""

import pickle
from pathlib import Path

import pytest

from engine.errors import PhotoPathError
from engine.photos.location import ObjectPath, normal_path, photo_path


def test_an_address_keeps_its_slashes_and_has_the_parts_of_a_path() -> None:
    path = photo_path("s3://photos/2024/a.jpg")
    assert (str(path), path.name, path.suffix) == ("s3://photos/2024/a.jpg", "a.jpg", ".jpg")
    assert str(path.parent / "b.xmp") == "s3://photos/2024/b.xmp"
    assert pickle.loads(pickle.dumps(path)) == path == ObjectPath("s3://photos/2024/a.jpg")
    assert path != photo_path("s3://photos/2024/b.jpg")


def test_a_file_is_a_path(tmp_path: Path) -> None:
    assert photo_path("file:///photos/a%20b.jpg") == Path("/photos/a b.jpg")
    assert photo_path(tmp_path) is tmp_path
    assert normal_path("a/../b.jpg") == str(Path.cwd() / "b.jpg")


@pytest.mark.parametrize(
    "address",
    ["s3://me:secret@photos/a.jpg", "s3://me:sec/ret@photos/a", "sftp://me@host/a", "https://host/a.jpg?sign=secret"],
)
def test_what_holds_a_secret_is_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(PhotoPathError) as caught:
        photo_path(address)
    assert "secret" not in str(caught.value).replace("user's name or password", "")
    assert "ret@" not in str(caught.value)


@pytest.mark.parametrize("address", ["s3://", "s3:///a.jpg", "s3://photos//a.jpg", "s3://photos/../a.jpg"])
def test_what_no_object_can_have_is_refused(address: str) -> None:
    with pytest.raises(PhotoPathError, match=r"as in s3://bucket/folder/photo\.jpg"):
        photo_path(address)
