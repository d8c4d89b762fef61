"""Workers of Ray embed photos; one that is killed loses nothing."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from photo_folders import copy_some, library_of
from postgres_server import PostgresServer
from typer.testing import Result

from engine import Engine
from engine.errors import EngineError
from engine.library.embedding import Embedder
from engine.library.indexing import build_spec
from engine.library.ray_workers import AHEAD, _Worker
from engine.models.multimodal import MultimodalModel
from engine.photos.walk import scan
from index import ServerAddress, read_photos

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


@pytest.fixture(scope="module")
def some_photos(many_photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five batches of photos."""
    return copy_some(many_photos, 80, tmp_path_factory.mktemp("some"))


@pytest.fixture(scope="module")
def some_library(some_photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of them that one process made."""
    return library_of(some_photos, tmp_path_factory.mktemp("indexed") / "some")


@pytest.mark.parametrize("where", ["folder", "server"])
def test_a_worker_that_is_killed_loses_nothing(
    some_photos: Path, some_library: Path, tmp_path: Path, where: str, request: pytest.FixtureRequest
) -> None:
    """On a server the workers write, and one may be killed after that and before it says so."""
    pytest.importorskip("ray", reason="Ray is not installed (the extra 'scale' has it)")
    library: str | Path = tmp_path / "library"
    if where == "server":
        library = request.getfixturevalue("postgres").create_database("killed_workers")
    photos = len(list(some_photos.iterdir()))
    ran = subprocess.run([sys.executable, "-c", INDEX, library, some_photos], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr[-3000:]
    assert ran.stdout.split() == ["1", str(photos), "0", "0", str(photos)]
    with Engine.open(library) as one, Engine.open(some_library) as other:
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


def test_a_worker_writes_to_a_server_and_a_batch_given_again_is_there_once(
    postgres: PostgresServer, model: MultimodalModel, own_photos: Path
) -> None:
    (own_photos / "again.png").write_bytes((own_photos / "coffee.png").read_bytes())
    url, files = postgres.create_database("a_worker"), list(scan([own_photos]))
    worker = _Worker("default", build_spec(model), ServerAddress(url), "cpu", None, 1)
    worker._stored = frozenset()  # else it is fetched from Ray
    for _ in range(2):
        found = worker.embed(files, ())
        assert (found.is_stored, found.vectors, found.orphaned) == (True, None, [])
        assert len(found.photos) + len(found.known) == len(files)
        with Engine.open(url, device="cpu") as engine:
            assert engine.reader.num_photos == len(files)
            assert sum(map(len, engine.reader.copies(engine.reader.photo_ids.tolist()))) == 2
            again = engine.index([own_photos])
            assert (again.added, again.unchanged) == (0, len(files))


def test_batches_that_a_worker_has_at_the_same_time_are_all_written(
    postgres: PostgresServer, model: MultimodalModel, photos: Path, tmp_path: Path
) -> None:
    """Of photos whose content is known nothing is embedded, so that they are written at the same moment."""
    url = postgres.create_database("two_batches")
    with Engine.open(url, device="cpu") as engine:
        engine.index([photos])
    for number in range(12):
        shutil.copytree(photos, tmp_path / "copies" / str(number))
    files = list(scan([tmp_path / "copies"]))
    worker = _Worker("default", build_spec(model), ServerAddress(url), "cpu", None, 1)
    worker._stored = frozenset(photo.content_hash for photo in read_photos(ServerAddress(url)))
    with ThreadPoolExecutor(AHEAD) as pool:
        found = list(pool.map(lambda start: worker.embed(files[start : start + 4], ()), range(0, len(files), 4)))
    assert sum(len(batch.known) for batch in found) == len(files)
    with Engine.open(url, device="cpu") as engine:
        assert engine.reader.num_photos == len(files) + len(list(photos.iterdir()))


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
