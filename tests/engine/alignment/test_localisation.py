"""The region shown for a phrase, against the obvious loop and its two extremes."""

from dataclasses import replace

import numpy as np
import pytest

from engine.alignment.config import Architecture
from engine.alignment.localisation import likely_regions, located_phrases, located_segments, several_regions
from engine.alignment.segments import segments

NUM_REGIONS = 7


@pytest.fixture
def boxes():
    corners = np.random.default_rng(2).uniform(0, 1, (NUM_REGIONS, 2, 2)).astype(np.float32)
    return np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)


@pytest.fixture
def scores():
    return np.random.default_rng(3).standard_normal((5, NUM_REGIONS)).astype(np.float32)


def iou(a, b):
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(0.0, width) * max(0.0, height)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


@pytest.mark.parametrize("sharpness", [0.5, 2.0])
def test_the_region_has_the_largest_expected_overlap(boxes, scores, sharpness):
    for row, found in zip(scores, likely_regions(scores, boxes, sharpness), strict=True):
        weights = np.exp(sharpness * (row - row.mean()) / row.std())
        expected = [
            sum(weights[j] / weights.sum() * iou(boxes[i], boxes[j]) for j in range(NUM_REGIONS))
            for i in range(NUM_REGIONS)
        ]
        assert found == int(np.argmax(expected))


def test_great_sharpness_takes_the_largest_score(boxes, scores):
    assert likely_regions(scores, boxes, 1e3).tolist() == scores.argmax(axis=1).tolist()


def test_no_sharpness_looks_at_the_boxes_alone(boxes, scores):
    assert len(set(likely_regions(scores, boxes, 0.0).tolist())) == 1


def test_equal_scores_and_one_region_are_no_error(boxes):
    assert likely_regions(np.zeros((1, NUM_REGIONS), np.float32), boxes, 2.0).shape == (1,)
    assert likely_regions(np.float32([[4.0]]), boxes[:1], 2.0).tolist() == [0]


def test_scale_and_offset_of_the_scores_do_not_matter(boxes, scores):
    found = likely_regions(scores, boxes, 2.0)
    assert likely_regions(scores * 30 - 4, boxes, 2.0).tolist() == found.tolist()


def test_segments_keep_their_words_and_score_in_the_region_shown(boxes, scores):
    beta = 0.1
    reward = beta * float(np.abs(scores.max(axis=1)).mean())
    found = list(located_segments(scores, boxes, beta, 2.0))
    assert [(s.start, s.end) for s in found] == [(s.start, s.end) for s in segments(scores, reward)]
    for segment in found:
        summed = scores[segment.start : segment.end].sum(axis=0)
        assert segment.region == likely_regions(summed[None], boxes, 2.0)[0]
        assert segment.score == pytest.approx(summed[segment.region], abs=1e-6)


WORDS = ["dogs", "running", "on", "a", "beach"]


def test_the_paper_cuts_word_by_word(boxes, scores):
    paper = Architecture(phrases="chain", beta=0.1, sharpness=0.5)
    cut = list(located_segments(scores, boxes, 0.1, 0.5))
    found = located_phrases(WORDS, scores, boxes, paper)
    assert [(f.start, f.named, f.end, f.score) for f in found] == [(s.start, s.start, s.end, s.score) for s in cut]
    assert [f.boxes.tolist() for f in found] == [boxes[[s.region]].tolist() for s in cut]


def test_noun_phrases_are_placed_by_what_they_name(boxes, scores):
    architecture = Architecture(sharpness=2.0)
    dogs, beach = located_phrases(WORDS, scores, boxes, architecture)
    assert (dogs.start, dogs.end, beach.start, beach.named, beach.end) == (0, 1, 2, 3, 5)
    summed = scores[3:5].sum(axis=0)  # "on" tells nothing of where the beach is
    region = likely_regions(summed[None], boxes, 2.0)[0]
    weights = [
        np.exp(2.0 * (summed[j] - summed.max()) / summed.std()) * iou(boxes[region], boxes[j])
        for j in range(NUM_REGIONS)
    ]
    np.testing.assert_allclose(beach.boxes, [np.average(boxes, axis=0, weights=weights)], atol=1e-5)
    assert beach.score == pytest.approx(scores[2:5, region].sum(), abs=1e-6)
    again = located_phrases(WORDS, scores, boxes, replace(architecture, beta=5.0))
    assert [found.boxes.tolist() for found in again] == [dogs.boxes.tolist(), beach.boxes.tolist()]


APART = np.float32([[0, 0, 0.3, 1], [0.35, 0, 0.65, 1], [0.7, 0, 1, 1], [0, 0, 0.3, 0.9], [0, 0, 1, 1]])


@pytest.mark.parametrize(
    ("scores", "most", "expected"),
    [
        ([1.0, 0.95, 0.9, 0.98, 0.0], 5, (0, 1, 2)),  # the fourth lies in the first
        ([1.0, 0.95, 0.9, 0.98, 0.0], 2, (0, 1)),
        ([1.0, 0.1, 0.0, 0.98, 0.2], 5, (0,)),  # the others score too little
        ([0.5, 0.5, 0.5, 0.5, 1.0], 5, (4,)),
        ([0.5, 0.5, 0.5, 0.5, 0.5], 3, (0, 1, 2)),
    ],
)
def test_several_things_have_regions_that_lie_apart(scores, most, expected):
    assert several_regions(np.float32(scores), APART, most) == expected


def test_a_phrase_in_the_singular_has_one_box():
    scores = np.float32([[1.0, 0.95, 0.9, 0.9, 0.0]])
    architecture = Architecture()
    (dogs,), (dog,) = (located_phrases([word], scores, APART, architecture) for word in ("dogs", "dog"))
    assert dogs.boxes.tolist() == APART[:3].tolist()
    assert dog.boxes.shape == (1, 4)
