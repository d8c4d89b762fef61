"""Every documented command can be typed as it stands, and those of README do what they say, in an empty home folder."""

import json
import os
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import typer
from documented import Documented, commands_in, commands_of

from ui.cli.main import app

ROOT = Path(__file__).resolve().parents[2]
GROUP = typer.main.get_command(app)
VERBS = set(GROUP.commands)  # type: ignore[attr-defined]
README = commands_in(ROOT / "README.md", VERBS)
COMMANDS = [
    *README,
    *(command for path in sorted((ROOT / "docs").glob("*.md")) for command in commands_in(path, VERBS)),
]
INCOMPLETE = {"MissingParameter", "NoArgsIsHelpError"}  # errors of click, which Typer may bring under its own name

PLACEHOLDERS = {
    "BOX": "1,1,99,99", "DIR": "exported", "FILE": "sentences.txt", "FOLDER": "Pictures", "IMAGE": "holiday.jpg",
    "N": "3", "NUMBER": "1", "P": "0.1", "PATH": "Pictures", "SENTENCE": "a cat on grass", "TEXT": "a cat",
    "X0,Y0,X1,Y1": "1,1,99,99",
}  # fmt: skip
NOT_RUN = {
    "ui": "a server, which test_ui_process.py runs",
    "serve": "a server, which test_service.py runs",
    "mcp": "a server, which test_mcp.py runs",
    "--watch": "goes on until it is stopped; test_watch.py does that",
    "evaluate": "needs the data of research, with which tests/ui/test_cli_evaluate.py and others run it",
}
MORE = {  # what README says in a sentence about a command that stands in a list
    "export": ["--vectors"],
    "import": ["--library", "elsewhere"],
}
ONE_OF_MANY = {"remove": {"Pictures": "Pictures/coins.png"}}  # or nothing would be left for the commands that follow

PROGRAM = """
import json, sys, traceback
from pathlib import Path
from typer.testing import CliRunner
from ui.cli.main import app
results = []
for words in json.loads(Path(sys.argv[1]).read_text("utf-8")):
    done = CliRunner().invoke(app, words)
    crashed = not isinstance(done.exception, (SystemExit, type(None)))
    crash = "".join(traceback.format_exception(done.exception)) if crashed else ""
    results.append([done.exit_code, done.stdout, done.stderr, crash])
Path(sys.argv[2]).write_text(json.dumps(results), "utf-8")
"""


def filled(command: Documented) -> list[str]:
    return [PLACEHOLDERS.get(word, word) for word in command.words]


def parse(words: list[str]) -> None:
    """Read the words of a command as ``engine`` does, without running it. Raises errors of click."""
    command: Any = GROUP
    acting = {name for parameter in GROUP.params if parameter.callback for name in parameter.opts}
    words = [word for word in words if word not in acting]
    if not words:
        return
    context = command.make_context("engine", words)
    while hasattr(command, "commands"):
        rest = [*getattr(context, "_protected_args", ()), *context.args]
        if not rest:
            return
        name, command, rest = command.resolve_command(context, rest)
        context = command.make_context(name, rest, parent=context)


@pytest.mark.parametrize(
    ("line", "commands"),
    [
        ("$ engine status   # how it stands, isn't it", ["status"]),
        (
            'engine align a.jpg "two  people" --output why.png      draws it',
            ["align|a.jpg|two  people|--output|why.png"],
        ),
        ("engine search TEXT    engine sentences IMAGE engine status", ["search|TEXT", "sentences|IMAGE", "status"]),
        ("engine search a steam engine -n 3", ["search|a|steam|engine|-n|3"]),
        ("engine index PATH... [--sentences FILE]...", ["index|PATH|--sentences|FILE"]),
        ("engine search TEXT --generated include|exclude", ["search|TEXT|--generated|include"]),
        ("find . -name '*.jpg' | engine similar - | head -3", ["similar|-"]),
        (
            "ENGINE_LIBRARY=x engine status > out.txt; engine roots && .venv/bin/engine prune",
            ["status", "roots", "prune"],
        ),
        ("engine search x --format '{path}\\t{score}'", ["search|x|--format|{path}\\t{score}"]),
        ("the engine runs", []),
        ("pip install engine", []),
        ("engine nonsense", ["nonsense"]),
    ],
)
def test_commands_are_found_in_a_line(line: str, commands: list[str]) -> None:
    assert ["|".join(words) for words in commands_of(line, VERBS)] == commands


def test_commands_are_found_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text(
        "Say `engine status` and\n`engine\nsearch`.\n\n    engine index \\\n      ~/Pictures\n\n- a list\n"
        "    engine prune\n\n"
        "```python\nengine = Engine.open()\n```\n\n~~~ console\n$ engine roots\n/home\n~~~\n",
        encoding="utf-8",
    )
    assert list(map(str, commands_in(path, VERBS))) == [
        "page.md:5: engine index '~/Pictures'", "page.md:16: engine roots", "page.md:1: engine status",
        "page.md:2: engine search",
    ]  # fmt: skip


def test_there_is_something_to_check() -> None:
    assert len({command.words for command in README if not command.mentioned}) >= 10
    assert len({command.place.partition(":")[0] for command in COMMANDS}) >= 3


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_it_can_be_typed(command: Documented) -> None:
    try:
        parse(filled(command))
    except Exception as error:
        if not (command.mentioned and type(error).__name__ in INCOMPLETE):
            raise AssertionError(f"{command} cannot be typed") from error


@pytest.mark.parametrize(
    "words", [["frobnicate"], ["search", "x", "--nonsense"], ["index", "--limit", "3"], ["align", "x"]]
)
def test_what_does_not_exist_is_noticed(words: list[str]) -> None:
    with pytest.raises(Exception, match=r"(?i)no such|missing parameter"):
        parse(words)


RUN: list[Documented] = []
for one in README:
    left_out = one.mentioned or one.words[0] in NOT_RUN or any(word in NOT_RUN for word in one.words if word[:1] == "-")
    if not left_out and filled(one) not in map(filled, RUN):
        RUN.append(one)


def provide(home: Path, verb: str, words: list[str], sentence_file: Path) -> None:
    """Make what a command names: photos, files of sentences, and folders to index."""
    for before, word in pairwise([verb, *words]):
        path = home / word
        if word.startswith("-") or before == "--output" or path.exists():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix in {".jpeg", ".jpg", ".png"}:
            shutil.copy(home / "Pictures" / "china.jpg", path)
        elif path.suffix == ".txt":
            shutil.copy(sentence_file, path)
        elif verb == "index" and ("/" in word or not before.startswith("-")):
            shutil.copytree(home / "Pictures", path)


@pytest.fixture(scope="module")
def results(photos: Path, sentence_file: Path, tmp_path_factory: pytest.TempPathFactory) -> list[list[Any]]:
    """What the commands of README answer, one after another, to somebody who never ran one."""
    home = tmp_path_factory.mktemp("documented") / "home"
    shutil.copytree(photos, home / "Pictures")
    (home / "Pictures" / "chelsea.txt").write_text("A cat looks at the camera.\n", encoding="utf-8")
    lines = []
    for command in RUN:
        verb, *words = filled(command)
        words = [ONE_OF_MANY.get(verb, {}).get(word, word) for word in words]
        words = [str(home / word[2:]) if word.startswith("~/") else word for word in words]
        provide(home, verb, words, sentence_file)
        lines.append([verb, *words, *MORE.get(verb, [])])
    (home / "commands.json").write_text(json.dumps(lines), encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ENGINE_", "XDG_"))}
    environment |= {"HOME": str(home), "USERPROFILE": str(home), "PYTHONPATH": str(ROOT)}
    environment |= {"ENGINE_CACHE": os.environ["ENGINE_CACHE"]}  # to export the networks takes half a minute
    subprocess.run(
        [sys.executable, "-c", PROGRAM, "commands.json", "results.json"],
        env=environment,
        cwd=home,
        stdin=subprocess.DEVNULL,
        timeout=600,
        check=True,
    )
    found: list[list[Any]] = json.loads((home / "results.json").read_text(encoding="utf-8"))
    assert len(found) == len(RUN)
    return found


@pytest.mark.parametrize("number", range(len(RUN)), ids=lambda number: str(RUN[number]))
def test_a_command_of_readme_does_what_it_says(number: int, results: list[list[Any]]) -> None:
    status, stdout, stderr, crash = results[number]
    assert not crash
    assert "Traceback" not in stdout + stderr
    assert status == 0, stderr
    assert stdout + stderr


def test_what_acts_when_it_is_read_is_left_out(capfd: pytest.CaptureFixture[str]) -> None:
    parse(["--install-completion"])
    parse(["--version"])
    assert capfd.readouterr() == ("", "")


def test_an_empty_line_in_a_block_holds_no_command() -> None:
    assert list(commands_of("", VERBS)) == []
