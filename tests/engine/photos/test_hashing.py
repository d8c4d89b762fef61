"""The same bytes have the same hash."""

import hashlib
from pathlib import Path

import pytest

from engine.errors import PhotoError
from engine.photos.hashing import content_hash


def test_a_hash_is_of_the_content_alone(tmp_path: Path) -> None:
    content = bytes(range(256)) * 5000
    for name in ("a.jpg", "other name\n.png"):
        (tmp_path / name).write_bytes(content)
    first, second = content_hash(tmp_path / "a.jpg"), content_hash(str(tmp_path / "other name\n.png"))
    assert first == second == hashlib.blake2b(content, digest_size=16).hexdigest()
    (tmp_path / "a.jpg").write_bytes(content[:-1])
    assert content_hash(tmp_path / "a.jpg") != first
    assert len(first) == 32


def test_what_cannot_be_read_has_no_hash(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match="no such file"):
        content_hash(tmp_path / "gone.jpg")
    with pytest.raises(PhotoError, match="it is a folder"):
        content_hash(tmp_path)


def test_a_disk_that_fails_is_a_photo_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    (tmp_path / "a.jpg").write_bytes(b"content")
    monkeypatch.setattr("hashlib.file_digest", fail)
    with pytest.raises(PhotoError, match="reading failed: Input/output error"):
        content_hash(tmp_path / "a.jpg")
