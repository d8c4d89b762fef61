"""Caption models learn, go on exactly where they were killed, and the reward rises when it is trained on."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.captioning.config import CaptionArchitecture, CaptionConfig, CaptionTraining
from engine.captioning.decode import beam_search, sample
from engine.captioning.folder import create_decoder
from engine.captioning.network import TorchDecoder
from engine.captioning.words import BOUNDARY, WordNumbers
from engine.errors import ModelError
from engine.language.vocabulary import Vocabulary
from engine.research.data.caption_batches import CaptionScenes, RegionText, SceneView
from engine.research.data.features import StoredRegions
from engine.research.evaluation.cider import Cider
from engine.research.training.caption_stages import CaptionTrainer, Described

NUM_PHOTOS, REGIONS, CHANNELS, DIMENSION = 24, 3, 12, 6
WHO, DOING, WHERE = ("dog", "cat", "man"), ("runs", "sits"), ("grass", "snow", "sand", "stone")
WORDS = ("a", "on", *WHO, *DOING, *WHERE)
NUMBERS = WordNumbers(Vocabulary(dict.fromkeys(WORDS, 5)))
SMALL = CaptionArchitecture(
    num_channels=CHANNELS, dimension=DIMENSION, width=32, layers=1, heads=2, max_words=8
)  # fmt: skip
TRAINING = CaptionTraining(
    learning_rate=5e-3, dropout=0.1, label_smoothing=0.0, batch_size=8, texts_per_photo=2, views=2,
    language_epochs=0, epochs=3, average=0.5, reward_learning_rate=1e-3,
)  # fmt: skip


def sentence_of(photo):
    """What is seen on a photo; no two photos show the same."""
    return f"a {WHO[photo % 3]} {DOING[photo // 3 % 2]} on {WHERE[photo // 6 % 4]}"


def described(photo):
    """What people would say about it: all the same."""
    return [NUMBERS.numbers(sentence_of(photo).split())] * 2


def toy_views():
    """Photos whose whole image tells who does what where, and the same photos a little different."""
    random = np.random.default_rng(0)
    signs = random.normal(size=(len(WORDS), CHANNELS)) * 2
    views = []
    for _ in range(TRAINING.views):
        features = random.normal(scale=0.1, size=(NUM_PHOTOS, REGIONS, CHANNELS))
        for photo in range(NUM_PHOTOS):
            features[photo, -1] += sum(signs[WORDS.index(word)] for word in sentence_of(photo).split())
        regions = StoredRegions(features.astype(np.float16), np.zeros((NUM_PHOTOS, REGIONS, 4), np.float32))
        vectors = random.normal(scale=0.1, size=(NUM_PHOTOS, REGIONS, DIMENSION)).astype(np.float16)
        texts = [[RegionText(REGIONS - 1, text) for text in described(photo)] for photo in range(NUM_PHOTOS)]
        views.append(SceneView(regions, vectors, texts))
    return views


def toy_trainer(config):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        decoder = create_decoder(config.architecture, torch.zeros(len(WORDS) + 1), config.training.dropout)
    views, references = toy_views(), [described(photo) for photo in range(NUM_PHOTOS)]
    scenes = CaptionScenes(views, NUMBERS, config.training.batch_size, config.training.texts_per_photo)
    language = [text for photo in references for text in photo] * 8
    validation = Described(views[0].scene(range(NUM_PHOTOS)), references)
    return CaptionTrainer(config, decoder, scenes, NUMBERS, language, references, validation)


def config_of(kind="transformer", **training):
    return CaptionConfig("toy", "", replace(SMALL, decoder=kind), replace(TRAINING, **training))


def written(decoder):
    """The best sentence of each photo in the first view."""
    found = beam_search(
        TorchDecoder(decoder), toy_views()[0].scene(range(NUM_PHOTOS)), 3, SMALL.max_words, SMALL.length_power
    )
    return [NUMBERS.text(row) for row in found.tokens[:, 0].tolist()]


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("recurrent", {"optimizer": "rmsprop", "learning_rate": 5e-3, "epochs": 50}),
        ("transformer", {"optimizer": "adam", "learning_rate": 5e-3, "epochs": 30}),
    ],
)
def test_both_networks_learn_to_write_what_is_seen(kind, settings, tmp_path):
    lines = []
    config = config_of(kind, **settings, weight_decay=0.0, dropout=0.0)
    trained = toy_trainer(config).train(tmp_path / "checkpoint.pt", lines.append)
    assert lines[-1]["loss"] < lines[0]["loss"] / 4
    right = sum(text == sentence_of(photo) for photo, text in enumerate(written(trained)))
    assert right >= NUM_PHOTOS - 4


class KilledError(Exception):
    """Stands for the end of a process."""


@pytest.mark.parametrize(
    "stages",
    [
        {"language_epochs": 2, "epochs": 2, "reward_epochs": 2},
        {"language_epochs": 0, "epochs": 2, "reward_epochs": 0, "average": 0.0},
    ],
    ids=["all stages", "words alone"],
)
def test_a_run_killed_after_any_epoch_ends_as_if_it_was_not(stages, tmp_path):
    config = config_of(**stages)
    lines = []
    whole = toy_trainer(config).train(tmp_path / "whole.pt", lines.append)
    resumed = []

    def log(line):
        resumed.append(line)
        raise KilledError

    for _ in range(len(lines)):
        with pytest.raises(KilledError):
            toy_trainer(config).train(tmp_path / "killed.pt", log)
    again = toy_trainer(config).train(tmp_path / "killed.pt", log)
    without_time = [[{**line, "seconds": 0} for line in run] for run in (resumed, lines)]
    assert without_time[0] == without_time[1]
    assert [line["stage"] for line in lines] == [
        stage
        for stage, name in (("language", "language_epochs"), ("words", "epochs"), ("reward", "reward_epochs"))
        for _ in range(stages[name])
    ]
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, again.state_dict()[name]), name


def test_the_recurrent_network_goes_on_too(tmp_path):
    config = config_of("recurrent", optimizer="rmsprop", learning_rate=1e-3, epochs=3)
    whole = toy_trainer(config).train(tmp_path / "whole.pt", lambda _: None)

    def log(line):
        if line["epoch"] == 2:
            raise KilledError

    with pytest.raises(KilledError):
        toy_trainer(config).train(tmp_path / "killed.pt", log)
    again = toy_trainer(config).train(tmp_path / "killed.pt", log)
    assert all(torch.equal(tensor, again.state_dict()[name]) for name, tensor in whole.state_dict().items())


def test_a_checkpoint_of_another_configuration_is_refused(tmp_path):
    toy_trainer(config_of(epochs=1)).train(tmp_path / "checkpoint.pt", lambda _: None)
    for other in (config_of(epochs=2), config_of("recurrent", epochs=1), config_of(epochs=1, seed=2)):
        with pytest.raises(ModelError, match="another configuration"):
            toy_trainer(other).train(tmp_path / "checkpoint.pt", lambda _: None)


def mean_reward(decoder):
    """Of sentences by chance, END counted as a word."""
    reward = Cider([[[*words, BOUNDARY] for words in described(photo)] for photo in range(NUM_PHOTOS)])
    scene = toy_views()[0].scene(range(NUM_PHOTOS))
    drawn = (
        sample(TorchDecoder(decoder), scene, 20, SMALL.max_words, 1.0, seed=0, shared=False)
        .tokens.reshape(-1, SMALL.max_words + 1)
        .tolist()
    )
    sentences = [[*NUMBERS.numbers(NUMBERS.text(row).split()), BOUNDARY] for row in drawn]
    return reward.scores([photo for photo in range(NUM_PHOTOS) for _ in range(20)], sentences).mean()


def test_training_on_the_reward_raises_it(tmp_path):
    settings = {"epochs": 14, "dropout": 0.0, "average": 0.0, "weight_decay": 0.0}
    words = toy_trainer(config_of(**settings)).train(tmp_path / "words.pt", lambda _: None)
    config = config_of(**settings, reward_epochs=20, reward_learning_rate=3e-3, reward_samples=20)
    rewarded = toy_trainer(config).train(tmp_path / "reward.pt", lambda _: None)
    assert mean_reward(rewarded) > 1.3 * mean_reward(words)


def test_the_best_epoch_is_kept(tmp_path):
    lines = []
    trained = toy_trainer(config_of(epochs=4)).train(tmp_path / "checkpoint.pt", lines.append)
    reward = Cider([described(photo) for photo in range(NUM_PHOTOS)])
    numbers = [NUMBERS.numbers(text.split()) for text in written(trained)]
    found = reward.scores(range(NUM_PHOTOS), numbers).mean()
    assert found == pytest.approx(max(line["cider"] for line in lines), abs=1e-3)
