"""The towers compute what the equations say, and a sentence's vectors do not depend on its neighbours."""

from dataclasses import replace

import pytest
import torch

from engine.alignment.config import Architecture
from engine.alignment.model import AlignmentModel, score
from engine.alignment.towers import PlainSentenceTower
from engine.language.word_vectors import WordBatch

SMALL = Architecture(num_channels=6, word_dimension=5, dimension=4, hidden=3)


@pytest.fixture(params=["plain", "cosine"])
def model(request):
    torch.manual_seed(0)
    return AlignmentModel(replace(SMALL, towers=request.param)).eval()


def test_recurrent_network_equals_equations_3_to_6():
    torch.manual_seed(1)
    tower = PlainSentenceTower(SMALL, 0.0).eval()
    words = torch.randn(4, 5)
    embedded = [torch.relu(tower.embed(x)) for x in words]
    forwards, backwards, state = [], [], torch.zeros(3)
    for e in embedded:
        state = torch.relu(e + tower.forwards(state))
        forwards.append(state)
    state = torch.zeros(3)
    for e in reversed(embedded):
        # h_{t+1} of the last word is zero, as h_{t-1} of the first.
        state = torch.relu(e + tower.backwards(state))
        backwards.insert(0, state)
    expected = torch.stack([torch.relu(tower.project(f + b)) for f, b in zip(forwards, backwards, strict=True)])
    found = tower(words[None], torch.ones(1, 4, dtype=torch.bool)).words[0]
    torch.testing.assert_close(found, expected)


def test_region_vectors_of_the_paper_are_affine():
    torch.manual_seed(2)
    model = AlignmentModel(replace(SMALL, towers="plain")).eval()
    features = torch.randn(2, 3, 6)
    tower = model.image_tower
    expected = features @ tower.project.weight.T + tower.project.bias
    torch.testing.assert_close(model.embed_images(features).regions, expected)


def test_a_batch_gives_what_single_sentences_give(model):
    sentences = [torch.randn(length, 5) for length in (1, 7, 3)]
    batch = WordBatch.of(sentences)
    together = model.embed_sentences(batch.vectors, batch.mask)
    for row, words in enumerate(sentences):
        alone = model.embed_sentences(words[None], torch.ones(1, len(words), dtype=torch.bool))
        torch.testing.assert_close(together.words[row, : len(words)], alone.words[0])
        if alone.sentence is not None:
            torch.testing.assert_close(together.sentence[row], alone.sentence[0])


def test_extra_padding_changes_no_score(model):
    images = model.embed_images(torch.randn(3, 4, 6))
    batch = WordBatch.of([torch.randn(length, 5) for length in (2, 4)])
    padded = torch.cat([batch.vectors, torch.zeros(2, 6, 5)], dim=1)
    padded_mask = torch.cat([batch.mask, torch.zeros(2, 6, dtype=torch.bool)], dim=1)
    torch.testing.assert_close(
        score(images, model.embed_sentences(padded, padded_mask)),
        score(images, model.embed_sentences(batch.vectors, batch.mask)),
    )


def test_scores_of_unit_vectors_lie_between_minus_one_and_one():
    torch.manual_seed(3)
    model = AlignmentModel(SMALL).eval()
    batch = WordBatch.of([torch.randn(length, 5) for length in (1, 5, 9)])
    scores = score(model.embed_images(torch.randn(6, 4, 6)), model.embed_sentences(batch.vectors, batch.mask))
    assert scores.abs().max() <= 1 + 1e-5
