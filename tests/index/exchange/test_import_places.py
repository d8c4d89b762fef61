"""Where a library is imported to: what is there already, and what an import left that was killed."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from exports import filled, lines_of
from filelock import FileLock

from index import BuildSpec, verify_library
from index.errors import ExchangeError
from index.exchange.exporting import export_library
from index.exchange.importing import import_library


@pytest.fixture
def export(maker_class: Any, tmp_path: Path) -> Path:
    maker = filled(maker_class(tmp_path / "made", BuildSpec("tiny", "f1" * 32, 5, 12, has_global=True)))
    export_library(maker.folder, tmp_path / "export", vectors=True)
    return tmp_path / "export"


def test_the_current_folder_may_be_named(export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    import_library(export, Path())
    assert Path("library.sqlite3").is_file()  # the folder is the same one, and not one in its place
    assert verify_library(tmp_path / "here") == []
    assert not list(Path().glob(".*"))


def test_a_link_to_an_empty_folder_may_be_named(export: Path, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to("disk")
    import_library(export, tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert verify_library(tmp_path / "disk") == []


@pytest.mark.parametrize("there", [True, False])
def test_what_a_killed_import_left_is_removed_and_what_runs_stays(export: Path, tmp_path: Path, there: bool) -> None:
    folder = tmp_path / "library"
    left, running = (
        folder / f".importing.{name}" if there else tmp_path / f".library.importing.{name}" for name in ("1", "2")
    )
    (left / "vectors").mkdir(parents=True)
    if there:
        (folder / "vectors").mkdir()  # it was killed as it moved its files
    import_library(export, folder)
    assert not left.exists()
    assert verify_library(folder) == []
    running.mkdir()
    with FileLock(running / "library.lock"):
        if there:
            with pytest.raises(ExchangeError, match="is not empty"):
                import_library(export, folder)
        assert running.exists()


@pytest.mark.skipif(os.name == "nt", reason="pipes with names are a matter of Unix")
@pytest.mark.parametrize("name", ["library.json", "photos.jsonl", "sentences.npy"])
@pytest.mark.parametrize("kind", ["pipe", "link"])
def test_a_pipe_or_a_link_is_refused_at_once(export: Path, tmp_path: Path, name: str, kind: str) -> None:
    (export / name).rename(tmp_path / "moved")
    os.mkfifo(export / name) if kind == "pipe" else (export / name).symlink_to(tmp_path / "moved")
    with pytest.raises(ExchangeError, match=name):
        import_library(export, tmp_path / "library")
    assert not (tmp_path / "library").exists()


def test_nothing_infinite_is_stored(export: Path, tmp_path: Path) -> None:
    rows = lines_of(export / "photos.jsonl")
    row = next(row for row in rows if row["captions"])
    for value in (1e39, 1e400, float("nan")):
        row["captions"][0]["log_probability"] = value
        (export / "photos.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        with pytest.raises(ExchangeError, match=r"photos\.jsonl"):
            import_library(export, tmp_path / "library")
