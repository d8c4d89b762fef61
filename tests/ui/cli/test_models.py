"""``engine models``: what can be had, what is refused, and a library from the first photo to the last command."""

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_encoders import tiny_encoder
from typer.testing import Result

ROOT = Path(__file__).resolve().parents[3]

WITHOUT_TORCH = """
import sys
from ui.cli.main import app
try:
    app(sys.argv[1:])
finally:
    heavy = {"torch", "open_clip", "timm", "transformers", "huggingface_hub"}
    print(*sorted(heavy & set(sys.modules)), file=sys.stderr)
"""

Cli = Callable[..., Result]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_encoder("clip", tmp_path_factory.mktemp("hub") / "clip", "shortest").folder


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ENGINE_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


def refused(result: Result) -> str:
    assert result.exit_code != 0
    lines = [line for line in result.stderr.splitlines() if line.strip()]
    assert "Traceback" not in result.stderr
    return " ".join(" ".join(lines).split())


def test_a_model_is_added_used_and_removed(
    cli: Cli, checkpoint: Path, models: Path, photos: Path, sentence_file: Path, tmp_path: Path
) -> None:
    added = cli("models", "add", "tiny", "--from", checkpoint)
    assert added.exit_code == 0, added.stderr
    assert "tiny was added: 32 dimensions" in added.stdout
    assert sorted(path.name for path in models.iterdir() if path.name != ".lock") == ["tiny"]
    assert {"name": "tiny", "state": "added"}.items() <= json.loads(cli("models", "list", "--json").stdout)[2].items()
    assert "file: open_clip_model.safetensors" in cli("models", "info", "tiny").stdout
    assert "There is a model 'tiny' already" in refused(cli("models", "add", "tiny", "--from", checkpoint))

    library = tmp_path / "library"
    assert cli("index", photos, "--sentences", sentence_file, "--model", "tiny", library=library).exit_code == 0
    found = json.loads(cli("search", "a cup of coffee on a table", "--json", "-n", "3", library=library).stdout)
    hits = found["hits"] if isinstance(found, dict) else found
    assert len(hits) == 3
    assert [phrase["text"] for phrase in hits[0]["phrases"]] == ["a cup of coffee", "on a table"]
    photo = photos / "coffee.png"
    for arguments in (
        ("similar", photo), ("sentences", photo), ("align", photo, "a cup"), ("search", "--regions", "a cup"),
        ("search", "--like", photo, "a cup"), ("status",), ("verify",), ("doctor",),
    ):  # fmt: skip
        result = cli(*arguments, library=library)
        assert result.exit_code == 0, (arguments, result.stderr)
    assert "takes a model with word vectors" in refused(
        cli("evaluate", "attributes", "--model", "tiny", "--data", photos)
    )

    command = [sys.executable, "-c", WITHOUT_TORCH, "search", "a cup", "--no-service"]
    environment = {**os.environ, "ENGINE_LIBRARY": str(library), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=True)
    assert done.stderr.splitlines()[-1] == ""

    assert cli("models", "remove", "tiny").stdout == "The model tiny is gone.\n"
    assert [path.name for path in models.iterdir()] == [".lock"]
    assert "was not added here" in refused(cli("search", "a cup", library=library))


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("clap",), "'clap' is not known by name; known are siglip2-b32-256"),
        (("mine", "--from", "nowhere.safetensors"), "There is no file nowhere.safetensors"),
        (("mine", "--from", "pickle.pt"), "pickle.pt is a pickle, which can run code"),
        (("mine", "--from", "renamed.safetensors"), "renamed.safetensors is a pickle, which can run code"),
        (("mine", "--from", "rubbish.safetensors"), "rubbish.safetensors is no safetensors file"),
        (("mine", "--from", "empty"), "There is no safetensors file in empty"),
        (("mine", "--from", "alone.safetensors"), "Nothing says which network alone.safetensors belongs to"),
        (("mine", "--from", "alone.safetensors", "--architecture", "ViT"), "open_clip knows no architecture 'ViT'"),
        (
            ("mine", "--from", "alone.safetensors", "--architecture", "ViT-B-32"),
            "does not hold the weights of its network: 228 parts are missing, such as",
        ),
        (("mine", "--from", "alone.safetensors", "--revision", "abc"), "'abc' is said to be the commit of a download"),
        (("mine", "--from", "alone.safetensors", "--sha256", "xyz"), "'xyz' is no SHA-256; expected 64"),
        (("siglip2-b16-256", "--architecture", "ViT-B-32"), "name the file too (--from FILE)"),
        (("mine", "--from", "alone.safetensors", "--architecture", "coca_ViT-B-32"), "The text tower is of a kind"),
        (("default", "--from", "alone.safetensors"), "'default' cannot be the name of a model"),
        (("../up", "--from", "alone.safetensors"), "'../up' cannot be the name of a model"),
    ],
)
def test_what_cannot_be_added_is_refused_in_a_sentence(
    cli: Cli,
    checkpoint: Path,
    models: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    reason: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("pickle.pt", "renamed.safetensors"):
        Path(name).write_bytes(pickle.dumps({"weights": 1}))
    Path("rubbish.safetensors").write_bytes(b"not weights")
    Path("empty").mkdir()
    Path("alone.safetensors").write_bytes((checkpoint / "open_clip_model.safetensors").read_bytes())
    assert reason in refused(cli("models", "add", *arguments))
    assert not models.exists() or [path.name for path in models.iterdir()] == [".lock"]


def test_weights_of_another_hash_are_refused(cli: Cli, checkpoint: Path, models: Path) -> None:
    assert "expected 00" in refused(cli("models", "add", "mine", "--from", checkpoint, "--sha256", "0" * 64))
    assert not models.exists()


def test_an_interrupted_conversion_leaves_nothing(
    cli: Cli, checkpoint: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.encoders.conversion import convert

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(convert, "export", stop)
    models.mkdir()
    (models / ".unfinished-killed").mkdir()  # as a run that was killed leaves it
    assert cli("models", "add", "tiny", "--from", checkpoint).exit_code != 0
    assert [path.name for path in models.iterdir()] == [".lock"]


def test_without_a_network_it_says_what_to_do(models: Path) -> None:
    code = "from ui.cli.main import run; run()"
    done = subprocess.run(
        [sys.executable, "-c", code, "models", "add", "siglip2-b32-256"],
        env={**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode != 0
    said = " ".join(done.stderr.split())
    assert "timm/ViT-B-32-SigLIP2-256 cannot be downloaded from Hugging Face" in said
    assert "engine models add siglip2-b32-256 --from FOLDER" in said
    assert "Traceback" not in said


def test_what_was_not_added_is_not_removed(cli: Cli, models: Path) -> None:
    assert "No model 'tiny' was added; added are: none." in refused(cli("models", "remove", "tiny"))


def test_the_list_has_what_comes_with_the_package_and_what_is_known(cli: Cli, models: Path) -> None:
    lines = cli("models", "list", columns=200).stdout.splitlines()
    assert lines[:2] == ["default: comes with the package", "paper: comes with the package"]
    assert "siglip2-b16-256: can be added; Apache-2.0, languages: many, 768 dimensions" in lines
    assert "repository: timm/PE-Core-B-16" in cli("models", "info", "pe-core-b16-224").stdout
    assert "backbone: efficientnet_lite2" in cli("models", "info", "default").stdout


def test_a_known_model_that_was_not_added_says_how_to(cli: Cli, models: Path, photos: Path, tmp_path: Path) -> None:
    said = refused(cli("index", photos, "--model", "siglip2-b16-256", library=tmp_path / "library"))
    assert "was not added yet: run `engine models add siglip2-b16-256`." in said
