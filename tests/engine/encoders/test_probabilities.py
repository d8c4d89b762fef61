"""How likely photos match a text, by an encoder: by its own sigmoid, by a calibration, or by what stands out."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.alignment.calibration import FEATURES, Calibration
from engine.encoders.clip_encoder import ClipEncoder
from engine.encoders.config import Scoring
from engine.encoders.sigmoid import CUT, PAIRS
from engine.runtime.settings import models_folder
from engine.search.standing_out import outstanding

SCORES = np.float32([-0.1, 0.0, 0.02, 0.05])


@pytest.fixture
def folder(converted, tmp_path: Path) -> Path:  # type: ignore[no-untyped-def]
    """A copy of SigLIP in small, to be changed."""
    converted("siglip")
    return Path(shutil.copytree(models_folder() / "siglip", tmp_path / "siglip"))


def weighing(folder: Path, phrase_weight: float) -> ClipEncoder:
    config = ClipEncoder(folder, "cpu").config
    scoring = dataclasses.replace(config.scoring, phrase_weight=phrase_weight)
    dataclasses.replace(config, scoring=scoring).save(folder / "config.json")
    return ClipEncoder(folder, "cpu")


def test_siglips_own_sigmoid_holds_for_the_odds_of_its_training(converted, folder: Path) -> None:  # type: ignore[no-untyped-def]
    tiny, encoder = converted("siglip")
    query = encoder.read("a dog").vector.query
    logits = torch.from_numpy(SCORES) * tiny.model.logit_scale.exp() + tiny.model.logit_bias
    found = encoder.probabilities(["a dog"], query, SCORES, PAIRS)
    np.testing.assert_allclose(found, torch.sigmoid(logits).numpy(), rtol=1e-5)
    few = encoder.probabilities(["a dog"], query, SCORES, 11)
    odds = np.log(few / (1 - few)) - logits.numpy()
    np.testing.assert_allclose(odds, np.log((PAIRS - 1) / 10), rtol=1e-4)  # one right photo of 11
    assert encoder.has_probabilities
    assert encoder.cut_of(2) == CUT
    assert encoder.probabilities(["a dog"], query, SCORES) is None  # of a pair alone none is known
    assert not weighing(folder, 0.1).has_probabilities  # the score is no cosine any more


def test_clip_knows_no_probability(converted) -> None:  # type: ignore[no-untyped-def]
    _, encoder = converted("clip")
    query = encoder.read("a dog").vector.query
    assert not encoder.has_probabilities
    assert encoder.cut_of(2) == 0
    assert encoder.probabilities(["a dog"], query, SCORES, 100) is None


def test_a_calibration_belongs_to_the_vectors_and_the_weight_of_phrases(folder: Path) -> None:
    encoder = ClipEncoder(folder, "cpu")
    background = np.random.default_rng(0).standard_normal((9, 21, encoder.dimension)).astype(np.float16)
    weights = np.zeros((2, len(FEATURES)))
    weights[:, 0] = 1, 2  # of single words, and of longer texts
    Calibration(background, weights, np.zeros(2), 0.3, encoder.config.scored, 0.2).save(folder)
    calibrated = ClipEncoder(folder, "cpu")
    for text, weight in (("dogs", 1), ("a dog", 2)):
        read = calibrated.read(text)
        found = calibrated.probabilities(read.tokens.words, read.vector.query, SCORES, 100)
        np.testing.assert_allclose(found, 1 / (1 + np.exp(-weight * SCORES)), rtol=1e-5)
    assert (calibrated.cut_of(1), calibrated.cut_of(2)) == (0.2, 0.3)
    assert weighing(folder, 0.1).calibration is None
    assert weighing(folder, 0.0).calibration is not None


def test_photos_stand_out_from_the_others_however_many_match() -> None:
    random = np.random.default_rng(1)
    ordinary = random.normal(0.2, 0.01, 250).astype(np.float32)
    alone = outstanding(ordinary, 1000)
    assert 0.2 + 0.02 < alone < 0.2 + 0.04
    with_matches = np.concatenate([ordinary[:175], random.normal(0.3, 0.01, 75).astype(np.float32)])
    assert outstanding(with_matches, 1000) < 0.27  # a third of the library matches, and is found
    assert outstanding(ordinary, 100_000) > alone  # among more photos chance reaches further


def test_scoring_settings_change_no_fingerprint(converted) -> None:  # type: ignore[no-untyped-def]
    config = converted("siglip")[1].config
    assert dataclasses.replace(config, scoring=Scoring()).fingerprint == config.fingerprint
