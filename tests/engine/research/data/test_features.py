"""Cached features equal computed ones, wherever the computation was stopped."""

import os

import numpy as np
import pytest
import torch
from PIL import Image

from engine.language.word_vectors import create_word_vectors
from engine.research.data import features
from engine.research.data.features import sentence_vectors, stored_regions
from engine.vision.region_features import RegionFeatures


class BrightnessEncoder:
    """The interface of a region encoder with the mean colour of two halves as features: instant, and easy to check."""

    identity = "brightness"
    image_size = 16

    def __init__(self):
        self.num_batches = 0

    def encode(self, images):
        self.num_batches += 1
        pixels = torch.stack(
            [torch.from_numpy(np.asarray(image.resize((16, 16)), dtype=np.float32)) for image in images]
        )
        halves = torch.stack([pixels[:, :, :8].mean(dim=(1, 2)), pixels[:, :, 8:].mean(dim=(1, 2))], dim=1)
        return RegionFeatures(
            halves.numpy(), np.zeros((len(images), 2, 4), np.float32), np.ones((len(images), 2), np.float32)
        )


@pytest.fixture
def photos(tmp_path, monkeypatch):
    monkeypatch.setenv("ENGINE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(features, "IMAGE_BATCH", 2)
    monkeypatch.setattr(features, "CHECKPOINT_EVERY", 1)
    paths = [tmp_path / f"{number}.png" for number in range(7)]
    for number, path in enumerate(paths):
        image = Image.new("RGB", (16, 16), (number * 20, 0, 0))
        image.paste((0, number * 20, 0), (8, 0, 16, 16))
        image.save(path)
    return paths


def test_the_second_call_computes_nothing(photos):
    encoder = BrightnessEncoder()
    first = np.array(stored_regions(encoder, photos).features)
    assert first.shape == (7, 2, 3)
    assert first[3].tolist() == [[60, 0, 0], [0, 60, 0]]
    batches = encoder.num_batches
    assert np.array_equal(stored_regions(encoder, photos).features, first)
    assert encoder.num_batches == batches


def test_mirrored_photos_are_kept_apart(photos):
    encoder = BrightnessEncoder()
    stored_regions(encoder, photos)
    assert stored_regions(encoder, photos, view=1).features[3].tolist() == [[0, 60, 0], [60, 0, 0]]


@pytest.mark.parametrize("stopped_at", [2, 4, 6, 7])
def test_a_computation_stopped_anywhere_goes_on(photos, stopped_at):
    class StoppedError(Exception):
        pass

    def stop(what, done, total):
        if done >= stopped_at:
            raise StoppedError

    encoder = BrightnessEncoder()
    with pytest.raises(StoppedError):
        stored_regions(encoder, photos, report=stop)
    before = encoder.num_batches
    resumed = np.array(stored_regions(encoder, photos).features)
    assert resumed[:, 0, 0].tolist() == [number * 20 for number in range(7)]
    assert encoder.num_batches - before <= 4 - before + 1


def test_photos_that_were_copied_elsewhere_are_not_computed_again(photos, tmp_path):
    encoder = BrightnessEncoder()
    first = np.array(stored_regions(encoder, photos).features)
    batches = encoder.num_batches
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    copied = [path.rename(elsewhere / path.name) for path in photos]
    for path in copied:
        os.utime(path, (1, 1))
    assert np.array_equal(stored_regions(encoder, copied).features, first)
    assert encoder.num_batches == batches


def test_a_changed_photo_is_computed_again(photos):
    encoder = BrightnessEncoder()
    stored_regions(encoder, photos)
    Image.new("RGB", (16, 16), (200, 0, 0)).save(photos[0])
    assert stored_regions(encoder, photos).features[0, 0, 0] == 200


def test_sentence_vectors_are_those_of_each_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("ENGINE_CACHE", str(tmp_path))
    source = create_word_vectors("minilm_static")
    sentences = ["A dog runs.", "Snow", "!", "Two brown dogs play in the snow"]
    for _ in range(2):  # computed, then from the cache
        vectors = sentence_vectors(source, sentences)
        batch = vectors.batch([3, 0])
        assert batch.mask.sum(dim=1).tolist() == [7, 3]
        np.testing.assert_allclose(batch.vectors[1, :3], source([["a", "dog", "runs"]])[0], atol=1e-2, rtol=1e-2)
