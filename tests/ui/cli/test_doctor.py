"""``engine doctor`` says what is here, what is broken and what is slow, and names no photo."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from engine.runtime import machine
from engine.vision.inference import has_bfloat16

Cli = Callable[..., Result]
ROOT = Path(__file__).resolve().parents[3]


def report(cli: Cli, library: Path, *more: str | Path) -> dict[str, Any]:
    result = cli("doctor", "--json", *more, library=library)
    found: dict[str, Any] = json.loads(result.stdout)
    assert result.exit_code == (1 if found["broken"] else 0)
    return found


def test_a_library_that_works(cli: Cli, library: Path, photos: Path) -> None:
    found = report(cli, library)
    assert found["broken"] == []
    status = json.loads(cli("status", "--json", library=library).stdout)
    seen = found["library"]
    assert (seen["photos"], seen["model"], seen["fingerprint"], seen["bytes"]) == (
        status["photos"], status["model"], status["fingerprint"], status["bytes"],
    )  # fmt: skip
    assert found["model"] == {"name": "default", "fingerprint": status["fingerprint"]}
    assert seen["index"]["covered"] == seen["index"]["of"] > 0
    assert seen["sealed"]
    assert found["machine"]["bfloat16"] in (has_bfloat16(), True)
    assert {one["name"]: one["origin"] for one in found["settings"]}["library"] == "environment"
    text = cli("doctor", library=library).stdout
    assert "Nothing is broken." in text
    for photo in photos.iterdir():
        assert photo.stem not in text + json.dumps(found)


def test_it_says_which_networks_were_exported(cli: Cli, library: Path, tmp_path: Path) -> None:
    """The names of the cache's files are those that a run and a search have made."""
    assert cli("search", "a cat", library=library).exit_code == 0
    there = report(cli, library)["cache"]["networks"]
    assert {name for name, exported in there.items() if exported} >= {"photos", "regions", "texts"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ENGINE_CACHE", str(tmp_path / "empty"))
        found = report(cli, library)
    assert not any(found["cache"]["networks"].values())
    assert [remark for remark in found["remarks"] if "Prepared when first needed" in remark]
    assert not (tmp_path / "empty").exists()


def test_it_is_quick_and_does_without_torch(library: Path) -> None:
    code = (
        "import sys\nfrom ui.cli.main import run\ntry:\n    run()\nfinally:\n"
        "    print(*sorted({'torch', 'onnxruntime', 'openvino', 'faiss'} & set(sys.modules)), file=sys.stderr)"
    )
    environment = {**os.environ, "ENGINE_LIBRARY": str(library), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code, "doctor"], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr.split()) == (0, [])


def test_no_library_yet_is_nothing_broken(cli: Cli, tmp_path: Path) -> None:
    found = report(cli, tmp_path / "none")
    assert found["library"]["state"] == "nothing was indexed yet"
    assert found["broken"] == []
    assert not (tmp_path / "none").exists()


def test_a_damaged_catalogue_is_broken(cli: Cli, own_library: Path) -> None:
    (own_library / "library.sqlite3").write_bytes(b"nothing that can be read" * 100)
    (problem,) = report(cli, own_library)["broken"]
    assert "is not a readable SQLite database" in problem
    assert "broken: " in cli("doctor", library=own_library).stdout


def test_an_index_that_is_behind_is_slow(cli: Cli, own_library: Path) -> None:
    (own_library / "manifest.json").unlink()
    found = report(cli, own_library)
    assert found["broken"] == []
    assert [remark for remark in found["remarks"] if "The index covers 0 of" in remark]


def test_another_model_of_the_same_name_is_broken(cli: Cli, own_library: Path) -> None:
    import sqlite3

    with sqlite3.connect(own_library / "library.sqlite3") as connection:
        connection.execute("UPDATE builds SET fingerprint = 'f00d'")
    connection.close()
    (problem,) = report(cli, own_library)["broken"]
    assert "made by default (f00d)" in problem


def test_a_model_that_is_not_there_is_broken(cli: Cli, library: Path) -> None:
    (problem,) = report(cli, library, "--model", "nothing")["broken"]
    assert "There is no model 'nothing'" in problem


def test_settings_that_cannot_be_read_are_broken(cli: Cli, library: Path, tmp_path: Path) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text("this is not TOML")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ENGINE_CONFIG", str(settings))
        (problem,) = report(cli, library)["broken"]
    assert "is not TOML" in problem


def test_an_older_schema_is_left_as_it_is(cli: Cli, own_library: Path) -> None:
    import sqlite3

    with sqlite3.connect(own_library / "library.sqlite3") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0005'")
    connection.close()
    before = shutil.copy(own_library / "library.sqlite3", own_library.parent / "before").read_bytes()
    found = report(cli, own_library)
    assert "0005" in found["library"]["state"]
    assert (own_library / "library.sqlite3").read_bytes() == before


def test_what_a_path_lies_on() -> None:
    kind = machine.kind_of_disk(Path("/proc/self"))
    assert kind in ("proc", None)
    assert "nfs4" in machine.REMOTE


def test_the_home_folder_is_not_told(tmp_path: Path) -> None:
    from engine.checkup import short_path

    assert short_path(Path.home() / "Pictures" / "library") == "~/Pictures/library"
    assert short_path(tmp_path) in (str(tmp_path), f"~/{tmp_path.name}")
