"""On a CPU every verb but those of research works where torch cannot be imported, once its networks were exported."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def engine(library: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a verb on the library without torch."""

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, ROOT / "tests" / "helpers" / "without_torch.py", *arguments]
        environment = {**os.environ, "ENGINE_LIBRARY": str(library)}
        return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)

    return run


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


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_a_verb_works_without_torch(
    verb: tuple[str, ...], engine: Callable[..., subprocess.CompletedProcess[str]], photos: Path
) -> None:
    done = engine(*(photos / word if word.endswith(".png") else word for word in verb))
    assert done.returncode == 0, done.stderr
    assert "import" not in done.stderr


def test_the_answers_are_those_with_torch(
    engine: Callable[..., subprocess.CompletedProcess[str]], cli: Callable[..., Result], library: Path
) -> None:
    asked = ("search", "a cup of coffee", "--json")
    assert json.loads(engine(*asked).stdout) == json.loads(cli(*asked, library=library).stdout)


def test_a_library_goes_out_and_comes_back_without_torch(
    engine: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    assert engine("export", tmp_path / "exported", "--vectors").returncode == 0
    done = engine("import", tmp_path / "exported", "--library", tmp_path / "again")
    assert done.returncode == 0, done.stderr
