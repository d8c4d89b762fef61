"""What the cache keeps is taken where it is a plain file of a sensible size, and made again where it is not."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image

from engine.photos.hashing import content_hash
from engine.photos.thumbnails import thumbnail
from engine.runtime.onnx import Traced, opened
from engine.runtime.plain_files import is_kept, why_not_plain


def _link(path: Path) -> None:
    path.symlink_to(path.parent.parent / "elsewhere")
    path.resolve().write_bytes(b"mine")


def _huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2**31 + 1)


def _damage(path: Path) -> None:
    path.write_bytes(b"no network")


NOT_KEPT = {"link": _link, "pipe": os.mkfifo, "huge": _huge}
Spoil = Callable[[Path], None]


def test_a_plain_file_is_one_and_others_are_named(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with pytest.raises(FileNotFoundError):
        why_not_plain(path, 4)
    assert not is_kept(path, 4)
    path.write_bytes(b"four")
    assert why_not_plain(path, 4) is None
    assert why_not_plain(path, 3) == "it is larger than 3 bytes"
    assert "a folder" in str(why_not_plain(tmp_path, 4))
    (tmp_path / "link").symlink_to(path)
    assert "a symbolic link" in str(why_not_plain(tmp_path / "link", 4))


@pytest.mark.parametrize("spoil", [*NOT_KEPT.values(), _damage], ids=[*NOT_KEPT, "damaged"])
def test_a_network_is_exported_again(spoil: Spoil, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGINE_CACHE", str(tmp_path / "cache"))

    def checked(path: Path) -> bytes:
        content = path.read_bytes()
        if content == b"no network":
            raise RuntimeError("damaged")
        return content

    def trace() -> Traced:
        return Traced(torch.nn.ReLU(), {"input": torch.zeros(2, 3)}, {"input": {}})

    first = opened(checked, "a network", trace)
    (file,) = (tmp_path / "cache" / "onnx").glob("*.onnx")
    file.unlink()
    spoil(file)
    assert opened(checked, "a network", trace) == first
    assert file.is_file()
    assert not file.is_symlink()
    if spoil is _link:
        assert (tmp_path / "cache" / "elsewhere").read_bytes() == b"mine"


@pytest.mark.parametrize("spoil", NOT_KEPT.values(), ids=NOT_KEPT)
def test_a_thumbnail_is_made_again(spoil: Spoil, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGINE_CACHE", str(tmp_path / "cache"))
    photo = tmp_path / "photo.png"
    Image.new("RGB", (40, 30), "red").save(photo)
    kept = thumbnail(photo, content_hash(photo))
    before = kept.read_bytes()
    kept.unlink()
    spoil(kept)
    assert thumbnail(photo, content_hash(photo)).read_bytes() == before
    assert not kept.is_symlink()
