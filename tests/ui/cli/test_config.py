"""``engine config``, and settings where commands use them: given options first, then the environment, then files."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup
from typer.testing import Result

from engine.runtime.settings import SETTINGS
from ui.cli.main import app

Cli = Callable[..., Result]
ANYWAY = ("--min-probability", "0", "--json")


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place of the user's settings file, in a folder that is not there yet."""
    path = tmp_path / "me" / "settings.toml"
    monkeypatch.setenv("ENGINE_CONFIG", str(path))
    return path


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place of a project's file, in the current folder."""
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project" / "engine.toml"


def listed(cli: Cli) -> dict[str, dict[str, Any]]:
    return {entry["name"]: entry for entry in json.loads(cli("config", "--json").stdout)}


def options_with_settings() -> Iterator[tuple[str, typer.core.TyperOption]]:
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    for word, command in group.commands.items():
        yield from ((word, parameter) for parameter in command.params if parameter.name in SETTINGS)  # type: ignore[misc]


def test_every_setting_belongs_to_an_option_and_has_its_default() -> None:
    options = list(options_with_settings())
    assert {option.name for _, option in options} == set(SETTINGS)
    for word, option in options:
        assert option.default in (None, SETTINGS[str(option.name)].default), word
        assert option.envvar in (None, SETTINGS[str(option.name)].variable), word


def test_config_lists_every_setting_and_where_it_comes_from(
    cli: Cli, user: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli("config", "set", "limit", "3").exit_code == 0
    assert cli("config", "set", "generated", "only", "--project").exit_code == 0
    monkeypatch.setenv("ENGINE_DEVICE", "cpu")
    entries = listed(cli)
    assert list(entries) == list(SETTINGS)
    assert entries["limit"] | {"help": ""} == {
        "name": "limit", "value": 3, "origin": "user", "place": str(user), "variable": "ENGINE_LIMIT", "help": "",
    }  # fmt: skip
    assert (entries["generated"]["value"], entries["generated"]["place"]) == ("only", str(project))
    assert (entries["device"]["value"], entries["device"]["place"]) == ("cpu", "ENGINE_DEVICE")
    assert entries["model"]["value"] is None
    plain = cli("config")
    assert (plain.exit_code, plain.stderr) == (0, "")
    assert [line.split()[0] for line in plain.stdout.splitlines()] == list(SETTINGS)
    assert f"user file {user}" in plain.stdout
    assert "(the one that made the library)" in plain.stdout


def test_config_path_names_both_files(cli: Cli, user: Path, project: Path) -> None:
    assert str(user) in cli("config", "path").stdout
    assert "(not there)" in cli("config", "path").stdout
    assert "none" in cli("config", "path").stdout
    project.write_text("limit = 1")
    assert str(project) in cli("config", "path").stdout


def test_set_and_unset(cli: Cli, user: Path, project: Path) -> None:
    assert cli("config", "set", "min_probability", "0.25").stderr == f"Wrote min_probability to {user}.\n"
    assert listed(cli)["min_probability"]["value"] == 0.25
    assert "did not set" in cli("config", "unset", "min_probability", "--project").stderr
    assert "Took min_probability out" in cli("config", "unset", "min_probability").stderr
    assert listed(cli)["min_probability"]["value"] is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("set", "limt", "3"), "did you mean limit?"),
        (("set", "limit", "three"), "expected a whole number of at least 1"),
        (("set", "generated", "maybe"), "one of include, exclude, only"),
        (("set", "max_pixels", "9", "--project"), "may not be set by a project"),
        (("set", "library", "/etc", "--project"), "a project may come from anybody"),
        (("unset", "limt"), "did you mean limit?"),
    ],
)
def test_what_cannot_be_set_is_explained(
    arguments: tuple[str, ...], said: str, cli: Cli, user: Path, project: Path
) -> None:
    result = cli("config", *arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert said in result.stderr
    assert not user.exists()
    assert not project.exists()


def test_a_file_that_cannot_be_written_is_explained(cli: Cli, user: Path) -> None:
    user.parent.write_text("a file where a folder should be")
    result = cli("config", "set", "limit", "3")
    assert (result.exit_code, result.stdout) == (1, "")
    assert str(user.parent) in result.stderr


def test_given_options_go_before_the_environment_before_files(
    cli: Cli, user: Path, project: Path, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def count(*more: str) -> int:
        return len(json.loads(cli("search", "a cat", *ANYWAY, *more).stdout))

    monkeypatch.delenv("ENGINE_LIBRARY")
    cli("config", "set", "library", str(library))
    cli("config", "set", "limit", "4")
    assert count() == 4
    cli("config", "set", "limit", "3", "--project")
    assert count() == 3
    monkeypatch.setenv("ENGINE_LIMIT", "2")
    assert count() == 2
    assert count("-n", "1") == 1
    assert json.loads(cli("status", "--json").stdout)["library"] == str(library)
    assert json.loads(cli("status", "--json", "--library", "/none").stdout or "{}") == {}


def test_the_model_of_a_settings_file_is_used(cli: Cli, user: Path, library: Path, other_model: Path) -> None:
    cli("config", "set", "model", str(other_model))
    result = cli("search", "a cat", library=library)
    assert result.exit_code == 1
    assert "this is 'other'" in result.stderr


def test_the_largest_photo_is_set_for_verbs_without_the_option(cli: Cli, user: Path, photos: Path) -> None:
    cli("config", "set", "max_pixels", "10")
    refused = cli("align", photos / "chelsea.png", "a cat")
    assert refused.exit_code == 1
    assert "megapixels; the limit here is" in refused.stderr
    assert "ENGINE_MAX_PIXELS" not in os.environ
    cli("config", "unset", "max_pixels")
    assert cli("align", photos / "chelsea.png", "a cat").exit_code == 0


def test_a_captioner_in_a_file_does_not_ask_for_captions(cli: Cli, user: Path, photos: Path, tmp_path: Path) -> None:
    cli("config", "set", "captioner", "paper")
    result = cli("index", photos / "chelsea.png", library=tmp_path / "library")
    assert result.exit_code == 0
    assert "captioned" not in result.stdout
    assert cli("index", photos, "--captioner", "paper", library=tmp_path / "library").exit_code == 2


def test_a_wrong_file_stops_what_would_use_it_and_nothing_else(cli: Cli, user: Path, library: Path) -> None:
    user.parent.mkdir()
    user.write_text("limt = 3")
    for command in (("search", "a cat"), ("config",)):
        result = cli(*command, library=library)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr == f"error: {user}: there is no setting 'limt'; did you mean limit?\n"
    for command in (("search", "--help"), ("--help",), ("--version",), ("config", "path")):
        assert (cli(*command).exit_code, cli(*command).stderr) == (0, "")


def test_a_wrong_variable_stops_the_verbs_that_need_it(
    cli: Cli, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENGINE_LIMIT", "many")
    result = cli("search", "a cat", library=library)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "ENGINE_LIMIT: limit is 'many'; expected a whole number of at least 1." in result.stderr
    assert cli("status", library=library).exit_code == 0


def test_evaluation_takes_nothing_from_files(cli: Cli, user: Path, tmp_path: Path) -> None:
    user.parent.mkdir()
    user.write_text("limt = 3")
    result = cli("evaluate", "retrieval", "--data", tmp_path)
    assert result.exit_code == 1
    assert "dataset.json" in result.stderr


def test_no_password_is_written_to_a_file(cli: Cli, user: Path) -> None:
    assert cli("config", "set", "library", "postgresql://me@host/photos").exit_code == 0
    refused = cli("config", "set", "library", "postgresql://me:secret@host/photos")
    assert refused.exit_code == 1
    assert "~/.pgpass" in refused.stderr
    assert "secret" not in refused.stderr + user.read_text()
