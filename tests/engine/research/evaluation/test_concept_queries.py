"""Average precision equals the obvious count, ties count against the model, and a miss is a miss."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.alignment.config import Architecture
from engine.alignment.localisation import likely_regions
from engine.alignment.model import AlignmentModel
from engine.alignment.scores import score
from engine.research.data.features import SentenceVectors
from engine.research.evaluation.concept_queries import Pairs, average_precision, compare, find

WHOLE, LEFT, SMALL = [0, 0, 1, 1], [0, 0, 0.5, 1], [0.4, 0.4, 0.6, 0.6]


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=1, max_size=12))
def test_average_precision_equals_the_obvious_count(photos):
    if not any(relevant for _, relevant in photos):
        photos = [*photos, (2, True)]
    ranked = sorted(photos, key=lambda photo: (-photo[0], photo[1]))
    shares = [sum(r for _, r in ranked[: at + 1]) / (at + 1) for at, (_, relevant) in enumerate(ranked) if relevant]
    scores, relevant = np.float32([s for s, _ in photos]), np.array([r for _, r in photos])
    assert average_precision(scores, relevant) == pytest.approx(sum(shares) / len(shares))


def test_a_model_that_says_the_same_of_everything_finds_nothing():
    assert average_precision(np.zeros(10, np.float32), np.arange(10) == 0) == pytest.approx(0.1)


def test_figures_of_known_answers():
    scores = np.float32([[3, 1, 1], [2, 2, 1], [1, 3, 0]])  # three photos, three queries
    found = np.float32([[WHOLE, SMALL, WHOLE], [WHOLE, LEFT, LEFT], [SMALL, WHOLE, WHOLE]])
    concepts = [
        {0: np.float32([LEFT, SMALL])},  # first, with a box that overlaps by half and whose centre is inside
        {2: np.float32([SMALL]), 1: np.float32([SMALL])},  # first, but the box is too large; its centre is inside
        {1: np.float32([LEFT])},  # second: another photo has the same score
    ]
    measured = compare(scores, found, concepts)
    assert measured.mean_average_precision == pytest.approx((1 + 1 + 0.5) / 3, abs=1e-4)
    assert (measured.box_overlap, measured.centre_inside) == (33.33, 66.67)
    assert (measured.concepts, measured.photos) == (3, 3)
    assert measured.pairs == Pairs(50.0, 75.0, 4)


def test_boxes_are_those_of_the_likely_region_by_the_sum_over_the_words():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        model = AlignmentModel(Architecture(num_channels=8, word_dimension=6, dimension=5, hidden=4)).eval()
    random = np.random.default_rng(1)
    features = random.standard_normal((3, 4, 8)).astype(np.float16)
    corners = random.random((3, 4, 2, 2)).astype(np.float32)
    boxes = np.concatenate([corners.min(axis=2), corners.max(axis=2)], axis=2)
    queries = SentenceVectors(random.standard_normal((6, 6)).astype(np.float16), np.array([0, 1, 3, 6]))
    scores, found = find(model, features, boxes, queries)
    with torch.inference_mode():
        images = model.embed_images(torch.from_numpy(features.astype(np.float32)))
        for query in range(3):
            words = queries.batch([query])
            embedding = model.embed_sentences(words.vectors, words.mask)
            torch.testing.assert_close(torch.from_numpy(scores[:, query]), score(images, embedding)[:, 0])
            for photo in range(3):
                sums = [sum(float(v @ s) for s in embedding.words[0]) for v in images.regions[photo]]
                region = likely_regions(np.float32([sums]), boxes[photo], model.architecture.sharpness)[0]
                assert found[photo, query].tolist() == boxes[photo, region].tolist()
