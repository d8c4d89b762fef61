"""Probabilities rise with the score, depend on nothing else than the text and the model, and survive the disk."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.alignment.calibration import FEATURES, FILE, Calibration, features_of, probabilities_of
from engine.alignment.config import Architecture, ModelConfig
from engine.alignment.folder import load_model, save_model
from engine.alignment.model import AlignmentModel
from engine.errors import ModelError
from engine.language.vocabulary import Vocabulary
from index import Query
from index.scoring.maxsim import score_records

RANDOM = np.random.default_rng(0)
QUERY = Query(RANDOM.normal(size=(3, 8)).astype(np.float32), RANDOM.normal(size=8).astype(np.float32))


def make_calibration(fingerprint: str = "f00d") -> Calibration:
    background = np.random.default_rng(1).normal(size=(5, 4, 8)).astype(np.float16)
    return Calibration(background, np.array([2.0, -1.5, -0.5, -0.25, 1.0, 0.1]), -1.25, 0.1, fingerprint)


def test_a_probability_is_the_formula_written_out() -> None:
    calibration = make_calibration()
    background = score_records(calibration.background, QUERY).astype(np.float64)
    features = [0.75, background.mean(), background.std(), background.max(), 1 / 3, np.log(3)]
    total = sum(w * f for w, f in zip(calibration.weights, features, strict=True)) + calibration.bias
    (found,) = calibration.probabilities(np.array([0.75], np.float32), QUERY)
    assert found == pytest.approx(1 / (1 + np.exp(-total)), rel=1e-5)


def test_many_texts_at_once_are_the_same_as_one_at_a_time() -> None:
    scores = RANDOM.normal(size=(4, 3)).astype(np.float32)
    background = RANDOM.normal(size=(7, 3)).astype(np.float32)
    num_words = np.array([1, 2, 9])
    together = features_of(scores, background, num_words)
    assert together.shape == (4, 3, len(FEATURES))
    for text in range(3):
        alone = features_of(scores[:, text : text + 1], background[:, text : text + 1], num_words[text : text + 1])
        np.testing.assert_allclose(together[:, text], alone[:, 0], rtol=1e-6)


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=20))
def test_higher_scores_are_more_probable_and_nothing_leaves_0_to_1(scores: list[float]) -> None:
    found = make_calibration().probabilities(np.array(sorted(scores), np.float32), QUERY)
    assert ((found >= 0) & (found <= 1)).all()
    assert (np.diff(found) >= 0).all()


def test_extreme_sums_do_not_overflow() -> None:
    assert probabilities_of(np.array([[1e9], [-1e9]]), np.ones(1), 0.0).tolist() == [1.0, 0.0]


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    written = make_calibration()
    written.save(tmp_path)
    read = Calibration.load(tmp_path)
    assert read is not None
    np.testing.assert_array_equal(read.background, written.background)
    np.testing.assert_array_equal(read.weights, written.weights)
    assert (read.bias, read.cut, read.fingerprint) == (written.bias, written.cut, written.fingerprint)
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_a_folder_without_one_has_none(tmp_path: Path) -> None:
    assert Calibration.load(tmp_path) is None


@pytest.mark.parametrize("content", [b"", b"\x00" * 100, b"not safetensors at all"])
def test_a_damaged_file_is_explained(content: bytes, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(ModelError, match=r"cannot be read.*scripts/calibrate"):
        Calibration.load(tmp_path)


def test_a_calibration_goes_with_the_weights_it_was_fitted_to(tmp_path: Path) -> None:
    def save(seed: int) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = AlignmentModel(architecture)
        save_model(tmp_path, ModelConfig("small", architecture), model, Vocabulary({"dog": 5}))

    architecture = Architecture(proposer="fixed_windows", dimension=8, hidden=4)
    save(1)
    before = load_model(str(tmp_path))
    assert before.calibration is None
    make_calibration(before.fingerprint).save(tmp_path)
    after = load_model(str(tmp_path))
    assert after.calibration is not None
    assert after.fingerprint == before.fingerprint  # the vectors are the same
    save(2)
    assert load_model(str(tmp_path)).calibration is None
