"""The wheel: what it carries, and that it works in an environment that has never seen the checkout."""

import json
import os
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
DETECTOR_FILES = ("config.json", "weights.safetensors", "MODEL_CARD.md")
MODEL_FILES = (*DETECTOR_FILES, "vocabulary.json", "calibration.safetensors")
CAPTIONER_FILES = (*DETECTOR_FILES, "vocabulary.json")
PARTS = {
    "default": MODEL_FILES,
    "paper": MODEL_FILES,
    "proposals": DETECTOR_FILES,
    "captions/default": CAPTIONER_FILES,
    "captions/paper": CAPTIONER_FILES,
    "captions/regions": CAPTIONER_FILES,
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT],
        check=True,
        capture_output=True,
        timeout=120,
    )
    (built,) = folder.glob("*.whl")
    return built


class Environment(NamedTuple):
    """An environment with the wheel; its dependencies are those of the environment that runs the tests."""

    python: Path
    command: Path
    folder: Path


@pytest.fixture(scope="module")
def fresh(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The wheel installed into an environment of its own."""
    folder = tmp_path_factory.mktemp("fresh")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True, timeout=60)
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / ("python.exe" if os.name == "nt" else "python")
    install = [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check", "install"]
    subprocess.run(
        [*install, "--quiet", "--no-deps", "--no-index", wheel], check=True, capture_output=True, timeout=120
    )
    # A path in a .pth file is searched after the environment's own folder, and the .pth files in that path are not
    # read: an editable installation of the checkout stays invisible.
    place = sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)})
    Path(place, "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n{sysconfig.get_path('platlib')}\n")
    return Environment(python, scripts / ("engine.exe" if os.name == "nt" else "engine"), folder)


def test_it_carries_the_migrations_inside_the_package(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {"index/alembic/env.py", "index/alembic/script.py.mako"} <= set(names)
    assert [name for name in names if name.startswith("index/alembic/versions/0001") and name.endswith(".py")]
    assert [name for name in names if name.startswith("alembic/")] == []
    assert [name for name in names if name.startswith("index/alembic/") and name.endswith("__init__.py")] == []


def test_it_carries_what_browsers_run(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for folder in ("frontend", "icons"):
        assert {f"ui/web/{folder}/{path.name}" for path in (ROOT / "ui" / "web" / folder).iterdir()} <= set(names)


def test_every_folder_of_weights_is_known() -> None:
    pretrained = ROOT / "engine" / "pretrained"
    assert {path.parent.relative_to(pretrained).as_posix() for path in pretrained.rglob("*.safetensors")} == set(PARTS)


@pytest.mark.parametrize("part", PARTS)
def test_it_carries_the_models(wheel: Path, part: str) -> None:
    sizes = {entry.filename: entry.file_size for entry in zipfile.ZipFile(wheel).infolist()}
    assert [file for file in PARTS[part] if not sizes.get(f"engine/pretrained/{part}/{file}")] == []


def test_it_carries_the_manual_page(wheel: Path, fresh: Environment) -> None:
    (name,) = [name for name in zipfile.ZipFile(wheel).namelist() if name.endswith("share/man/man1/engine.1")]
    assert ".data/data/" in name
    installed = fresh.folder / "share" / "man" / "man1" / "engine.1"
    assert installed.read_bytes() == (ROOT / "docs" / "engine.1").read_bytes()


def test_it_says_that_it_has_types(wheel: Path) -> None:
    assert {"engine/py.typed", "index/py.typed"} <= set(zipfile.ZipFile(wheel).namelist())


def test_it_carries_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"engine", "index", "ui", "visual_semantic_engine"}
    assert [name for name in names if "__pycache__" in name] == []


def test_what_brings_an_extra_is_its_packages(fresh: Environment) -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    wanted = "install_command(), *map(extra_command, MODULES), *MODULES"
    code = f"from engine.runtime.extras import *; print({wanted}, sep=chr(10))"
    done = subprocess.run([fresh.python, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    install, *lines = done.stdout.splitlines()
    for command, extra in zip(lines[: len(lines) // 2], lines[len(lines) // 2 :], strict=True):
        packages = command.removeprefix(install.strip()).split()
        assert sorted(packages) == sorted(f'"{package}"' for package in extras[extra])


def test_it_works_in_an_environment_of_its_own(fresh: Environment, photos: Path, tmp_path: Path) -> None:
    work = tmp_path / "empty"
    work.mkdir()
    environment = {**os.environ, "ENGINE_LIBRARY": str(tmp_path / "library")}
    environment.pop("PYTHONPATH", None)

    def run(*command: str | Path) -> str:
        done = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout

    places = run(fresh.python, "-c", "import engine, index, ui; print(engine.__file__, index.__file__, ui.__file__)")
    assert [Path(place).is_relative_to(fresh.folder) for place in places.split()] == [True, True, True]
    assert run(fresh.command, "--version").strip()[0].isdigit()
    photo = next(photos.glob("*.jpg"))
    assert "1 photo added" in run(fresh.command, "index", photo)
    assert json.loads(run(fresh.command, "status", "--json"))["photos"] == 1
    assert list(work.iterdir()) == []
