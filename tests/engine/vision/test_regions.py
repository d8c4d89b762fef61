"""Regions: what the windows are, and what pooling them gives."""

import numpy as np
from PIL import Image

from engine.vision.pixels import pixels_of
from engine.vision.pooling import pool_regions
from engine.vision.proposals import WHOLE_IMAGE
from engine.vision.proposers import Windows


def test_nineteen_different_windows_inside_the_image_and_the_whole_image_last():
    boxes, objectness = Windows()((np.zeros((2, 8, 10, 10), np.float32),))
    assert boxes.shape == (2, 20, 4)
    assert objectness.shape == (2, 20)
    assert np.array_equal(boxes[0], boxes[1])
    assert boxes[0, -1].tolist() == list(WHOLE_IMAGE)
    assert len({tuple(box) for box in boxes[0].tolist()}) == 20
    assert boxes.min() >= 0
    assert boxes.max() <= 1 + 1e-6
    assert (boxes[..., 2:] > boxes[..., :2]).all()


def test_a_region_of_one_value_has_that_value():
    feature_map = np.zeros((1, 2, 10, 10), np.float32)
    feature_map[:, 0, :, 5:] = 4.0  # the right half
    feature_map[:, 1] = 7.0
    boxes = np.float32([[[0.0, 0.0, 0.4, 1.0], [0.6, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 1.0]]])
    pooled = pool_regions(feature_map, boxes)
    np.testing.assert_allclose(pooled[0, :, 1], [7.0] * 3, rtol=1e-5)
    np.testing.assert_allclose(pooled[0, :, 0], [0.0, 4.0, 2.0], rtol=1e-5, atol=1e-6)


def test_pooling_a_batch_equals_pooling_single_photos():
    random = np.random.default_rng(4)
    feature_map = random.random((3, 5, 10, 10), np.float32)
    boxes = np.sort(random.random((3, 6, 4), np.float32), axis=-1)
    together = pool_regions(feature_map, boxes)
    for row in range(3):
        assert np.array_equal(together[row], pool_regions(feature_map[row : row + 1], boxes[row : row + 1])[0])


def test_pixels_keep_colours_and_order():
    red, blue = Image.new("RGB", (50, 20), (255, 0, 0)), Image.new("RGB", (7, 400), (0, 0, 255))
    pixels = pixels_of([red, blue], 16)
    assert pixels.shape == (2, 3, 16, 16)
    assert pixels.dtype == np.uint8
    assert pixels[0, :, 3, 3].tolist() == [255, 0, 0]
    assert pixels[1, :, 3, 3].tolist() == [0, 0, 255]
