"""Help is there for everything, at once, and wrong usage is answered with status 2."""

from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
import typer
from typer.testing import Result

from ui.cli.main import app

Cli = Callable[..., Result]


def commands_of(command: object, name: str = "engine") -> Iterator[tuple[str, object]]:
    """A command with all below it, each with the words that call it."""
    yield name, command
    for word, child in getattr(command, "commands", {}).items():
        yield from commands_of(child, f"{name} {word}")


COMMANDS = dict(commands_of(typer.main.get_command(app)))


def test_the_commands_are_those_promised() -> None:
    expected = {"index", "search", "sentences", "align", "similar", "status", "evaluate", "evaluate retrieval"}
    assert {"engine", *(f"engine {name}" for name in expected)} <= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_has_help(name: str, cli: Cli) -> None:
    command = COMMANDS[name]
    assert command.help, name  # type: ignore[attr-defined]
    parameters = command.params  # type: ignore[attr-defined]
    assert [parameter.name for parameter in parameters if not getattr(parameter, "help", None)] == []
    shown = cli(*name.split()[1:], "--help", columns=200)
    assert (shown.exit_code, shown.stderr) == (0, "")
    for parameter in parameters:
        is_option = parameter.param_type_name == "option"
        spelling = parameter.opts[0] if is_option else parameter.metavar or parameter.name
        assert spelling.lower() in shown.stdout.lower()


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in ("engine", "engine evaluate")])
def test_short_help_is_the_same(name: str, cli: Cli) -> None:
    words = name.split()[1:]
    assert cli(*words, "-h").stdout == cli(*words, "--help").stdout


def test_every_command_that_reads_a_library_can_be_told_which() -> None:
    options = {name: {option for parameter in command.params for option in parameter.opts}  # type: ignore[attr-defined]
               for name, command in COMMANDS.items()}  # fmt: skip
    for word in ("index", "search", "sentences", "align", "similar", "status"):
        assert "--library" in options[f"engine {word}"]
    for word in ("index", "search", "sentences", "align", "similar", "evaluate retrieval"):
        assert {"--model", "--device"} <= options[f"engine {word}"]
    for word in ("search", "sentences", "align", "similar", "status", "evaluate retrieval"):
        assert "--json" in options[f"engine {word}"]


def test_version(cli: Cli) -> None:
    result = cli("--version")
    assert (result.exit_code, result.stdout.strip(), result.stderr) == (0, version("visual-semantic-engine"), "")


@pytest.mark.parametrize(
    "arguments",
    [
        ["search", "a dog", "-n", "0"],
        ["search", "a dog", "-n", "-3"],
        ["search", "a dog", "-n", "many"],
        ["search", "a dog", "--min-score", "high"],
        ["search", "a dog", "--min-probability", "1.5"],
        ["search", "a dog", "--no-such-option"],
        ["search"],
        ["sentences"],
        ["align", "photo.jpg"],
        ["index", ".", "--max-pixels", "0"],
        ["index", ".", "--captioner", "default"],
        ["search", "a dog", "--generated", "maybe"],
        ["sentences", "photo.jpg", "--generated", ""],
        ["no-such-command"],
        ["evaluate", "retrieval", "--split", "val"],
        ["--no-such-option"],
    ],
    ids=" ".join,
)
def test_wrong_usage_has_status_2_and_a_message(arguments: list[str], cli: Cli, tmp_path: Path) -> None:
    result = cli(*arguments, library=tmp_path / "library")
    assert result.exit_code == 2
    assert result.stdout == "" or "Usage" in result.stdout  # a verb without arguments shows its help
    assert "Usage" in result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "library").exists()
