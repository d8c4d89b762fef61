"""``engine caption``: text and JSON, several sentences, regions, pictures, and what cannot be asked for."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from typer.testing import Result

from engine.captioning.certainty import Certainty, Logistic
from engine.captioning.folder import load_captioner

if TYPE_CHECKING:
    from engine.models.multimodal import MultimodalModel

Cli = Callable[..., Result]
WORDS = {"a", "dog", "cat", "runs", "on", "grass", "red", "two", "men"}


@pytest.fixture
def caption(cli: Cli, small_captioner: Path) -> Cli:
    """Runs the command with a small untrained caption model for photos and regions."""

    def run(*arguments: str | Path, columns: int = 80) -> Result:
        models = ("--captioner", small_captioner, "--region-captioner", small_captioner)
        return cli("caption", *arguments, *models, columns=columns)

    return run


def described(result: Result) -> list[dict[str, Any]]:
    """The JSON of a command that went well."""
    assert (result.exit_code, result.stderr) == (0, "")
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def require_description(description: dict[str, Any], path: Path, count: int = 1) -> None:
    """The form of a description: names, order, and numbers that agree."""
    assert list(description) == ["path", "captions", "regions", "seen"]
    assert description["path"] == str(path)
    captions = description["captions"]
    assert len(captions) == count
    for caption in captions:
        assert list(caption) == ["text", "log_probability", "probability", "right", "likely"]
        assert set(caption["text"].split()) <= WORDS
        assert caption["text"]
        assert 0 < caption["probability"] < 1
        assert caption["log_probability"] < 0
    assert len({caption["text"] for caption in captions}) == count


def test_json_of_several_photos(caption: Cli, photos: Path) -> None:
    paths = sorted(photos.iterdir())[:3]
    found = described(caption(*paths, "--json"))
    assert len(found) == 3
    for description, path in zip(found, paths, strict=True):
        require_description(description, path)
        assert description["regions"] == []
    assert described(caption(paths[1], "--json")) == [found[1]]


def test_json_of_regions(caption: Cli, photos: Path) -> None:
    (description,) = described(caption(photos / "chelsea.png", "--regions", "--json"))
    require_description(description, photos / "chelsea.png")
    with Image.open(photos / "chelsea.png") as photo:
        width, height = photo.size
    assert 1 <= len(description["regions"]) <= 8
    for region in description["regions"]:
        assert list(region) == ["box", "text", "probability", "likely"]
        left, top, right, bottom = region["box"]
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
        assert set(region["text"].split()) <= WORDS


def test_several_sentences(caption: Cli, photos: Path) -> None:
    (description,) = described(caption(photos / "chelsea.png", "-n", "3", "--json"))
    require_description(description, photos / "chelsea.png", 3)
    (wider,) = described(caption(photos / "chelsea.png", "-n", "3", "--beam", "20", "--json"))
    require_description(wider, photos / "chelsea.png", 3)


def test_sentences_by_chance_follow_the_seed(caption: Cli, photos: Path) -> None:
    def drawn(*options: str) -> list[dict[str, Any]]:
        return described(caption(photos / "chelsea.png", "-n", "9", "--temperature", "1", "--json", *options))

    assert drawn("--seed", "7") == drawn("--seed", "7")
    assert drawn("--seed", "7") != drawn("--seed", "8")
    assert len(drawn()[0]["captions"]) == 9


def test_text_has_the_path_and_the_sentence_with_its_probability(caption: Cli, photos: Path) -> None:
    paths = [photos / "chelsea.png", photos / "rocket.jpg"]
    found = described(caption(*paths, "--json"))
    lines = caption(*paths).stdout.splitlines()
    assert len(lines) == 4
    for description, path, head, line in zip(found, paths, lines[::2], lines[1::2], strict=True):
        assert head.endswith(path.name)
        (best,) = description["captions"]
        assert line == f"      {best['text']} (probability {best['probability']:.2g})"


def test_an_unlikely_caption_is_shown_only_when_asked_for(
    cli: Cli, small_captioner: Path, model: "MultimodalModel", photos: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(small_captioner, tmp_path / "unsure")
    certainty = Certainty(
        load_captioner(str(folder)).fingerprint, model.fingerprint, 0.0, Logistic([0.0] * 4, -2.0, 0.5),
        Logistic([0.0] * 17, -9.0, 0.7), {"cat": 10.0, "bedroom": 11.0},
    )  # fmt: skip
    certainty.save(folder)
    options = ("caption", photos / "chelsea.png", "--captioner", folder)
    (found,) = json.loads(cli(*options, "--json").stdout)
    assert (found["captions"][0]["right"], found["captions"][0]["likely"]) == (0.1192, False)
    assert [name["text"] for name in found["seen"]] == ["bedroom", "cat"]
    assert cli(*options).stdout.splitlines()[1] == "      seen: bedroom; cat"
    assert cli(*options, "--always").stdout.splitlines()[1] == f"      {found['captions'][0]['text']} (right: 12%)"


def test_text_of_several_sentences_has_ranks_and_log_probabilities(caption: Cli, photos: Path) -> None:
    (description,) = described(caption(photos / "chelsea.png", "-n", "3", "--json"))
    head, *lines = caption(photos / "chelsea.png", "-n", "3").stdout.splitlines()
    assert head.endswith("chelsea.png")
    for rank, (line, best) in enumerate(zip(lines, description["captions"], strict=True), start=1):
        number, value, text = line.split(maxsplit=2)
        assert (number, text) == (f"{rank}.", best["text"])
        assert float(value) == pytest.approx(best["log_probability"], abs=2e-3)  # each is rounded


def test_text_of_regions_has_boxes_and_fits_the_terminal(caption: Cli, photos: Path) -> None:
    (description,) = described(caption(photos / "chelsea.png", "--regions", "--json"))
    result = caption(photos / "chelsea.png", "--regions", columns=60)
    lines = result.stdout.splitlines()[-len(description["regions"]) :]
    for line, region in zip(lines, description["regions"], strict=True):
        assert len(line) <= 60
        assert line.split()[0] == region["text"].split()[0]
        box = [float(number) for number in line[line.index("[") + 1 : -1].split(", ")]
        assert box == pytest.approx(region["box"], abs=1)


@pytest.mark.parametrize(("suffix", "kind"), [(".png", "PNG"), (".jpg", "JPEG"), (".webp", "WEBP")])
def test_a_picture_is_written_with_the_regions_described(
    suffix: str, kind: str, caption: Cli, photos: Path, tmp_path: Path
) -> None:
    output = tmp_path / f"described{suffix}"
    result = caption(photos / "chelsea.png", "--json", "--output", output)
    assert result.exit_code == 0
    (description,) = json.loads(result.stdout)
    assert description["regions"]  # they are drawn, so they are described
    assert result.stderr == f"Wrote {output}.\n"
    with Image.open(output) as drawn, Image.open(photos / "chelsea.png") as photo:
        drawn.load()
        assert drawn.format == kind
        assert drawn.width >= photo.width
        assert drawn.height > photo.height


def test_no_library_is_needed_or_made(cli: Cli, small_captioner: Path, photos: Path, tmp_path: Path) -> None:
    result = cli("caption", photos / "chelsea.png", "--captioner", small_captioner, library=tmp_path / "none")
    assert result.exit_code == 0
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "options",
    [
        ["--beam", "0"],
        ["--beam", "1000"],
        ["--beam", "many"],
        ["-n", "0"],
        ["--seed", "-1"],
        ["--temperature", "warm"],
        ["--output", "picture.txt"],
        ["--output", "picture"],
    ],
    ids=" ".join,
)
def test_wrong_usage_has_status_2_and_one_message(options: list[str], caption: Cli, photos: Path) -> None:
    result = caption(photos / "chelsea.png", *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("Error") == 1
    assert options[0] in result.stderr
    assert "Traceback" not in result.stderr


def test_one_picture_of_several_photos_is_refused(caption: Cli, photos: Path, tmp_path: Path) -> None:
    output = tmp_path / "described.png"
    result = caption(photos / "chelsea.png", photos / "rocket.jpg", "--output", output)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "2 photos do not fit into one picture" in " ".join(result.stderr.replace("│", " ").split())
    assert not output.exists()


def test_without_photos_there_is_help_and_status_2(cli: Cli) -> None:
    result = cli("caption")
    assert result.exit_code == 2
    assert "Usage" in result.stdout + result.stderr
