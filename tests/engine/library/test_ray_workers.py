"""Workers of Ray embed photos; one that is killed loses nothing."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import Result

from engine import Engine
from engine.errors import EngineError
from engine.library.embedding import Embedder
from engine.models.multimodal import MultimodalModel
from engine.photos.walk import scan

INDEX = """
import os, signal, sys, psutil
from engine import Engine

killed = []

def kill_one(progress):
    # After the first batches, while others are being embedded.
    if progress.what == "photos" and 0 < progress.done < progress.total and not killed:
        for process in psutil.Process().children(recursive=True):
            if " ".join(process.cmdline()).startswith("ray::_Worker"):
                os.kill(process.pid, signal.SIGKILL)
                killed.append(process.pid)
                break

with Engine.open(sys.argv[1], device="cpu") as engine:
    first = engine.index([sys.argv[2]], workers=2, report=kill_one)
    second = engine.index(workers=2)
    print(len(killed), first.added, len(first.failed), second.added, second.unchanged)
"""


def test_a_worker_that_is_killed_loses_nothing(many_photos: Path, many_library: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="Ray is not installed (the extra 'scale' has it)")
    library, photos = tmp_path / "library", len(list(many_photos.iterdir()))
    ran = subprocess.run([sys.executable, "-c", INDEX, library, many_photos], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr[-3000:]
    assert ran.stdout.split() == ["1", str(photos), "0", "0", str(photos)]
    with Engine.open(library) as one, Engine.open(many_library) as other:
        reader, alone = one.reader, other.reader
        by_path = {photo.path: photo.photo_id for photo in reader.photos(reader.photo_ids.tolist())}
        same = {photo.path: photo.photo_id for photo in alone.photos(alone.photo_ids.tolist())}
        assert by_path.keys() == same.keys()
        assert len(by_path) == photos
        vectors, expected = (
            np.asarray(each.photo_vectors([numbers[path] for path in sorted(same)]), np.float32)
            for each, numbers in ((reader, by_path), (alone, same))
        )
    np.testing.assert_allclose(vectors, expected, atol=4e-3)  # batches of others, on fewer cores


def test_an_embedder_tells_copies_and_failures_apart(model: MultimodalModel, own_photos: Path, tmp_path: Path) -> None:
    (own_photos / "again.png").write_bytes((own_photos / "coffee.png").read_bytes())
    (own_photos / "broken.jpg").write_bytes(b"no photo")
    files = list(scan([own_photos]))
    embedder = Embedder(model, None, 1)
    found = embedder.embed(files, lambda _: False)
    assert found.num_files == len(files)
    assert [Path(copy.file.path).name for copy in found.known] == ["coffee.png"]
    assert [Path(failure.path).name for failure in found.failed] == ["broken.jpg"]
    assert found.vectors is not None
    assert found.vectors.records.shape[0] == len(found.photos)
    stored = {photo.content_hash for photo in found.photos}
    again = embedder.embed(files, stored.__contains__)
    assert (again.photos, again.vectors, len(again.known)) == ([], None, len(files) - 1)


@pytest.mark.parametrize("workers", ["0", "many", "http://head:10001"])
def test_what_names_no_workers_is_refused(workers: str, photos: Path, tmp_path: Path) -> None:
    with (
        Engine.open(tmp_path / "library") as engine,
        pytest.raises(EngineError, match="expected their number, ray, or"),
    ):
        engine.index([photos], workers=workers)
    assert not (tmp_path / "library").exists()


def test_without_ray_one_line_says_how_to_get_it(
    cli: Callable[..., Result], photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    result = cli("index", photos, "--workers", "2", library=tmp_path / "library")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("error: Several workers need the package ray, which is not installed; run `")
