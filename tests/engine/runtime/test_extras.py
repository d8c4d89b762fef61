"""What brings an extra is a command that works where the project was installed, whichever way that was."""

import sys
import tomllib
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from engine.runtime import extras
from engine.runtime.extras import DISTRIBUTION, MODULES, extra_command, install_command

ROOT = Path(__file__).resolve().parents[3]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture
def prefix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment of another name; what made it is seen by the files in it."""
    folder = tmp_path / "engine of mine"
    folder.mkdir()
    monkeypatch.setattr(sys, "prefix", str(folder))
    monkeypatch.setattr(sys, "executable", str(folder / "bin" / "python"))
    return folder


def test_extras_are_those_of_the_project() -> None:
    assert PROJECT["name"] == DISTRIBUTION
    assert MODULES.keys() == PROJECT["optional-dependencies"].keys() - {"benchmark", "demo", "dev"}


def test_where_the_project_was_not_installed_its_checkout_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.requires", nothing)
    assert extra_command("web").endswith('-m pip install ".[web]"')


def test_pip_is_that_of_this_python(prefix: Path) -> None:
    assert install_command("a", "b==1.*") == f'"{prefix}/bin/python" -m pip install a "b==1.*"'
    assert install_command("a", again=True) == f'"{prefix}/bin/python" -m pip install --force-reinstall --no-deps a'


def test_an_environment_without_pip_is_that_of_uv(prefix: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    assert install_command("a>=2", again=True) == (
        f'uv pip install --python "{prefix}/bin/python" --force-reinstall --no-deps "a>=2"'
    )


def test_pipx_knows_its_environments_by_name(prefix: Path) -> None:
    (prefix / "pipx_metadata.json").touch()
    assert install_command("a", "b>=1") == 'pipx inject "engine of mine" a "b>=1"'
    assert install_command("a", again=True) == 'pipx inject --force --pip-args=--no-deps "engine of mine" a'
