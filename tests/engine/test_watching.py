"""A watched library follows its folders, whatever happens to them, and stops when told to."""

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread

import pytest
from photo_folders import copy_some

from engine import Engine, watching
from engine.errors import EngineError, LibraryLockedError, PhotoPathError, PhotosGoneError
from engine.library.indexing import IndexReport, Progress
from index import LibraryWriter, read_photos

PATIENCE_S = 120.0


class Watch:
    """A thread that watches, and what it was told."""

    def __init__(self, library: Path, paths: list[Path] | None, **options: object) -> None:
        self.library = library
        self.reports: list[IndexReport] = []
        self.refusals: list[EngineError] = []
        self.stop = Event()
        self._thread = Thread(target=self._watch, args=(paths, options))
        self._thread.start()

    def _watch(self, paths: list[Path] | None, options: dict[str, object]) -> None:
        with Engine.open(self.library, device="cpu") as engine:
            engine.watch(paths, self.stop, ran=self.reports.append, failed=self.refusals.append, **options)  # type: ignore[arg-type]

    def until(self, happened: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not happened():
            assert time.monotonic() < deadline, (self.reports, self.refusals)
            assert self._thread.is_alive()
            time.sleep(0.05)

    def photos(self) -> set[Path]:
        """Those that the library shows."""
        return {Path(photo.path) for photo in read_photos(self.library)}

    def end(self) -> float:
        """Stop; the seconds that it took."""
        began = time.monotonic()
        self.stop.set()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()
        return time.monotonic() - began


Start = Callable[..., Watch]


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Start]:
    """Starts a watch, waits for its first run, and stops it in the end."""
    started: list[Watch] = []

    def start(*paths: Path, library: Path = tmp_path / "library", **options: object) -> Watch:
        started.append(Watch(library, list(paths) or None, **options))
        started[-1].until(lambda: bool(started[-1].reports))
        return started[-1]

    yield start
    for watch in started:
        watch.end()


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*.*") if path.is_file() and path.suffix in (".png", ".jpg")}


def test_the_library_follows_what_happens_to_the_files(watched: Start, own_photos: Path, photos: Path) -> None:
    watch = watched(own_photos, allow_missing=True)
    assert watch.photos() == files(own_photos)

    shutil.copyfile(photos / "coffee.png", own_photos / "more coffee.png")
    watch.until(lambda: watch.photos() == files(own_photos))
    (own_photos / "new" / "deep").mkdir(parents=True)
    shutil.copyfile(photos / "chelsea.png", own_photos / "new" / "deep" / "cat.png")
    watch.until(lambda: watch.photos() == files(own_photos))
    (own_photos / "new").rename(own_photos / "renamed")
    watch.until(lambda: watch.photos() == files(own_photos))
    watch.until(lambda: watch.reports[-1].moved == 1)
    shutil.copyfile(photos / "coffee.png", own_photos / "renamed" / "deep" / "coffee.png")
    watch.until(lambda: watch.photos() == files(own_photos))
    (own_photos / "coffee.png").unlink()
    shutil.rmtree(own_photos / "renamed")
    watch.until(lambda: watch.photos() == files(own_photos))
    assert watch.refusals == []
    assert watch.end() < 1


def test_changes_beside_the_photos_make_no_run(watched: Start, own_photos: Path) -> None:
    watch = watched(own_photos, library=own_photos / "library")
    (own_photos / "notes.md").write_text("no photo")
    (own_photos / ".hidden.jpg").write_bytes(b"being copied")
    (own_photos / "library" / "x.jpg").write_bytes(b"of the library")
    time.sleep(3 * watching.QUIET_S)
    assert len(watch.reports) == 1
    (own_photos / "chelsea.txt").write_text("A cat in the sun.\n")
    watch.until(lambda: len(watch.reports) == 2)
    assert watch.reports[1].sentences_added == 1


def test_a_photo_that_is_being_written_is_taken_when_it_is_whole(
    watched: Start, own_photos: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "LONGEST_S", 1.5)  # a run begins in the middle of it
    watch = watched(own_photos)
    content = (photos / "coffee.png").read_bytes()
    step = len(content) // 12 + 1
    with (own_photos / "slow.png").open("wb") as file:
        for start in range(0, len(content), step):
            file.write(content[start : start + step])
            file.flush()
            time.sleep(0.4)
    watch.until(lambda: own_photos / "slow.png" in watch.photos())
    assert len(watch.reports) > 2
    assert [report.failed for report in watch.reports if report.failed] == []


def test_a_photo_that_stays_damaged_is_reported(watched: Start, own_photos: Path) -> None:
    watch = watched(own_photos)
    (own_photos / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    watch.until(lambda: bool(watch.reports[-1].failed))
    assert [failure.path for failure in watch.reports[-1].failed] == [str(own_photos / "broken.jpg")]


def test_a_disk_that_goes_and_comes_back(watched: Start, own_photos: Path, photos: Path, tmp_path: Path) -> None:
    watch = watched(own_photos)
    own_photos.rename(tmp_path / "elsewhere")
    watch.until(lambda: bool(watch.refusals))
    assert isinstance(watch.refusals[0], PhotosGoneError)
    assert "Is its disk mounted?" in str(watch.refusals[0])
    shutil.copyfile(photos / "coffee.png", tmp_path / "elsewhere" / "more coffee.png")
    (tmp_path / "elsewhere").rename(own_photos)
    watch.until(lambda: watch.photos() == files(own_photos))
    shutil.copyfile(photos / "coffee.png", own_photos / "still more coffee.png")  # the watch sees the folder again
    watch.until(lambda: watch.photos() == files(own_photos))
    assert len(watch.refusals) == 1


def test_a_disk_that_is_not_there_does_not_keep_the_others_from_being_followed(
    watched: Start, own_photos: Path, photos: Path, tmp_path: Path
) -> None:
    extra = tmp_path / "extra"
    extra.mkdir()
    shutil.copyfile(photos / "chelsea.png", extra / "one.png")
    watch = watched(own_photos, extra)
    before = files(own_photos)
    own_photos.rename(tmp_path / "elsewhere")
    watch.until(lambda: bool(watch.refusals))
    for name in ("two.png", "three.png"):
        shutil.copyfile(photos / "coffee.png", extra / name)
        watch.until(lambda: watch.photos() == before | files(extra))
    assert [type(refusal) for refusal in watch.refusals] == [PhotosGoneError]


def test_a_library_that_another_writes_to_is_tried_again(
    watched: Start, own_photos: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "RETRY_S", 0.2)
    monkeypatch.setitem(LibraryWriter.open.__func__.__kwdefaults__, "timeout_s", 0.2)  # that it waits for the other
    watch = watched(own_photos)
    with LibraryWriter.open(watch.library):
        shutil.copyfile(photos / "coffee.png", own_photos / "more coffee.png")
        watch.until(lambda: bool(watch.refusals))
        assert isinstance(watch.refusals[0], LibraryLockedError)
    watch.until(lambda: watch.photos() == files(own_photos))
    assert len(watch.refusals) == 1


def test_roots_of_earlier_runs_are_watched_and_only_what_changed_is_looked_at(
    watched: Start, own_photos: Path, photos: Path, tmp_path: Path
) -> None:
    extra = tmp_path / "extra"
    extra.mkdir()
    shutil.copyfile(photos / "chelsea.png", extra / "one.png")
    with Engine.open(tmp_path / "library", device="cpu") as engine:
        engine.index([own_photos, extra])
    watch = watched()
    shutil.copyfile(photos / "coffee.png", extra / "two.png")
    watch.until(lambda: watch.photos() == files(own_photos) | files(extra))
    watch.until(lambda: (watch.reports[-1].added, watch.reports[-1].unchanged) == (1, 1))


def test_it_stops_in_the_middle_of_a_run_and_keeps_what_was_done(many_photos: Path, tmp_path: Path) -> None:
    library, stop, ran = tmp_path / "library", Event(), list[IndexReport]()
    folder = copy_some(many_photos, 60, tmp_path / "photos")

    def stop_soon(step: Progress) -> None:
        if step.done == 40:
            stop.set()

    with Engine.open(library, device="cpu") as engine:
        engine.watch([folder], stop, ran=ran.append, report=stop_soon)
        assert ran == []
        kept = engine.status().photos
        assert 0 < kept < len(files(folder))
        report = engine.index([folder])
    assert (report.added, report.unchanged) == (len(files(folder)) - kept, kept)


def test_a_first_run_that_is_refused_ends_the_watch(tmp_path: Path) -> None:
    with Engine.open(tmp_path / "library", device="cpu") as engine, pytest.raises(PhotoPathError, match="no such file"):
        engine.watch([tmp_path / "missing"])
    assert not (tmp_path / "library").exists()
