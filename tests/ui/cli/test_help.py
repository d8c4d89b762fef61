"""Help is there for everything, at once, and wrong usage is answered with status 2."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import typer
from documented import commands_of as commands_of_line
from typer.testing import Result

from ui.cli.help import examples_of
from ui.cli.main import app
from ui.cli.man_page import man_page

ROOT = Path(__file__).resolve().parents[3]

Cli = Callable[..., Result]


def commands_of(command: object, name: str = "engine") -> Iterator[tuple[str, object]]:
    """A command with all below it, each with the words that call it."""
    yield name, command
    for word, child in getattr(command, "commands", {}).items():
        yield from commands_of(child, f"{name} {word}")


GROUP: Any = typer.main.get_command(app)
COMMANDS = dict(commands_of(GROUP))
VERBS = set(GROUP.commands)


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


@pytest.mark.parametrize("name", COMMANDS)
def test_an_option_says_what_it_takes_and_no_type_of_python(name: str, cli: Cli) -> None:
    command: Any = COMMANDS[name]
    context = command.context_class(command, info_name=name)
    shown = {one.name: one.display_type_rich(context) for one in command.get_params(context)}
    assert {what for what in shown.values() if what and not (what.isupper() or "|" in what)} == set()
    valued = [one for one in command.params if one.param_type_name == "option" and not one.is_flag and not one.count]
    assert [one.name for one in valued if not shown[one.name]] == []
    assert not re.search(r"<(bool|int|str|path|list)", cli(*name.split()[1:], "--help").stdout)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_ends_with_examples_that_can_be_typed(name: str, cli: Cli) -> None:
    examples = examples_of(COMMANDS[name])
    assert examples
    shown = cli(*name.split()[1:], "--help", columns=200).stdout
    for example in examples:
        assert example in shown
        commands = list(commands_of_line(example, VERBS))
        assert commands
        for words in commands:
            typed(list(words))
    assert any(f"{example} ".startswith(f"{name} ") for example in examples)


def typed(words: list[str]) -> None:
    """Read words as ``engine`` does, without running what they ask for; raises where they cannot be typed."""
    command: Any = GROUP
    context = command.make_context("engine", words, resilient_parsing="--help" in words)
    while hasattr(command, "commands") and (rest := [*context._protected_args, *context.args]):
        name, command, rest = command.resolve_command(context, rest)
        context = command.make_context(name, rest, parent=context, resilient_parsing="--help" in rest)


def test_options_stand_in_panels(cli: Cli) -> None:
    shown = cli("search", "--help").stdout
    headings = [line.strip("╭─╮ ") for line in shown.splitlines() if line.startswith("╭─")]
    assert headings == ["Arguments", "What to look for", "Filters", "Output", "Model and library", "Other"]


def test_the_manual_page_is_that_of_the_commands() -> None:
    written = (ROOT / "docs" / "engine.1").read_text(encoding="utf-8")
    assert written == man_page(GROUP), "run scripts/man_page"


@pytest.mark.skipif(shutil.which("groff") is None, reason="there is no groff")
def test_the_manual_page_can_be_set() -> None:
    done = subprocess.run(
        ["groff", "-K", "utf8", "-man", "-Tutf8", "-ww", ROOT / "docs" / "engine.1"],
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert done.stderr == b""
    assert "engine search a dog jumping over a log" in done.stdout.decode()


@pytest.mark.parametrize("arguments", [["--help"], ["status"]], ids=" ".join)
def test_what_comes_at_once_imports_nothing_that_takes_long(arguments: list[str], library: Path) -> None:
    code = (
        "import sys\nfrom ui.cli.main import run\ntry:\n    run()\nfinally:\n"
        "    print(*sorted({'numpy', 'sqlalchemy', 'PIL', 'http.client', 'rich.progress', 'torch', 'onnxruntime'} "
        "& set(sys.modules)), file=sys.stderr)"
    )
    environment = {**os.environ, "ENGINE_LIBRARY": str(library), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stderr.split() == []


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


def test_help_repeats_no_password(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGINE_LIBRARY", "postgresql://me:s3cret@host/photos")
    assert "s3cret" not in cli("search", "--help").output


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
