"""What banks say of a sentence and of a photo, against the obvious loop; and that they move no other rank."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.alignment.config import Architecture, ModelConfig
from engine.alignment.embeddings import WordBatch
from engine.alignment.folder import load_model, save_model
from engine.alignment.model import AlignmentModel
from engine.alignment.scores import score
from engine.errors import ModelError
from engine.language.vocabulary import Vocabulary
from engine.research.data.batches import TrainingSet
from engine.research.data.features import SentenceVectors, StoredRegions
from engine.research.training.bank_selection import (
    PHOTO_WEIGHT,
    SENTENCE_WEIGHT,
    SHARPNESS,
    fill_bank,
    fill_sentence_bank,
    require_enough,
)
from engine.vision.proposals import NUM_REGIONS

PHOTOS, CHANNELS = 5, 8
SENTENCES = 6
SMALL = Architecture(num_channels=CHANNELS, word_dimension=6, dimension=7, hidden=4, bank=PHOTOS)
BOTH = replace(SMALL, sentence_bank=SENTENCES)


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
    fill_bank(model, photos, [])
    found = -model.embed_sentences(*sentences).sentence[:, -1]
    sharpness = SHARPNESS * model.log_scale.exp().item()
    for sentence in range(3):
        exponentials = [math.exp(sharpness * before[photo, sentence].item()) for photo in range(PHOTOS)]
        expected = PHOTO_WEIGHT / sharpness * math.log(sum(exponentials) / PHOTOS)
        assert found[sentence].item() == pytest.approx(expected, abs=1e-5)


@torch.inference_mode()
def test_of_a_photo_in_the_bank_the_best_proposals_and_the_whole_image_count(photos, sentences):
    model = AlignmentModel(replace(SMALL, bank_regions=3)).eval()
    other = StoredRegions(photos.features[:4], photos.boxes[:4])
    fill_bank(model, photos, [other])  # three of the nine, two of the four
    images = embedded(model, photos, [0, 4, 8, 0, 3])
    torch.testing.assert_close(model.bank.records[:, :3], images.regions[:, [0, 1, -1], :-1])
    torch.testing.assert_close(model.bank.records[:, 3], images.photo[:, :-1])


@torch.inference_mode()
def test_every_photo_of_a_sentence_moves_by_the_same(model, photos, sentences):
    images = embedded(model, photos, range(9))
    before = score(images, model.embed_sentences(*sentences))
    fill_bank(model, photos, [])
    moved = before - score(images, model.embed_sentences(*sentences))
    torch.testing.assert_close(moved, moved[:1].expand_as(moved))
    assert len(set(moved[0].tolist())) == 3


@torch.inference_mode()
def test_a_bank_survives_the_disk(model, photos, sentences, tmp_path):
    fill_bank(model, photos, [])
    save_model(tmp_path, ModelConfig("small", SMALL), model, Vocabulary.from_sentences([("a", "dog")]))
    again = load_model(str(tmp_path)).model
    expected = model.embed_sentences(*sentences).sentence
    torch.testing.assert_close(again.embed_sentences(*sentences).sentence, expected, atol=2e-2, rtol=0)


def test_a_bank_larger_than_the_training_set_is_refused(model, photos):
    few = StoredRegions(photos.features[:3], photos.boxes[:3])
    with pytest.raises(ModelError, match="holds 5 photos, and the training set has 3"):
        fill_bank(model, few, [])


@pytest.fixture
def with_both():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        model = AlignmentModel(BOTH).eval()
        torch.nn.init.normal_(model.sentence_tower.importance.weight)  # so that words count differently
    return model.requires_grad_(False)


def texts_of(lengths, seed):
    vectors = np.random.default_rng(seed).standard_normal((sum(lengths), 6)).astype(np.float16)
    return SentenceVectors(vectors, np.cumsum([0, *lengths]))


@torch.inference_mode()
def test_a_photos_offset_is_what_it_scores_with_the_banks_sentences(with_both, photos):
    main, other = texts_of([3, 1, 12, 5, 2], 1), texts_of([4, 2, 3, 1], 2)
    used = WordBatch.of([*(main.sentence(row) for row in (0, 2, 4)), *(other.sentence(row) for row in (0, 2, 3))])
    images, embedding = embedded(with_both, photos, range(9)), with_both.embed_sentences(used.vectors, used.mask)
    before = score(images, embedding)  # (9, K)
    fill_sentence_bank(with_both, main, [other])
    found = -embedded(with_both, photos, range(9)).photo[:, -1]
    sharpness = SHARPNESS * with_both.log_scale.exp().item()
    # Of the sentence of twelve words, the eight that count most are kept.
    lengths = (embedding.words[1] * embedding.mask[1][:, None]).norm(dim=-1)
    least = lengths.argsort()[:4]
    best = (images.regions @ embedding.words[1, least].T).amax(dim=1).sum(dim=1)
    before[:, 1] -= best
    for photo in range(9):
        exponentials = [math.exp(sharpness * before[photo, sentence].item()) for sentence in range(SENTENCES)]
        expected = SENTENCE_WEIGHT / sharpness * math.log(sum(exponentials) / SENTENCES)
        assert found[photo].item() == pytest.approx(expected, abs=1e-5)


@torch.inference_mode()
def test_every_sentence_of_a_photo_moves_by_the_same(with_both, photos, sentences):
    before = score(embedded(with_both, photos, range(9)), with_both.embed_sentences(*sentences))
    fill_sentence_bank(with_both, texts_of([3, 1, 12, 5, 2, 7], 1), [])
    moved = before - score(embedded(with_both, photos, range(9)), with_both.embed_sentences(*sentences))
    torch.testing.assert_close(moved, moved[:, :1].expand_as(moved), rtol=1e-4, atol=1e-5)
    assert len(set(moved[:, 0].tolist())) == 9


@torch.inference_mode()
def test_both_banks_survive_the_disk_and_their_photos_and_sentences_leave_the_vectors_beside_them(
    with_both, photos, sentences, tmp_path
):
    plain = with_both.embed_sentences(*sentences)
    fill_bank(with_both, photos, [])
    fill_sentence_bank(with_both, texts_of([3, 1, 12, 5, 2, 7], 1), [])
    save_model(tmp_path, ModelConfig("small", BOTH), with_both, Vocabulary.from_sentences([("a", "dog")]))
    again = load_model(str(tmp_path)).model
    filled = again.embed_sentences(*sentences)
    torch.testing.assert_close(filled.sentence[:, :-2], plain.sentence[:, :-2], atol=2e-2, rtol=0)
    assert (filled.sentence[:, -1] == 1).all()
    expected = embedded(with_both, photos, range(9)).photo
    found = embedded(again, photos, range(9)).photo
    torch.testing.assert_close(found, expected, atol=2e-2, rtol=0)
    assert (found[:, -2] == 1).all()


def test_a_bank_of_more_sentences_than_there_are_is_refused(with_both):
    with pytest.raises(ModelError, match="holds 6 sentences, and the training set has 2"):
        fill_sentence_bank(with_both, texts_of([3, 1], 1), [])


def test_that_is_said_before_a_training_begins(photos):
    def training_set(num_photos, lengths):
        some = StoredRegions(photos.features[:num_photos], photos.boxes[:num_photos])
        sentences = texts_of(lengths, 1)
        return TrainingSet(
            [some], sentences, [("a",)] * len(lengths), np.zeros(len(lengths), np.int64), [()] * len(lengths)
        )

    require_enough(BOTH, training_set(3, [2] * 3), [training_set(2, [2] * 3)])
    with pytest.raises(ModelError, match="holds 5 photos, and the training set has 2"):
        require_enough(BOTH, training_set(2, [2] * 3), [training_set(2, [2] * 3)])
    with pytest.raises(ModelError, match="holds 6 sentences, and the training set has 5"):
        require_enough(BOTH, training_set(5, [2] * 5), [])
