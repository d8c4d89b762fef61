"""An encoder is measured and calibrated as the models of this project are."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import Result

from engine.encoders import towers
from engine.encoders.clip_encoder import ClipEncoder
from engine.research.data.encoded import encoded_photos, encoded_texts, encoder_scores
from engine.research.evaluation.retrieval import Recalls, RetrievalResult
from engine.research.training.phrase_weight import WEIGHTS, choose_phrase_weight
from engine.runtime.settings import models_folder
from index.scoring.maxsim import score_records

ROOT = Path(__file__).resolve().parents[4]
SENTENCES = (("A dog stands on the grass .", "A brown dog ."), ("A cat on a chair .", "The cat is asleep ."))


@pytest.fixture(scope="module", autouse=True)
def single_precision() -> Iterator[None]:
    """Towers as on a CPU without bfloat16, in which texts are a little others alone and together."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(towers, "has_bfloat16", lambda: False)
        yield


@pytest.fixture(scope="module")
def encoder(converted) -> ClipEncoder:  # type: ignore[no-untyped-def]
    found: ClipEncoder = converted("clip")[1]
    return found


@pytest.fixture(scope="module")
def captioned(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half of the photos are said to be of dogs, with a box, half of cats; three of them are for training too."""
    folder, images, entities = tmp_path_factory.mktemp("captioned"), [], {}
    names = sorted(photo.name for photo in photos.iterdir())
    for split, chosen in (("val", names), ("train", names[:3])):
        (folder / "images" / split).mkdir(parents=True)
        for number, name in enumerate(chosen):
            shutil.copy(photos / name, folder / "images" / split)
            said = SENTENCES[number % 2]
            images.append({"filename": name, "split": split, "sentences": [{"raw": text} for text in said]})
            with Image.open(photos / name) as image:
                width, height = image.size
            phrase = {"id": "1", "types": ["animals"], "start": 0, "end": 2}
            entities[name] = {
                "width": width, "height": height, "split": split, "boxes": {"1": [[0, 0, width, height]]},
                "captions": [{"tokens": text.split(), "phrases": [phrase]} for text in said[:1]],
            }  # fmt: skip
    (folder / "dataset.json").write_text(json.dumps({"images": images}))
    (folder / "entities.json").write_text(json.dumps(entities))
    return folder


def test_scores_of_a_set_are_those_of_searches(encoder: ClipEncoder, photos: Path) -> None:
    weighing, texts = encoder.weighing(0.2), ["a dog on the grass beside two cats", "snow"]
    records = encoded_photos(encoder, sorted(photos.iterdir())[:3]).records
    found = encoder_scores(weighing, records, encoded_texts(weighing, texts))
    queries = [weighing.read(text).vector.query for text in texts]
    expected = np.stack([score_records(records.astype(np.float32), query) for query in queries], axis=1)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_phrases_weigh_the_most_that_lowers_no_recall() -> None:
    recalls = Recalls(20.0, 40.0, 60.0, 5.0)
    usual = RetrievalResult(recalls, recalls, 10, 50)
    measured = dict.fromkeys(WEIGHTS, usual)
    worse = replace(usual, sentence_to_image=replace(recalls, r10=59.9))
    better = replace(usual, image_to_sentence=replace(recalls, r1=25.0))
    assert choose_phrase_weight(measured | {0.2: better, 0.3: worse}) == 0.2
    assert choose_phrase_weight(dict.fromkeys(WEIGHTS, worse) | {0.0: usual}) == 0.0


def test_another_pooling_gives_other_regions_and_the_same_photo(encoder: ClipEncoder, photos: Path) -> None:
    uniform = encoder.pooling_by("uniform")
    assert uniform.fingerprint != encoder.fingerprint
    images = [Image.open(photos / "coffee.png").convert("RGB")]
    own, other = encoder.embed_photos(images).records[0], uniform.embed_photos(images).records[0]
    np.testing.assert_allclose(own[-1], other[-1], atol=1e-2)
    assert np.abs(own[:-2] - other[:-2]).max() > 0.01


def test_an_encoder_is_measured_and_calibrated(
    cli: Callable[..., Result], encoder: ClipEncoder, captioned: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(models_folder() / "clip", tmp_path / "mine")

    def measured(verb: str, *arguments: str) -> dict[str, object]:
        result = cli("evaluate", verb, "--data", captioned, "--model", folder, "--device", "cpu", "--json", *arguments)
        assert result.exit_code == 0, result.stderr
        found: dict[str, object] = json.loads(result.stdout)
        return found

    retrieval = measured("retrieval")
    assert retrieval["images"] == len(list((captioned / "images" / "val").iterdir()))
    assert "novel_words" not in retrieval  # what it was trained on is not known
    grounding = measured("grounding", "--segments")
    assert grounding["accuracy"] == grounding["any_box"]
    assert grounding["segments"] is None
    assert [row["pooling"] for row in grounding["poolings"]] == ["own", "uniform"]  # type: ignore[attr-defined]
    shown = cli("evaluate", "grounding", "--segments", "--data", captioned, "--model", folder, "--device", "cpu")
    assert "\nuniform   " in shown.stdout
    refused = cli("evaluate", "words", "--data", captioned, "--model", folder)
    assert "'clip' has no calibration; make one with scripts/calibrate" in " ".join(refused.stderr.split())

    script = [sys.executable, str(ROOT / "scripts" / "calibrate"), str(folder), "--data", str(captioned)]
    done = subprocess.run([*script, "--device", "cpu"], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert "clip: phrases weigh 0" in done.stdout
    assert measured("words")["words"] == 4  # dogs and cats, and what they are kinds of
    assert measured("calibration")["model"] == "clip"
    calibrated = ClipEncoder(folder, "cpu")
    assert calibrated.has_probabilities
    assert calibrated.fingerprint == encoder.fingerprint
