"""Recall equals the obvious loop, greedy windows are the greedy ones, and selective search gives boxes where it is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.boxes import overlaps
from engine.research.data.caption_sets import load_captions
from engine.research.evaluation.proposal_recall import annotated_boxes, proposal_recall, selective_search
from engine.research.evaluation.windows import candidate_windows, greedy_windows
from engine.vision.proposals import WHOLE_IMAGE, fixed_windows


def random_boxes(random, count):
    corners = random.random((count, 2, 2))
    return np.concatenate([corners.min(axis=1), corners.max(axis=1) + 0.01], axis=1).astype(np.float32)


@given(st.integers(0, 2**31))
@settings(max_examples=20, deadline=None)
def test_recall_equals_the_obvious_loop(seed):
    random = np.random.default_rng(seed)
    regions = random_boxes(random, 12).reshape(3, 4, 4)
    annotated = [random_boxes(random, int(count)) for count in random.integers(0, 4, 3)]
    best = [max(float(overlaps(box[None], region[None])[0, 0]) for region in own)
            for boxes, own in zip(annotated, regions, strict=True) for box in boxes]  # fmt: skip
    found = proposal_recall(annotated, regions)
    assert found.photos == 3
    for figure, threshold in ((found.recall_50, 0.5), (found.recall_70, 0.7)):
        expected = 100 * sum(value >= threshold for value in best) / len(best) if best else 0
        assert figure == pytest.approx(expected, abs=0.01)


@given(st.integers(0, 2**31))
@settings(max_examples=20, deadline=None)
def test_greedy_windows_equal_the_obvious_greedy_choice(seed):
    random = np.random.default_rng(seed)
    annotated, candidates = random_boxes(random, 30), random_boxes(random, 15)
    windows = greedy_windows(annotated, candidates, 4)
    assert windows.shape == (5, 4)
    assert windows[-1].tolist() == list(WHOLE_IMAGE)

    def found_by(boxes):
        return int((overlaps(annotated, np.asarray(boxes, dtype=np.float32)) >= 0.5).any(axis=1).sum())

    chosen = [WHOLE_IMAGE]
    for window in windows[:-1]:
        assert found_by([*chosen, window]) == max(found_by([*chosen, candidate]) for candidate in candidates)
        chosen.append(window)


def test_candidates_are_different_windows_inside_the_image():
    candidates = candidate_windows()
    assert len(np.unique(candidates, axis=0)) == len(candidates) > 1000
    assert candidates.min() >= 0
    assert candidates.max() <= 1 + 1e-6
    assert (candidates[:, 2:] > candidates[:, :2]).all()


def test_selective_search_finds_a_square():
    cv2 = pytest.importorskip("cv2", reason="opencv-contrib-python-headless is not installed")
    if not hasattr(cv2, "ximgproc"):
        pytest.skip("this OpenCV has no contributed modules")
    pixels = np.full((100, 200, 3), 30, dtype=np.uint8)
    pixels[20:60, 100:180] = (250, 200, 10)
    boxes = selective_search(pixels, 19)
    assert boxes.shape == (20, 4)
    assert boxes[-1].tolist() == list(WHOLE_IMAGE)
    assert overlaps(boxes, np.float32([[0.5, 0.2, 0.9, 0.6]])).max() > 0.9


@pytest.mark.data
def test_fixed_windows_find_a_third_of_the_boxes_of_flickr8k(flickr8k):
    annotated = annotated_boxes(load_captions(flickr8k, "val"))
    windows = fixed_windows()[None]
    found = proposal_recall(annotated, np.repeat(windows, len(annotated), axis=0))
    assert 30 < found.recall_50 < 36
