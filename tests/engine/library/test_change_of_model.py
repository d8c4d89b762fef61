"""Another model embeds a library: the one before answers until that is done, and can be gone back to."""

from pathlib import Path

import pytest

from engine import Engine
from engine.library import indexing
from engine.library.report import Progress
from engine.sharing import SharedEngine
from index import compact_library, read_status

BATCH = 3


class Stop:
    """Notes the progress of a run, and stops it after its first batch of photos."""

    def __init__(self, *, after: int) -> None:
        self.notes: list[str] = []
        self._after = after

    def __call__(self, step: Progress) -> None:
        self.notes += [step.note] if step.note else []
        if step.what == "photos" and not step.note and step.done == self._after:
            raise KeyboardInterrupt


def index(library: Path, model: str, photos: Path, report: Stop) -> int:
    with Engine.open(library, model=model, device="cpu") as engine:
        return engine.index([photos], report=report).embedded_again


def test_the_model_of_before_answers_until_another_one_covers_the_library(
    own_library: Path, other_model: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "PHOTO_BATCH", BATCH)
    before = read_status(own_library)
    total = before.photos
    with Engine.open(own_library, device="cpu") as engine:
        expected = [hit.path for hit in engine.search("a cat", total)]

    stop = Stop(after=2 * BATCH)
    with pytest.raises(KeyboardInterrupt):
        index(own_library, str(other_model), photos, stop)
    assert len(stop.notes) == 1
    assert "photos are embedded with other: about 1 minute, " in stop.notes[0]
    assert stop.notes[0].endswith("Until then default answers searches.")
    stopped = read_status(own_library)
    assert (stopped.model_name, stopped.photos) == ("default", total)
    assert [(build.model_name, build.current) for build in stopped.builds] == [("default", True), ("other", False)]
    with Engine.open(own_library, device="cpu") as engine:
        assert [hit.path for hit in engine.search("a cat", total)] == expected

    assert 0 < index(own_library, str(other_model), photos, Stop(after=-1)) < total  # it goes on
    assert (read_status(own_library).model_name, read_status(own_library).photos) == ("other", total)
    back = Stop(after=-1)
    assert index(own_library, "default", photos, back) == 0
    assert back.notes == []
    assert read_status(own_library).model_name == "default"
    assert read_status(own_library).sentences == before.sentences

    assert compact_library(own_library, drop_other_models=True).builds_dropped == 1
    assert [build.model_name for build in read_status(own_library).builds] == ["default"]


def test_before_workers_embed_a_line_says_what_it_takes(
    own_library: Path, other_model: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped there, before any process of Ray begins."""
    monkeypatch.setattr(indexing, "PHOTO_BATCH", BATCH)
    stop = Stop(after=-1)

    def reported(step: Progress) -> None:
        stop(step)
        if step.note:
            raise KeyboardInterrupt

    pytest.importorskip("ray", reason="Ray is not installed (the extra 'scale' has it)")
    total = read_status(own_library).photos
    with Engine.open(own_library, model=str(other_model), device="cpu") as engine, pytest.raises(KeyboardInterrupt):
        engine.index([photos], workers=1, report=reported)
    assert stop.notes[0].startswith(f"{total} photos are embedded with other by the workers: ")
    assert stop.notes[0].endswith(" MB on disk. Until then default answers searches.")


def test_what_is_open_follows_the_library_to_its_new_model(own_library: Path, photos: Path) -> None:
    """To a packaged one, because an own one is not found by its name."""
    with Engine.open(own_library, device="cpu") as engine:
        shared = SharedEngine(own_library, device="cpu", warn=pytest.fail)
        assert engine.search("a cat", 1)
        index(own_library, "paper", photos, Stop(after=-1))
        assert engine.search("a cat", 1)
        assert engine.model.name == "paper"
        with shared.leased() as lease:
            assert lease.engine.search("a cat", 1)
        shared.close()
    assert shared.problem is None
