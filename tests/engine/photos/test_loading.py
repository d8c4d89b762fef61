"""Loading keeps the order, never raises for one photo, and leaves no thread behind."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from engine.errors import EngineError
from engine.photos.hashing import content_hash
from engine.photos.loading import KnownContent, LoadedPhoto, load_photos
from engine.photos.walk import Failure, FoundPhoto, scan


@pytest.fixture
def found(tmp_path: Path) -> list[FoundPhoto]:
    """Thirty photos; number 11 is empty and number 20 is a PNG by the wrong name."""
    for number in range(30):
        image = Image.new("RGB", (200 + number, 100), (number * 8, 0, 0))
        image.save(tmp_path / f"{number:02}.jpg", "PNG" if number == 20 else "JPEG")
    (tmp_path / "11.jpg").write_bytes(b"")
    return list(scan([tmp_path]))


def threads() -> int:
    """How many of our threads run."""
    return sum(thread.name.startswith("photo") for thread in threading.enumerate())


@pytest.mark.parametrize("workers", [1, 3, 50])
def test_one_result_for_each_photo_in_order(workers: int, found: list[FoundPhoto]) -> None:
    results = list(load_photos(found, target=50, workers=workers))
    assert [result.path if isinstance(result, Failure) else result.file.path for result in results] == [
        photo.path for photo in found
    ]
    for number, result in enumerate(results):
        if number == 11:
            assert isinstance(result, Failure)
            assert result.reason == "the file is empty (0 bytes)"
        else:
            assert isinstance(result, LoadedPhoto)
            assert (result.width, result.height) == (200 + number, 100)
            assert min(result.image.size) >= 50
            assert result.content_hash == content_hash(result.file.path)
            assert result.warnings == (
                ("the name promises another format; the content is PNG",) if number == 20 else ()
            )
    assert threads() == 0


def test_known_content_is_not_decoded(found: list[FoundPhoto], monkeypatch: pytest.MonkeyPatch) -> None:
    known = {content_hash(photo.path) for photo in found[:5]}
    decoded: list[str] = []

    def skip(photo: FoundPhoto, digest: str) -> bool:
        if digest not in known:
            decoded.append(photo.path)
        return digest in known

    results = list(load_photos(found[:10], target=50, skip=skip))
    assert [isinstance(result, KnownContent) for result in results] == [True] * 5 + [False] * 5
    assert sorted(decoded) == [photo.path for photo in found[5:10]]


def test_it_looks_ahead_but_not_without_bound(found: list[FoundPhoto]) -> None:
    taken: list[str] = []

    def watched() -> Iterator[FoundPhoto]:
        for photo in found * 10:
            taken.append(photo.path)
            yield photo

    loading = load_photos(watched(), target=50, workers=2)
    next(loading)
    assert 2 < len(taken) <= 9
    loading.close()


def test_closing_early_is_prompt_and_leaves_no_thread(found: list[FoundPhoto], monkeypatch: pytest.MonkeyPatch) -> None:
    loading = load_photos(found * 100, target=50, workers=4)
    next(loading)
    assert threads() > 0
    begin = time.monotonic()
    loading.close()
    assert time.monotonic() - begin < 2
    assert threads() == 0


def test_an_interrupt_in_the_loop_leaves_no_thread(found: list[FoundPhoto]) -> None:
    def interrupted() -> None:
        loading = load_photos(found * 100, target=50)
        try:
            for number, _ in enumerate(loading):
                if number == 3:
                    raise KeyboardInterrupt
        finally:
            loading.close()

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert threads() == 0


def test_a_photo_that_is_gone_or_too_large_is_a_failure(found: list[FoundPhoto]) -> None:
    Path(found[0].path).unlink()
    first, second = load_photos(found[:2], target=50, max_pixels=1000)
    assert isinstance(first, Failure)
    assert "no such file" in first.reason
    assert isinstance(second, Failure)
    assert "the limit here is" in second.reason


def test_a_photo_that_changes_meanwhile_is_a_failure(found: list[FoundPhoto]) -> None:
    def touch(photo: FoundPhoto, digest: str) -> bool:
        with Path(photo.path).open("ab") as file:
            file.write(b"more")
        return False

    (result,) = load_photos(found[:1], target=50, skip=touch)
    assert isinstance(result, Failure)
    assert "changed while it was being read" in result.reason


def test_mistakes_are_raised_and_not_hidden(found: list[FoundPhoto], monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(photo: FoundPhoto, digest: str) -> bool:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(load_photos(found, target=50, skip=wrong))
    monkeypatch.setenv("ENGINE_MAX_PIXELS", "many")
    with pytest.raises(EngineError, match="ENGINE_MAX_PIXELS"):
        list(load_photos(found, target=50))
    assert threads() == 0


def test_nothing_to_load() -> None:
    assert list(load_photos([], target=50)) == []
