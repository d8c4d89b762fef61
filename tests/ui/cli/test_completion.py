"""The shell completes values from the library, at once, and hears of no error."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import ExifTags, Image

from engine import Engine

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = (
    "import sys\nfrom ui.cli.main import app\ntry:\n    app(prog_name='engine')\nfinally:\n"
    "    print(*sorted({'numpy', 'sqlalchemy', 'onnxruntime', 'torch'} & set(sys.modules)), file=sys.stderr)"
)


@pytest.fixture(scope="module")
def filled(photos: Path, sentence_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with two cameras and two folders."""
    home = tmp_path_factory.mktemp("completed")
    for folder, name, camera in (("Rome 2019", "chelsea", "NIKON D40"), ("Garden", "coffee", "Canon EOS 5D")):
        (home / folder).mkdir()
        exif = Image.Exif()
        exif[ExifTags.Base.Model] = camera
        Image.open(photos / f"{name}.png").convert("RGB").save(home / folder / f"{name}.jpg", exif=exif)
    with Engine.open(home / "library", device="cpu") as engine:
        engine.index([home / "Rome 2019", home / "Garden"], [sentence_file])
    return home


def offered(line: str, *, library: Path, shell: str = "bash", **environment: str) -> list[str]:
    """What a shell is offered at the end of a line; nothing may be said beside it, and nothing large imported."""
    variables = {"_ENGINE_COMPLETE": f"complete_{shell}", "ENGINE_LIBRARY": str(library), "PYTHONPATH": str(ROOT)}
    if shell == "bash":
        words = line.split(" ")
        variables |= {"COMP_WORDS": "\n".join(words), "COMP_CWORD": str(len(words) - 1)}
    else:
        variables |= {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env={**os.environ, **variables, **environment},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.stderr.split() == []
    return [line for line in done.stdout.splitlines() if line]  # Typer ends with an empty one


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("engine search x --camera ", ["Canon\\ EOS\\ 5D", "NIKON\\ D40"]),
        ("engine search x --camera N", ["NIKON\\ D40"]),
        ("engine similar x --folder ", ["Garden", "Rome\\ 2019"]),
        ("engine search x --model ", ["default", "paper"]),
        ("engine caption x --region-captioner r", ["regions"]),
        ("engine index --captioner p", ["paper"]),
        ("engine search x --generated ", ["include", "exclude", "only"]),
        ("engine search x --copies a", ["all"]),
        ("engine search x --orientation s", ["square"]),
        ("engine search x --device c", ["cpu", "cuda"]),
        ("engine config set gen", ["generated"]),
        ("engine config set generated o", ["only"]),
        ("engine sta", ["status"]),
    ],
)
def test_values_are_offered(line: str, expected: list[str], filled: Path) -> None:
    assert offered(line, library=filled / "library") == expected


def test_folders_are_offered_by_path_once_one_was_begun(filled: Path) -> None:
    assert offered(f"engine search x --folder {filled}/G", library=filled / "library") == [str(filled / "Garden")]


def test_files_of_sentences_are_offered(filled: Path, sentence_file: Path) -> None:
    assert offered("engine sentences --remove ", library=filled / "library") == [str(sentence_file)]


def test_the_library_of_the_line_is_asked(filled: Path, tmp_path: Path) -> None:
    line = f"engine search x --library {filled}/library --camera N"
    assert offered(line, library=tmp_path) == ["NIKON\\ D40"]


def test_another_shell_adds_its_own_signs(filled: Path) -> None:
    assert offered("engine search x --camera N", library=filled / "library", shell="fish") == ["NIKON D40"]


def test_errors_are_silent(filled: Path, tmp_path: Path) -> None:
    broken = tmp_path / "library"
    shutil.copytree(filled / "library", broken)
    (broken / "library.sqlite3").write_bytes(b"no database at all")
    settings = tmp_path / "settings.toml"
    settings.write_text("this is not TOML")
    assert offered("engine search x --camera ", library=broken) == []
    assert offered("engine search x --camera ", library=tmp_path / "none") == []
    assert offered("engine config set nothing ", library=broken, ENGINE_CONFIG=str(settings)) == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_for_the_shell_can_be_had(shell: str) -> None:
    environment = {
        **os.environ, "PYTHONPATH": str(ROOT), "SHELL": f"/bin/{shell}",
        "_ENGINE_COMPLETE": f"source_{shell}",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert f"complete_{shell}" in done.stdout
