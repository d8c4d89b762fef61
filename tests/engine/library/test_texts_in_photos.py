"""The text in the photos of a library is read once a photo, in small transactions, and a run may end anywhere."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from engine.library.report import PHOTO_BATCH, IndexReport, Progress
from engine.library.texts_in_photos import LibraryTexts
from engine.photos.hashing import content_hash
from engine.photos.walk import FoundPhoto
from engine.reading.text_reader import TextReader
from index import KnownPhoto, PhotoText

pytest.importorskip("rapidocr", reason="rapidocr is not installed: pip install 'visual-semantic-engine[ocr]'")


class InMemory:
    """What a ``LibraryWriter`` does with texts, for photos of one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.photos = {str(path): _known(number, path) for number, path in enumerate(sorted(folder.iterdir()))}
        self.read: dict[int, Sequence[PhotoText]] = {}
        self.transactions: list[int] = []

    def roots(self) -> list[str]:
        return [str(self.folder)]

    def photos_without_text(self, text_reader: str, /) -> dict[str, KnownPhoto]:
        return {path: photo for path, photo in self.photos.items() if photo.photo_id not in self.read}

    def add_read_texts(self, text_reader: str, texts: Mapping[int, Sequence[PhotoText]], /) -> None:
        self.read |= texts
        self.transactions.append(len(texts))

    def texts(self) -> dict[str, list[str]]:
        names = {photo.photo_id: Path(path).name for path, photo in self.photos.items()}
        return {names[photo_id]: [line.text for line in lines] for photo_id, lines in self.read.items()}


def _known(photo_id: int, path: Path) -> KnownPhoto:
    found = FoundPhoto.at(str(path))
    return KnownPhoto(photo_id, found.size, found.mtime_ns, content_hash(path), embedded=True)


def sign(path: Path, text: str) -> None:
    image = Image.new("RGB", (800, 500), "#0b3d91")
    ImageDraw.Draw(image).text((400, 250), text, "white", ImageFont.load_default(64), anchor="mm")
    image.save(path)


def run(store: InMemory) -> tuple[IndexReport, list[Progress]]:
    result, steps = IndexReport(), list[Progress]()
    LibraryTexts(store, TextReader()).read_missing(steps.append, result)
    return result, steps


def test_each_content_is_read_once_and_shared(tmp_path: Path) -> None:
    sign(tmp_path / "bakery.jpg", "BAKERY")
    shutil.copyfile(tmp_path / "bakery.jpg", tmp_path / "copy.jpg")
    Image.new("RGB", (300, 200), "green").save(tmp_path / "grass.png")
    store = InMemory(tmp_path)
    result, steps = run(store)
    assert store.texts() == {"bakery.jpg": ["BAKERY"], "copy.jpg": ["BAKERY"], "grass.png": []}
    assert (result.texts_read, result.lines_read, result.failed) == (3, 1, [])
    assert steps == [Progress("texts", 1, 2), Progress("texts", 2, 2)]
    again, steps = run(store)
    assert (again.texts_read, steps) == (0, [])


def test_a_large_photo_is_read_from_its_own_pixels_and_upright(tmp_path: Path) -> None:
    page = Image.new("RGB", (4000, 3000), "white")
    ImageDraw.Draw(page).text((2000, 1500), "Invoice of March", "black", ImageFont.load_default(110), anchor="mm")
    exif = Image.Exif()
    exif[0x0112] = 6  # it was stored on its side
    page.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "page.jpg", exif=exif)
    store = InMemory(tmp_path)
    run(store)
    ((line,),) = store.read.values()
    assert line.text == "Invoice of March"
    assert line.box is not None
    assert line.box[0] < 0.5 < line.box[2]
    assert 0.02 < line.box[3] - line.box[1] < 0.08


def test_what_cannot_be_read_is_listed_and_what_changed_waits(tmp_path: Path) -> None:
    for name in ("broken.jpg", "changed.png", "gone.png"):
        Image.new("RGB", (300, 200), name_colour(name)).save(tmp_path / name)
    (tmp_path / "broken.jpg").write_bytes((tmp_path / "broken.jpg").read_bytes()[:200])
    store = InMemory(tmp_path)
    Image.new("RGB", (310, 200), "pink").save(tmp_path / "changed.png")
    (tmp_path / "gone.png").unlink()
    result, steps = run(store)
    assert [Path(failure.path).name for failure in result.failed] == ["broken.jpg"]
    assert "truncated" in result.failed[0].reason or "corrupt" in result.failed[0].reason
    assert (store.texts(), result.texts_read, len(steps)) == ({}, 0, 2)


def name_colour(name: str) -> tuple[int, int, int]:
    return len(name) * 10, 90, 120


def test_a_run_that_is_stopped_loses_a_batch_at_most(tmp_path: Path) -> None:
    total = 2 * PHOTO_BATCH + 3
    for number in range(total):
        Image.new("RGB", (64, 48), (number, 80, 120)).save(tmp_path / f"{number:02}.png")
    store = InMemory(tmp_path)

    def stop(step: Progress) -> None:
        if step.done == PHOTO_BATCH + 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        LibraryTexts(store, TextReader()).read_missing(stop, IndexReport())
    assert store.transactions == [PHOTO_BATCH]
    result, _ = run(store)
    assert store.transactions == [PHOTO_BATCH, PHOTO_BATCH, 3]
    assert result.texts_read == total - PHOTO_BATCH
