"""``engine evaluate captions`` on a small set of real photos: descriptions of photos and regions, and comparisons."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from typer.testing import Result

if TYPE_CHECKING:
    from engine.models.multimodal import MultimodalModel

Cli = Callable[..., Result]
FIGURES = ["bleu", "rouge_l", "cider", "meteor", "distinct", "copied", "vocabulary", "images"]


@pytest.fixture(autouse=True)
def no_java(monkeypatch: pytest.MonkeyPatch) -> None:
    """METEOR's process takes long to start; tests/engine/evaluation/test_captions.py runs it."""
    monkeypatch.setenv("PATH", "")


@pytest.fixture(scope="module")
def captioned(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three photos as "val" and the same three as "train", with the left half of each named in both sentences."""
    folder = tmp_path_factory.mktemp("captioned")
    images: list[dict[str, Any]] = []
    entities: dict[str, Any] = {}
    for split in ("train", "val"):
        (folder / "images" / split).mkdir(parents=True)
        for photo, thing in zip(sorted(photos.iterdir()), ("cat", "red bowl", "coin"), strict=False):
            shutil.copy(photo, folder / "images" / split)
            with Image.open(photo) as image:
                width, height = image.size
            tokens = [["A", *thing.split(), "stands", "here", "today", "."], ["One", "sees", "the", thing[-4:], "."]]
            spans = [(0, 1 + len(thing.split())), (2, 4)]
            sentences = [{"raw": " ".join(words)} for words in tokens]
            images.append({"filename": photo.name, "split": split, "sentences": sentences})
            entities[photo.name] = {
                "width": width, "height": height, "split": "val", "boxes": {"1": [[0, 0, width / 2, height]]},
                "captions": [{"tokens": words, "phrases": [{"id": "1", "types": ["other"], "start": a, "end": b}]}
                             for words, (a, b) in zip(tokens, spans, strict=True)],
            }  # fmt: skip
    (folder / "dataset.json").write_text(json.dumps({"images": images}))
    (folder / "entities.json").write_text(json.dumps(entities))
    return folder


@pytest.fixture
def evaluate(cli: Cli, captioned: Path, small_captioner: Path) -> Callable[..., Result]:
    def run(*arguments: str | Path, data: Path = captioned) -> Result:
        common = ("--data", data, "--captioner", small_captioner, "--device", "cpu", "--beam", "2")
        return cli("evaluate", "captions", *common, *arguments, columns=120)

    return run


@pytest.fixture
def without_training(captioned: Path, tmp_path: Path) -> Path:
    """The same data with its split "val" alone, and without annotated regions."""
    folder = shutil.copytree(captioned, tmp_path / "val alone")
    images = json.loads((folder / "dataset.json").read_text())["images"]
    (folder / "dataset.json").write_text(json.dumps({"images": [row for row in images if row["split"] == "val"]}))
    (folder / "entities.json").unlink()
    return folder


def figures(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_photos_are_compared_with_the_nearest_and_with_people(evaluate: Callable[..., Result]) -> None:
    result = evaluate("--json")
    found = figures(result)
    assert (found["model"], found["alignment"], found["split"], found["beam"]) == ("small", "default", "val", 2)
    assert list(found["baselines"]) == ["nearest neighbour", "consensus", "human agreement"]
    for row in (found, *found["baselines"].values()):
        assert list(row)[: len(FIGURES)] == FIGURES
        assert len(row["bleu"]) == 4
        assert row["images"] == 3
    nearest = found["baselines"]["nearest neighbour"]
    # The nearest training photo is the same photo, and its first sentence one of the references.
    assert (nearest["bleu"], nearest["rouge_l"], nearest["copied"], nearest["distinct"]) == ([100.0] * 4, 1.0, 100.0, 3)
    assert found["copied"] == 0.0
    assert found["baselines"]["human agreement"]["copied"] == 100.0
    assert 0 < found["baselines"]["human agreement"]["bleu"][0] < 100
    assert found["meteor"] is None
    assert "METEOR left out: it needs Java" in result.stderr


def test_a_training_photo_is_not_its_own_neighbour(evaluate: Callable[..., Result]) -> None:
    found = figures(evaluate("--json", "--split", "train"))
    assert found["baselines"]["nearest neighbour"]["bleu"][0] < 100
    assert found["baselines"]["nearest neighbour"]["copied"] == 100.0


def test_regions_are_compared_with_the_nearest_the_best_scored_and_people(
    captioned: Path, model: "MultimodalModel", small_captioner: Path
) -> None:
    from engine.captioning.folder import load_captioner
    from engine.research.evaluation.region_captions import evaluate_region_captions

    captioner = load_captioner(str(small_captioner))
    report = evaluate_region_captions(model, captioner, captioned, "val", beam=2, whole=str(small_captioner))
    assert (report.figures.images, report.figures.regions) == (3, 3)
    assert list(report.baselines) == ["nearest neighbour", "ranking", "whole-image model", "human agreement"]
    assert report.baselines["nearest neighbour"].copied == report.baselines["ranking"].copied == 100.0
    people = report.baselines["human agreement"]  # "a cat", "a red bowl" and "a coin" against "the cat" and so on
    assert (people.vocabulary, people.distinct, people.regions) == (5, 3, 3)
    assert people.bleu == pytest.approx((100 * 3 / 7, 0, 0, 0), abs=0.01)
    assert set(report.left_out) == {"METEOR"}


def test_regions_on_the_command_line(evaluate: Callable[..., Result]) -> None:
    result = evaluate("--regions", "--json", "--no-baselines")
    found = figures(result)
    assert (found["regions"], found["images"], found["baselines"]) == (3, 3, {})
    assert "3 regions in 3 photos" in evaluate("--regions", "--no-baselines").stdout


def test_the_table_has_a_row_for_each(evaluate: Callable[..., Result]) -> None:
    lines = evaluate().stdout.splitlines()
    assert lines[0] == "small with default on val: 3 photos, beam 2"
    assert lines[1].split()[:6] == ["BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "ROUGE-L", "CIDEr"]
    assert [line[:18].strip() for line in lines[2:]] == ["small", "nearest neighbour", "consensus", "human agreement"]
    assert lines[3].split()[2:6] == ["100.0"] * 4


def test_without_training_photos_what_needs_them_is_left_out(
    evaluate: Callable[..., Result], without_training: Path
) -> None:
    result = evaluate("--json", data=without_training)
    found = figures(result)
    assert found["copied"] is None
    assert list(found["baselines"]) == ["human agreement"]
    assert "copied, nearest neighbour, consensus left out: it needs the training photos" in result.stderr
    assert "–" in evaluate("--no-baselines", data=without_training).stdout


def test_what_cannot_be_measured_is_said_in_one_line(
    evaluate: Callable[..., Result], without_training: Path, other_model: Path
) -> None:
    for result, told in (
        (evaluate("--regions", data=without_training), "entities.json"),
        (evaluate("--model", other_model), "was made for the alignment model"),
        (evaluate("--regions", "--model", other_model), "was made for the alignment model"),
        (evaluate("--beam", "0"), "The beam is 0"),
        (evaluate("--split", "nowhere"), "has no split 'nowhere'"),
        (evaluate("--captioner", "nobody"), "There is no caption model 'nobody'"),
    ):
        assert (result.exit_code, result.stdout) == (1, "")
        assert told in result.stderr
        assert result.stderr.count("error:") == 1
