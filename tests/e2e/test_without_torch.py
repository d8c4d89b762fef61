"""On a CPU every verb but those of research works where torch cannot be imported, once its networks were exported."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.testing import Result

ROOT = Path(__file__).resolve().parents[2]


class Answer(NamedTuple):
    """What a command said."""

    status: int
    stdout: str
    stderr: str


@pytest.fixture(scope="module")
def library(cli: Callable[..., Result], photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library whose run exported what indexing and captions need, and a search what texts need."""
    folder = tmp_path_factory.mktemp("made") / "library"
    sentences = folder.parent / "sentences.txt"
    sentences.write_text("A cat looks at the camera.\nA cup of coffee stands on a table.\n", encoding="utf-8")
    made = cli("index", photos, "--sentences", sentences, "--captions", library=folder)
    assert made.exit_code == 0, made.stderr
    assert cli("caption", photos / "chelsea.png", "--regions", library=folder).exit_code == 0
    return folder


VERBS = [
    ("status",),
    ("doctor",),
    ("search", "a cat", "--json"),
    ("search", "a cat", "--not", "coffee", "--regions"),
    ("search", "a catt"),
    ("search", "--like", "chelsea.png", "a table"),
    ("similar", "chelsea.png"),
    ("sentences", "chelsea.png"),
    ("align", "chelsea.png", "a cat looks at the camera"),
    ("caption", "chelsea.png", "--regions"),
    ("caption", "chelsea.png", "--temperature", "1"),
    ("duplicates",),
    ("roots",),
    ("verify",),
    ("compact",),
    ("config",),
    ("index", "--rebuild-vectors", "--captions"),
]


SEARCH = ("search", "a cup of coffee", "--json")
COPYING = (("export", "exported", "--vectors"), ("import", "exported", "--library", "again"))


@pytest.fixture(scope="module")
def answers(library: Path, photos: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, ...], Answer]:
    """What each verb answers, one after another in one process without torch."""
    folder = tmp_path_factory.mktemp("without torch")
    verbs = (SEARCH, *COPYING, *VERBS)
    lines = [[str(photos / word) if word.endswith(".png") else word for word in verb] for verb in verbs]
    (folder / "commands.json").write_text(json.dumps(lines), encoding="utf-8")
    command = [sys.executable, ROOT / "tests" / "helpers" / "without_torch.py", "commands.json", "answers.json"]
    subprocess.run(command, cwd=folder, env={**os.environ, "ENGINE_LIBRARY": str(library)}, check=True)
    found = json.loads((folder / "answers.json").read_text(encoding="utf-8"))
    return {verb: Answer(*answer) for verb, answer in zip(verbs, found, strict=True)}


@pytest.mark.parametrize("verb", [*VERBS, *COPYING], ids=" ".join)
def test_a_verb_works_without_torch(verb: tuple[str, ...], answers: dict[tuple[str, ...], Answer]) -> None:
    assert answers[verb].status == 0, answers[verb].stderr
    assert verb in COPYING or "import" not in answers[verb].stderr


def test_the_answers_are_those_with_torch(
    answers: dict[tuple[str, ...], Answer], cli: Callable[..., Result], library: Path
) -> None:
    assert json.loads(answers[SEARCH].stdout) == json.loads(cli(*SEARCH, library=library).stdout)
