"""Training learns, says the same for the same seed, and goes on where it was killed."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.alignment.config import Architecture, ModelConfig, Training
from engine.alignment.folder import load_model, save_model
from engine.errors import ModelError
from engine.language.vocabulary import Vocabulary
from engine.research.data.batches import Pairs, TrainingSet
from engine.research.data.features import SentenceVectors, StoredRegions
from engine.research.evaluation.split import EncodedSplit, evaluate, score_matrix
from engine.research.training.loop import train

NUM_IMAGES, PER_IMAGE, WORDS = 24, 2, 3
SMALL = Architecture(num_channels=12, word_dimension=10, dimension=8, hidden=6)
PAPER = replace(SMALL, towers="plain")
CONTRASTIVE = Training(epochs=4, batch_size=12, learning_rate=0.01, average=0.5, dropout=0.1)
RANKING = Training(
    objective="ranking", optimizer="sgd", epochs=4, batch_size=12, learning_rate=1e-3, average=0.0, dropout=0.0
)


def toy(seed=0):
    """Photos with one telling region each, and sentences whose words are a fixed turn of that region."""
    random = np.random.default_rng(seed)
    turn = random.normal(size=(12, 10))
    features = random.normal(scale=0.1, size=(NUM_IMAGES, 4, 12))
    features[:, 1] += random.normal(size=(NUM_IMAGES, 12)) * 2
    words = [
        features[image, 1] @ turn + random.normal(scale=0.1, size=(WORDS, 10))
        for image in range(NUM_IMAGES)
        for _ in range(PER_IMAGE)
    ]
    starts = np.arange(NUM_IMAGES * PER_IMAGE + 1) * WORDS
    sentences = SentenceVectors(np.concatenate(words).astype(np.float16), starts)
    return features.astype(np.float16), sentences, [n // PER_IMAGE for n in range(NUM_IMAGES * PER_IMAGE)]


def toy_boxes():
    return np.zeros((NUM_IMAGES, 4, 4), dtype=np.float32)


def toy_pairs(training):
    features, sentences, owners = toy()
    boxes = toy_boxes()
    views = [StoredRegions(features, boxes), StoredRegions(features[:, ::-1], boxes)]
    words = [("a", "b", "c")] * len(owners)
    return Pairs(TrainingSet(views, sentences, words, np.array(owners), [()] * len(owners)), [], 0, training.batch_size)


def run(config, checkpoint):
    features, sentences, owners = toy()
    pairs = toy_pairs(config.training)
    lines = []
    trained = train(
        config, pairs, EncodedSplit(StoredRegions(features, toy_boxes()), sentences, owners), checkpoint, lines.append
    )
    return trained, lines


@pytest.mark.parametrize(("architecture", "training"), [(SMALL, CONTRASTIVE), (PAPER, RANKING)])
def test_both_presets_learn(tmp_path, architecture, training):
    config = ModelConfig("toy", architecture, replace(training, epochs=30))
    trained, lines = run(config, tmp_path / "checkpoint.pt")
    assert lines[-1]["loss"] < lines[0]["loss"] / 2
    assert trained.result.image_to_sentence.r5 > 60
    assert trained.result.sum_of_recalls == pytest.approx(max(line["sum"] for line in lines))


@pytest.mark.parametrize(("architecture", "training"), [(SMALL, CONTRASTIVE), (PAPER, RANKING)])
def test_a_run_killed_after_any_epoch_ends_as_if_it_was_not(tmp_path, architecture, training):
    config = ModelConfig("toy", architecture, training)
    whole, lines = run(config, tmp_path / "whole.pt")

    class KilledError(Exception):
        pass

    features, sentences, owners = toy()
    resumed = []
    for _ in range(training.epochs + 1):

        def log(line):
            resumed.append(line)
            raise KilledError

        pairs = toy_pairs(training)
        try:
            again = train(
                config,
                pairs,
                EncodedSplit(StoredRegions(features, toy_boxes()), sentences, owners),
                tmp_path / "killed.pt",
                log,
            )
        except KilledError:
            continue
    without_time = [{key: value for key, value in line.items() if key != "seconds"} for line in resumed]
    assert without_time == [{key: value for key, value in line.items() if key != "seconds"} for line in lines]
    for name, tensor in whole.model.state_dict().items():
        assert torch.equal(tensor, again.model.state_dict()[name])


def test_a_training_that_comes_to_nothing_stops_and_says_so(tmp_path):
    config = ModelConfig("toy", PAPER, replace(RANKING, learning_rate=1e30, clip=0.0, clip_length=0.0))
    with pytest.raises(ModelError, match=r"loss of a batch is (nan|inf)"):
        run(config, tmp_path / "checkpoint.pt")
    assert not (tmp_path / "checkpoint.pt").exists()


def test_a_checkpoint_of_another_configuration_is_refused(tmp_path):
    config = ModelConfig("toy", SMALL, replace(CONTRASTIVE, epochs=1))
    run(config, tmp_path / "checkpoint.pt")
    with pytest.raises(ModelError, match="another configuration"):
        run(replace(config, training=CONTRASTIVE), tmp_path / "checkpoint.pt")


def test_blocks_do_not_change_the_score_matrix(tmp_path, monkeypatch):
    features, sentences, owners = toy()
    config = ModelConfig("toy", SMALL, replace(CONTRASTIVE, epochs=1))
    trained, _ = run(config, tmp_path / "checkpoint.pt")
    split = EncodedSplit(StoredRegions(features, toy_boxes()), sentences, owners)
    whole = score_matrix(trained.model, split)
    monkeypatch.setattr("engine.research.evaluation.split.IMAGE_BLOCK", 7)
    monkeypatch.setattr("engine.research.evaluation.split.SENTENCE_BLOCK", 5)
    np.testing.assert_allclose(score_matrix(trained.model, split), whole, rtol=1e-5, atol=1e-5)


def test_a_saved_model_loads_with_its_figures(tmp_path):
    config = ModelConfig("toy", SMALL, replace(CONTRASTIVE, epochs=2))
    trained, _ = run(config, tmp_path / "checkpoint.pt")
    save_model(tmp_path / "model", config, trained.model, Vocabulary({"dog": 9}))
    loaded = load_model(str(tmp_path / "model"))
    features, sentences, owners = toy()
    assert loaded.name == "toy"
    assert "dog" in loaded.vocabulary
    assert (
        evaluate(loaded.model, EncodedSplit(StoredRegions(features, toy_boxes()), sentences, owners)) == trained.result
    )
    assert load_model(str(tmp_path / "model")).fingerprint == loaded.fingerprint


def test_the_fingerprint_follows_the_vectors(tmp_path):
    config = ModelConfig("toy", SMALL, replace(CONTRASTIVE, epochs=1))
    trained, _ = run(config, tmp_path / "checkpoint.pt")
    folder = tmp_path / "model"
    save_model(folder, config, trained.model, Vocabulary({}))
    before = load_model(str(folder)).fingerprint
    content = json.loads((folder / "config.json").read_text())
    content["architecture"] |= {"beta": 0.5, "phrases": "chain"}
    (folder / "config.json").write_text(json.dumps(content))
    assert load_model(str(folder)).fingerprint == before
    content["architecture"]["image_size"] = 260
    (folder / "config.json").write_text(json.dumps(content))
    assert load_model(str(folder)).fingerprint != before


@pytest.mark.parametrize("damage", ["weights.safetensors", "vocabulary.json", "config.json"])
def test_damaged_model_files_are_named(tmp_path, damage):
    config = ModelConfig("toy", SMALL, replace(CONTRASTIVE, epochs=1))
    trained, _ = run(config, tmp_path / "checkpoint.pt")
    save_model(tmp_path / "model", config, trained.model, Vocabulary({}))
    (tmp_path / "model" / damage).write_bytes(b"\x00damaged")
    with pytest.raises(ModelError, match="model"):
        load_model(str(tmp_path / "model"))


def test_a_model_that_does_not_exist_is_named():
    with pytest.raises(ModelError, match="no model 'nowhere': expected default or paper"):
        load_model("nowhere")
