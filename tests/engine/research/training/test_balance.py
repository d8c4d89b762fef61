"""The balance of a score is set to what validation favours, and never to something much worse than the best."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.alignment.config import Architecture
from engine.alignment.model import AlignmentModel
from engine.research.data.features import SentenceVectors, StoredRegions
from engine.research.evaluation.split import EncodedSplit, evaluate
from engine.research.training.balance import ALLOWANCE, CLASSES, WORDS, rebalance

ARCHITECTURE = Architecture(num_channels=6, word_dimension=5, dimension=7, class_dimension=3, hidden=4)


@pytest.fixture
def split():
    random = np.random.default_rng(2)
    features = random.normal(size=(10, 3, 6)).astype(np.float16)
    sentences = SentenceVectors(random.normal(size=(40, 5)).astype(np.float16), np.arange(0, 41, 2))
    regions = StoredRegions(features, np.zeros((10, 3, 4), np.float32))
    return EncodedSplit(regions, sentences, [row // 2 for row in range(20)])


def untrained(towers):
    torch.manual_seed(4)
    made = AlignmentModel(replace(ARCHITECTURE, towers=towers)).eval()
    made.fill_classes(torch.randn(1000, 6), torch.randn(1000), torch.randn(1000, 5))
    return made.requires_grad_(False)


def test_the_model_scores_as_the_choice_says_and_nearly_as_well_as_the_best(split):
    model = untrained("cosine")
    tried = rebalance(model, split)
    assert len(tried) == len(WORDS) * len(CLASSES)
    assert evaluate(model, split).sum_of_recalls == pytest.approx(tried[0].sum_of_recalls)
    best = max(choice.sum_of_recalls for choice in tried)
    assert tried[0].sum_of_recalls >= best - ALLOWANCE
    good = [choice.classes for choice in tried if choice.sum_of_recalls >= best - ALLOWANCE]
    assert tried[0].classes == max(good)


def test_a_model_without_such_weights_is_left_alone(split):
    model = untrained("plain")
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    assert rebalance(model, split) == []
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name])
