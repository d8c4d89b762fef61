"""The verbs of ``engine evaluate`` run on a small set of real photos: JSON of the promised shape, a text to read."""

import importlib
import json
import shutil
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import Result

from engine.runtime.extras import install_command

Cli = Callable[..., Result]
VERBS = ("retrieval", "grounding", "proposals", "concepts", "attributes")
RECALLS = ["r1", "r5", "r10", "median_rank"]


@pytest.fixture(scope="module")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an untrained model named "untrained" that knows the word "photo"."""
    import torch

    from engine.alignment.config import Architecture, ModelConfig
    from engine.alignment.folder import save_model
    from engine.alignment.model import AlignmentModel
    from engine.language.vocabulary import Vocabulary

    architecture = Architecture(proposer="fixed_windows", dimension=16, hidden=8)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model = AlignmentModel(architecture)
    folder = tmp_path_factory.mktemp("models") / "untrained"
    save_model(folder, ModelConfig("untrained", architecture), model, Vocabulary({"photo": 9, "alone": 9}))
    return folder


@pytest.fixture(scope="module")
def annotated(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three photos with two sentences each, a box of the left half for the phrase "A photo", and one concept."""
    folder = tmp_path_factory.mktemp("annotated")
    (folder / "images" / "val").mkdir(parents=True)
    images, entities, names = [], {}, []
    for photo in sorted(photos.iterdir())[:3]:
        shutil.copy(photo, folder / "images" / "val")
        with Image.open(photo) as image:
            width, height = image.size
        names.append(photo.name)
        images.append({"filename": photo.name, "split": "val",
                       "sentences": [{"raw": "A photo alone ."}, {"raw": f"A photo of {photo.stem} ."}]})  # fmt: skip
        entities[photo.name] = {
            "width": width, "height": height, "split": "val", "boxes": {"1": [[0, 0, width / 2, height]]},
            "captions": [{"tokens": ["A", "photo", "alone", "."],
                          "phrases": [{"id": "1", "types": ["scene"], "start": 0, "end": 2}]}],
        }  # fmt: skip
    concepts = {"photos": names, "concepts": {"lonely photo": {names[0]: [[0, 0, 50, 50]]}}}
    for name, content in (("dataset", {"images": images}), ("entities", entities), ("concepts", concepts)):
        (folder / f"{name}.json").write_text(json.dumps(content))
    return folder


@pytest.fixture
def evaluate(cli: Cli, untrained: Path, annotated: Path) -> Callable[..., Result]:
    def run(verb: str, *arguments: str) -> Result:
        return cli("evaluate", verb, "--data", annotated, "--model", untrained, "--device", "cpu", *arguments)

    return run


def figures(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    assert found["model"] == "untrained"
    return found


def test_retrieval_is_split_by_novelty(evaluate: Callable[..., Result]) -> None:
    found = figures(evaluate("retrieval", "--json"))
    assert (found["images"], found["sentences"], found["split"]) == (3, 6, "val")
    assert list(found["known_words"]) == list(found["novel_words"]) == [*RECALLS, "sentences"]
    assert found["known_words"]["sentences"] == found["novel_words"]["sentences"] == 3
    # The same sentence three times: three equal columns, whose owners stand at the ranks 1, 2 and 3.
    assert found["known_words"]["median_rank"] == 2.0
    text = evaluate("retrieval").stdout
    assert "3 photos, 6 sentences" in text
    assert "novel words" in text


def test_retrieval_among_fewer_photos(evaluate: Callable[..., Result]) -> None:
    found = figures(evaluate("retrieval", "--json", "--among", "1"))
    assert (found["images"], found["image_to_sentence"]["r1"]) == (1, 100.0)
    assert "novel_words" not in found
    refused = evaluate("retrieval", "--among", "4")
    assert refused.exit_code == 1
    assert "has 3 photos" in refused.stderr


def test_grounding(evaluate: Callable[..., Result]) -> None:
    found = figures(evaluate("grounding", "--json"))
    assert {"accuracy", "any_box", "pointing", "ceiling", "by_type", "phrases", "segments"} <= set(found)
    assert found["phrases"] == found["by_type"]["scene"]["phrases"] == 3
    assert found["ceiling"] == 100.0  # the left half is one of the fixed windows
    assert found["accuracy"] == found["any_box"]  # one box an entity
    assert found["betas"] is None
    assert len(figures(evaluate("grounding", "--json", "--segments"))["betas"]["rows"]) > 5
    text = evaluate("grounding", "--segments").stdout
    assert "3 phrases of 3 sentences" in text
    assert "People marked 1.00 phrases a sentence" in text


def test_proposals(evaluate: Callable[..., Result]) -> None:
    result = evaluate("proposals", "--json", "--selective-search-photos", "1")
    found = figures(result)
    assert (found["proposer"], found["boxes"], found["photos"]) == ("fixed_windows", 3, 3)
    assert found["rows"]["model"] == found["rows"]["fixed windows"]
    assert found["rows"]["model"] == {"recall_50": 100.0, "recall_70": 100.0, "photos": 3}
    assert "best fixed windows" not in found["rows"]
    assert "best fixed windows left out: they are chosen on the training boxes" in result.stderr
    if find_spec("cv2") is None or not hasattr(importlib.import_module("cv2"), "ximgproc"):
        assert install_command("opencv-contrib-python-headless") in result.stderr
    else:
        assert found["rows"]["selective search"]["photos"] == 1
    assert "3 boxes in 3 photos" in evaluate("proposals", "--selective-search-photos", "0").stdout


def test_concepts(evaluate: Callable[..., Result]) -> None:
    found = figures(evaluate("concepts", "--json"))
    assert (found["concepts"], found["photos"], found["pairs"]["pairs"]) == (1, 3, 1)
    assert found["mean_average_precision"] in (1.0, 0.5, 0.3333)
    assert {"box_overlap", "centre_inside"} <= set(found)
    assert "mean average precision" in evaluate("concepts").stdout


def test_attributes(evaluate: Callable[..., Result], annotated: Path, tmp_path: Path) -> None:
    data = Path(shutil.copytree(annotated, tmp_path / "data"))
    content = json.loads((data / "dataset.json").read_text())
    for image in content["images"]:
        image["sentences"] = [{"raw": "Two red dogs ."}, {"raw": "A photo ."}]
    (data / "dataset.json").write_text(json.dumps(content))
    kinds = figures(evaluate("attributes", "--json", "--data", str(data)))["kinds"]
    assert {kind: kinds[kind]["choices"] for kind in kinds if kind != "grey"} == {"animal": 3, "colour": 3, "count": 3}
    assert kinds["grey"]["choices"] <= 3
    assert "the mean of the kinds" in evaluate("attributes", "--data", str(data)).stdout


@pytest.mark.parametrize("verb", VERBS)
def test_missing_data_is_said_in_one_line(verb: str, cli: Cli, untrained: Path, tmp_path: Path) -> None:
    result = cli("evaluate", verb, "--data", tmp_path / "nowhere", "--model", untrained)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "does not exist" in result.stderr
    assert "expected" in result.stderr


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_takes_the_same_options(verb: str, cli: Cli) -> None:
    shown = cli("evaluate", verb, "--help", columns=200).stdout
    assert all(option in shown for option in ("--data", "--split", "--model", "--device", "--json"))
