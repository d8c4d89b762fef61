"""Boxes compare as the definitions say."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.boxes import centre_inside, overlaps, union_box
from engine.research.evaluation.percent import percent


def some_boxes(seed, count):
    corners = np.random.default_rng(seed).integers(0, 9, (count, 2, 2)) / 10
    return np.concatenate([corners.min(axis=1), corners.max(axis=1) + 0.1], axis=1).astype(np.float32)


@given(st.integers(0, 2**31), st.integers(1, 5), st.integers(1, 5))
def test_overlap_equals_counting_cells(seed, count, others):
    ours, theirs = some_boxes(seed, count), some_boxes(seed + 1, others)

    def cells(box):
        x0, y0, x1, y1 = (round(float(value) * 10) for value in box)
        return {(x, y) for x in range(x0, x1) for y in range(y0, y1)}

    expected = [[len(cells(a) & cells(b)) / len(cells(a) | cells(b)) for b in theirs] for a in ours]
    np.testing.assert_allclose(overlaps(ours, theirs), expected, atol=1e-5)


@given(st.integers(0, 2**31), st.integers(1, 6))
def test_the_union_box_holds_every_box_and_touches_one_on_each_side(seed, count):
    boxes = some_boxes(seed, count)
    union = union_box(boxes)
    assert (union[:2] <= boxes[:, :2]).all()
    assert (union[2:] >= boxes[:, 2:]).all()
    assert all(union[side] in boxes[:, side] for side in range(4))


def test_a_centre_on_the_edge_is_inside():
    box = np.float32([0, 0, 1, 1])
    assert centre_inside(box, np.float32([[0.5, 0.5, 1, 1], [0, 0, 0.4, 1], [0, 0.6, 1, 1]])).tolist() == [
        True,
        False,
        False,
    ]


def test_nothing_of_nothing_is_zero_percent():
    assert percent([]) == 0.0
    assert percent([True, True]) == 100.0
