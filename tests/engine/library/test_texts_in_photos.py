"""The text in the photos of a library is read once a photo, in small transactions, and a run may end anywhere."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from engine.library.report import PHOTO_BATCH, IndexReport, Progress, Report
from engine.library.texts_in_photos import LibraryTexts
from engine.photos.hashing import content_hash
from engine.photos.walk import FoundPhoto
from engine.reading.text_reader import TextReader
from index import BuildSpec, LibraryReader, LibraryWriter, PhotoRow, PhotoText

pytest.importorskip("rapidocr", reason="rapidocr is not installed (the extra 'ocr' has it)")


class Library:
    """A library of the photos of a folder, whose vectors are of no interest here."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.with_name(f"{folder.name}-library")
        spec = BuildSpec("tiny", "f00d", num_regions=1, dimension=2, has_global=False)
        with self.writer() as writer:
            writer.use_build(spec)
            writer.replace_roots([str(folder)])
            for path in sorted(folder.iterdir()):
                found = FoundPhoto.at(str(path))
                row = PhotoRow(str(path), found.size, found.mtime_ns, content_hash(path), 1, 1, "PNG")
                whole = np.array([[[0, 0, 1, 1]]], np.float32)
                writer.add_photos([row], np.zeros((1, 1, 2), np.float16), whole, np.zeros((1, 1), np.float32))

    def writer(self) -> LibraryWriter:
        return LibraryWriter.open(self.folder)

    def run(self, report: Report) -> IndexReport:
        result = IndexReport()
        with self.writer() as writer:
            writer.use_build(BuildSpec("tiny", "f00d", num_regions=1, dimension=2, has_global=False))
            LibraryTexts(writer, TextReader()).read_missing(report, result)
        return result

    def lines(self) -> dict[str, list[PhotoText]]:
        """The lines of the photos that were read, by name."""
        with LibraryReader.open(self.folder, print) as reader:
            photos = [photo for photo in reader.photos(reader.photo_ids.tolist()) if photo.text_reader is not None]
            return {Path(photo.path).name: reader.texts([photo.photo_id])[0] for photo in photos}

    def texts(self) -> dict[str, list[str]]:
        return {name: [line.text for line in lines] for name, lines in self.lines().items()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    return folder


def sign(path: Path, text: str) -> None:
    image = Image.new("RGB", (800, 500), "#0b3d91")
    ImageDraw.Draw(image).text((400, 250), text, "white", ImageFont.load_default(64), anchor="mm")
    image.save(path)


def run(library: Library) -> tuple[IndexReport, list[Progress]]:
    steps = list[Progress]()
    return library.run(steps.append), steps


def test_each_content_is_read_once_and_shared(folder: Path) -> None:
    sign(folder / "bakery.jpg", "BAKERY")
    shutil.copyfile(folder / "bakery.jpg", folder / "copy.jpg")
    Image.new("RGB", (300, 200), "green").save(folder / "grass.png")
    store = Library(folder)
    result, steps = run(store)
    assert store.texts() == {"bakery.jpg": ["BAKERY"], "copy.jpg": ["BAKERY"], "grass.png": []}
    assert (result.texts_read, result.lines_read, result.failed) == (3, 1, [])
    assert steps == [Progress("texts", 1, 2), Progress("texts", 2, 2)]
    again, steps = run(store)
    assert (again.texts_read, steps) == (0, [])


def test_a_large_photo_is_read_from_its_own_pixels_and_upright(folder: Path) -> None:
    page = Image.new("RGB", (4000, 3000), "white")
    ImageDraw.Draw(page).text((2000, 1500), "Invoice of March", "black", ImageFont.load_default(110), anchor="mm")
    exif = Image.Exif()
    exif[0x0112] = 6  # it was stored on its side
    page.transpose(Image.Transpose.ROTATE_90).save(folder / "page.jpg", exif=exif)
    store = Library(folder)
    run(store)
    ((line,),) = store.lines().values()
    assert line.text == "Invoice of March"
    assert line.box is not None
    assert line.box[0] < 0.5 < line.box[2]
    assert 0.02 < line.box[3] - line.box[1] < 0.08


def test_what_cannot_be_read_is_listed_and_what_changed_waits(folder: Path) -> None:
    for name in ("broken.jpg", "changed.png", "gone.png"):
        Image.new("RGB", (300, 200), name_colour(name)).save(folder / name)
    (folder / "broken.jpg").write_bytes((folder / "broken.jpg").read_bytes()[:200])
    store = Library(folder)
    Image.new("RGB", (310, 200), "pink").save(folder / "changed.png")
    (folder / "gone.png").unlink()
    result, steps = run(store)
    assert [Path(failure.path).name for failure in result.failed] == ["broken.jpg"]
    assert "truncated" in result.failed[0].reason or "corrupt" in result.failed[0].reason
    assert (store.texts(), result.texts_read, len(steps)) == ({}, 0, 2)


def name_colour(name: str) -> tuple[int, int, int]:
    return len(name) * 10, 90, 120


def test_a_run_that_is_stopped_loses_a_batch_at_most(folder: Path) -> None:
    total = 2 * PHOTO_BATCH + 3
    for number in range(total):
        Image.new("RGB", (64, 48), (number, 80, 120)).save(folder / f"{number:02}.png")
    store = Library(folder)

    def stop(step: Progress) -> None:
        if step.done == PHOTO_BATCH + 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.run(stop)
    assert len(store.texts()) == PHOTO_BATCH
    result, _ = run(store)
    assert (result.texts_read, len(store.texts())) == (total - PHOTO_BATCH, total)
