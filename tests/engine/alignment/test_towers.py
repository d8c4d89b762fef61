"""The towers compute what the equations say, and a sentence's vectors do not depend on its neighbours."""

from dataclasses import replace

import pytest
import torch

from engine.alignment.classes import ClassEvidence
from engine.alignment.config import Architecture
from engine.alignment.embeddings import WordBatch
from engine.alignment.model import AlignmentModel
from engine.alignment.plain import PlainSentenceTower
from engine.alignment.scores import score

SMALL = Architecture(num_channels=6, word_dimension=5, dimension=4, hidden=3)
WITH_CLASSES = replace(SMALL, dimension=7, class_dimension=3)
WITH_DETAIL = replace(WITH_CLASSES, num_channels=6, detail_channels=2)
WITH_LEARNED = replace(WITH_CLASSES, num_channels=6, detail_channels=2, learned_channels=2)
ARCHITECTURES = {
    "plain": replace(SMALL, towers="plain"),
    "cosine": SMALL,
    "cosine with classes": WITH_CLASSES,
    "cosine with detail": WITH_DETAIL,
    "cosine with a map that learned": WITH_LEARNED,
}


@pytest.fixture(params=ARCHITECTURES)
def model(request):
    torch.manual_seed(0)
    return filled(ARCHITECTURES[request.param])


def filled(architecture):
    model = AlignmentModel(architecture).eval()
    model.fill_classes(torch.randn(1000, architecture.map_channels), torch.randn(1000), torch.randn(1000, 5))
    return model


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


def test_the_weights_of_a_sentence_add_up_whatever_its_length():
    torch.manual_seed(3)
    model = filled(WITH_CLASSES)
    torch.nn.init.normal_(model.sentence_tower.importance.weight)
    tower = model.sentence_tower
    weights = tower.balance.bias.exp()  # an untrained balance is the same for every sentence
    for length in (1, 5, 9):
        words = model.embed_sentences(torch.randn(1, length, 5), torch.ones(1, length, dtype=torch.bool)).words[0]
        torch.testing.assert_close(words[:, :4].norm(dim=1).sum(), weights[0])
        torch.testing.assert_close(words[:, 4:].norm(dim=1).sum(), weights[1])


def test_evidence_that_is_known_changes_nothing():
    torch.manual_seed(4)
    model, features = filled(WITH_CLASSES), torch.randn(2, 4, 6)
    known = model.embed_images(features, None, model.evidence(features))
    found = model.embed_images(features)
    assert torch.equal(known.regions, found.regions)
    assert torch.equal(known.photo, found.photo)


def test_a_region_of_one_class_has_the_vector_of_its_name():
    torch.manual_seed(5)
    names = torch.randn(1000, 5)
    classes = ClassEvidence(num_channels=6, word_dimension=5, dimension=5)
    weight = torch.zeros(1000, 6)
    weight[7, 2] = 1e3  # channel 2 means class 7, and nothing else
    classes.fill(weight, torch.zeros(1000), names)
    features = torch.zeros(1, 2, 6)
    features[0, 0, 2] = 1.0
    evidence = classes.of_features(features)
    own = classes.of_words(names[7])  # the name itself, read as a query
    torch.testing.assert_close(evidence[0, 0], own)
    assert evidence[0, 2] @ own > 0.9  # the photo has it from one of its regions


def test_detail_is_standardised_and_classes_do_not_look_at_it():
    torch.manual_seed(3)
    model = filled(WITH_DETAIL)
    features = torch.randn(50, 4, 6) * torch.tensor([1, 1, 1, 1, 30, 0.01]) + 5
    before = model.embed_images(features)
    model.fit_features(features)
    after = model.embed_images(features)
    learned = WITH_DETAIL.dimension - WITH_DETAIL.class_dimension
    assert torch.equal(before.regions[..., learned:], after.regions[..., learned:])
    moved = features * torch.tensor([1, 1, 1, 1, 2.0, 3.0]) + torch.tensor([0, 0, 0, 0, 4.0, -1.0])
    model.fit_features(moved)
    torch.testing.assert_close(model.embed_images(moved).regions, after.regions)


def test_vectors_are_made_of_the_map_that_learned_and_classes_of_the_frozen_one():
    torch.manual_seed(4)
    model = filled(WITH_LEARNED)
    features = torch.randn(5, 4, 6)
    before = model.embed_images(features).regions
    learned = WITH_LEARNED.dimension - WITH_LEARNED.class_dimension
    for changed, same, other in ((slice(0, 2), slice(0, learned), slice(learned, None)),
                                 (slice(4, 6), slice(learned, None), slice(0, learned))):  # fmt: skip
        moved = features.clone()
        moved[..., changed] += 1
        after = model.embed_images(moved).regions
        assert torch.equal(after[..., same], before[..., same])
        assert not torch.allclose(after[..., other], before[..., other])
