"""Probabilities rise with the score, depend on nothing else than the text and the model, and survive the disk."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from safetensors.numpy import save

from engine.alignment.calibration import (
    FEATURES,
    FILE,
    FIRST_FEATURES,
    LOG_WORDS,
    Calibration,
    features_of,
    probabilities_of,
)
from engine.alignment.config import Architecture, ModelConfig
from engine.alignment.folder import load_model, save_model
from engine.alignment.model import AlignmentModel
from engine.errors import ModelError
from engine.language.vocabulary import Vocabulary
from engine.models.multimodal import MultimodalModel
from index import Query
from index.scoring.maxsim import score_records

RANDOM = np.random.default_rng(0)
WEIGHTS = [2.0, -1.5, -0.5, -0.25, 1.0, 0.1, 0.5, -0.25, 0.2, 0.1]
COUNTS = [900, 7, 80]
QUERY = Query(RANDOM.normal(size=(3, 8)).astype(np.float32), RANDOM.normal(size=8).astype(np.float32))


def make_calibration(fingerprint: str = "f00d") -> Calibration:
    background = np.random.default_rng(1).normal(size=(5, 4, 8)).astype(np.float16)
    weights = np.array([[1.0, -0.5, 0.5, 0.25, 0.0, 0.0, 0.5, 0.25, 0.1, 0.3], WEIGHTS])
    return Calibration(background, weights, np.array([-2.0, -1.25]), 0.1, fingerprint, 0.2)


def write_of_earlier_version(folder: Path, calibration: Calibration) -> None:
    metadata = {
        "features": json.dumps(FIRST_FEATURES), "weights": json.dumps(WEIGHTS[:6]), "bias": "-1.25", "cut": "0.1",
        "fingerprint": calibration.fingerprint,
    }  # fmt: skip
    (folder / FILE).write_bytes(save({"background": calibration.background}, metadata))


def test_a_probability_is_the_formula_written_out() -> None:
    calibration = make_calibration()
    background = score_records(calibration.background, QUERY).astype(np.float64)
    skewness = (((background - background.mean()) / background.std()) ** 3).mean()
    features = [0.75, background.mean(), background.std(), background.max(), 1 / 3, np.log(3),
                sorted(background)[-5], skewness, np.log(8), np.log(8)]  # fmt: skip
    total = sum(w * f for w, f in zip(WEIGHTS, features, strict=True)) - 1.25
    (found,) = calibration.probabilities(np.array([0.75], np.float32), QUERY, COUNTS)
    assert found == pytest.approx(1 / (1 + np.exp(-total)), rel=1e-5)


def test_single_words_have_weights_of_their_own() -> None:
    features = np.tile(np.arange(10.0), (2, 1))
    features[:, LOG_WORDS] = [0, np.log(2)]
    found = probabilities_of(features, np.array([[0.0] * 10, [1.0] + [0.0] * 9]), np.array([2.0, -3.0]))
    assert found.tolist() == pytest.approx([1 / (1 + np.exp(-2)), 1 / (1 + np.exp(3))])


def test_a_word_that_training_said_often_is_believed_more() -> None:
    word = Query(QUERY.words[:1], QUERY.sentence)
    found = [make_calibration().probabilities(np.array([0.5], np.float32), word, [count])[0] for count in (0, 5, 500)]
    assert found == sorted(set(found))


def test_many_texts_at_once_are_the_same_as_one_at_a_time() -> None:
    scores = RANDOM.normal(size=(4, 3)).astype(np.float32)
    background = RANDOM.normal(size=(7, 3)).astype(np.float32)
    num_words, rarest = np.array([1, 2, 9]), np.array([0, 50, 5000])
    together = features_of(scores, background, num_words, rarest)
    assert together.shape == (4, 3, len(FEATURES))
    for text in range(3):
        own = slice(text, text + 1)
        alone = features_of(scores[:, own], background[:, own], num_words[own], rarest[own])
        np.testing.assert_allclose(together[:, text], alone[:, 0], rtol=1e-6)


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=20))
def test_higher_scores_are_more_probable_and_nothing_leaves_0_to_1(scores: list[float]) -> None:
    for query, counts in ((QUERY, COUNTS), (Query(QUERY.words[:1], QUERY.sentence), [0])):
        found = make_calibration().probabilities(np.array(sorted(scores), np.float32), query, counts)
        assert ((found >= 0) & (found <= 1)).all()
        assert (np.diff(found) >= 0).all()


def test_extreme_sums_do_not_overflow() -> None:
    features = np.zeros((2, 10))
    features[:, 0] = [1e9, -1e9]
    assert probabilities_of(features, np.ones((2, 10)), np.zeros(2)).tolist() == [1.0, 0.0]


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    written = make_calibration()
    written.save(tmp_path)
    read = Calibration.load(tmp_path)
    assert read is not None
    np.testing.assert_array_equal(read.background, written.background)
    np.testing.assert_array_equal(read.weights, written.weights)
    np.testing.assert_array_equal(read.bias, written.bias)
    assert (read.cut_of(2), read.cut_of(1), read.fingerprint) == (0.1, 0.2, written.fingerprint)
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_a_file_of_an_earlier_version_gives_what_it_gave(tmp_path: Path) -> None:
    write_of_earlier_version(tmp_path, make_calibration())
    read = Calibration.load(tmp_path)
    assert read is not None
    background = score_records(read.background, QUERY).astype(np.float64)
    features = [0.75, background.mean(), background.std(), background.max(), 1 / 3, np.log(3)]
    total = sum(w * f for w, f in zip(WEIGHTS[:6], features, strict=True)) - 1.25
    (found,) = read.probabilities(np.array([0.75], np.float32), QUERY, COUNTS)
    assert found == pytest.approx(1 / (1 + np.exp(-total)), rel=1e-5)
    assert (read.cut_of(1), read.cut_of(9)) == (0.1, 0.1)
    read.save(tmp_path)
    again = Calibration.load(tmp_path)
    assert again is not None
    assert again.probabilities(np.array([0.75], np.float32), QUERY, COUNTS) == pytest.approx([found])


def test_a_file_of_unknown_features_says_what_to_do(tmp_path: Path) -> None:
    make_calibration().save(tmp_path)
    content = (tmp_path / FILE).read_bytes().replace(b"background fifth", b"background sixth")
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(ModelError, match=r"background sixth.*scripts/calibrate"):
        Calibration.load(tmp_path)


def test_people_are_found_and_what_no_photo_shows_is_not_likely(model: MultimodalModel, photos: Path) -> None:
    calibration = model.calibration
    assert calibration is not None
    names = sorted(path.name for path in photos.iterdir())
    records = model.embed_photos([Image.open(photos / name).convert("RGB") for name in names]).records

    def likely(word: str) -> list[str]:
        text = model.read(word)
        scores = score_records(records, text.vector.query)
        found = calibration.probabilities(scores, text.vector.query, model.counts(text.tokens.words))
        order = np.argsort(-found)
        assert (np.diff(scores[order]) <= 0).all()
        return [names[row] for row in order if found[row] >= calibration.cut_of(1)]

    with_people = {"astronaut.png", "grace_hopper.jpg"}
    assert with_people <= set(likely("people"))  # the ranking of these eight photos puts others before them
    assert likely("man")[0] == "grace_hopper.jpg"
    assert likely("cat") == ["chelsea.png"]
    assert likely("flower")[0] == "flower.jpg"
    for absent in ("submarine", "penguin", "accordion", "windmill", "croissant"):
        assert likely(absent) == []


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
