"""What a bank of photos says of a sentence, against the obvious loop; and that it moves no photo's rank."""

import math

import numpy as np
import pytest
import torch

from engine.alignment.config import Architecture, ModelConfig
from engine.alignment.folder import load_model, save_model
from engine.alignment.model import AlignmentModel
from engine.alignment.scores import score
from engine.errors import ModelError
from engine.language.vocabulary import Vocabulary
from engine.research.data.features import StoredRegions
from engine.research.training.bank_selection import SHARPNESS, WEIGHT, fill_bank
from engine.vision.proposals import NUM_REGIONS

PHOTOS, CHANNELS = 5, 8
SMALL = Architecture(num_channels=CHANNELS, word_dimension=6, dimension=7, hidden=4, bank=PHOTOS)


@pytest.fixture
def model():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        return AlignmentModel(SMALL).eval()


@pytest.fixture
def photos():
    random = np.random.default_rng(5)
    features = random.standard_normal((9, NUM_REGIONS, CHANNELS)).astype(np.float16)
    return StoredRegions(features, np.zeros((9, NUM_REGIONS, 4), np.float32))


@pytest.fixture
def sentences():
    torch.manual_seed(1)
    mask = torch.arange(4) < torch.tensor([[2], [4], [1]])
    return torch.randn(3, 4, 6) * mask[:, :, None], mask


def embedded(model, photos, rows):
    return model.embed_images(torch.from_numpy(photos.features[rows].astype(np.float32)))


@torch.inference_mode()
def test_an_offset_is_what_the_banks_photos_score(model, photos, sentences):
    before = score(embedded(model, photos, [0, 2, 4, 6, 8]), model.embed_sentences(*sentences))  # (K, N)
    fill_bank(model, photos)
    found = -model.embed_sentences(*sentences).sentence[:, -1]
    sharpness = SHARPNESS * model.log_scale.exp().item()
    for sentence in range(3):
        exponentials = [math.exp(sharpness * before[photo, sentence].item()) for photo in range(PHOTOS)]
        expected = WEIGHT / sharpness * math.log(sum(exponentials) / PHOTOS)
        assert found[sentence].item() == pytest.approx(expected, abs=1e-5)


@torch.inference_mode()
def test_every_photo_of_a_sentence_moves_by_the_same(model, photos, sentences):
    images = embedded(model, photos, range(9))
    before = score(images, model.embed_sentences(*sentences))
    fill_bank(model, photos)
    moved = before - score(images, model.embed_sentences(*sentences))
    torch.testing.assert_close(moved, moved[:1].expand_as(moved))
    assert len(set(moved[0].tolist())) == 3


@torch.inference_mode()
def test_a_bank_survives_the_disk(model, photos, sentences, tmp_path):
    fill_bank(model, photos)
    save_model(tmp_path, ModelConfig("small", SMALL), model, Vocabulary.from_sentences([("a", "dog")]))
    again = load_model(str(tmp_path)).model
    expected = model.embed_sentences(*sentences).sentence
    torch.testing.assert_close(again.embed_sentences(*sentences).sentence, expected, atol=2e-2, rtol=0)


def test_a_bank_larger_than_the_training_set_is_refused(model, photos):
    few = StoredRegions(photos.features[:3], photos.boxes[:3])
    with pytest.raises(ModelError, match="holds 5 photos, and the training set has 3"):
        fill_bank(model, few)
