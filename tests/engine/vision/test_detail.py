"""What regions have of finer maps and of colours: equal to a loop over pixels, on any device, and asked for by name."""

import numpy as np
import pytest
from PIL import Image

from engine.vision.detail import CELLS, LEVELS, NUM_COLOURS, SAMPLES, colour_map
from engine.vision.encoder import create_region_encoder
from engine.vision.pixels import pixels_of
from engine.vision.pooling import pool_regions
from engine.vision.region_features import encoder_identity
from engine.vision.torch_encoder import TorchRegionEncoder

GREYS = slice(NUM_COLOURS - 6, NUM_COLOURS)


@pytest.fixture(scope="module")
def photos():
    random = np.random.default_rng(8)
    smooth = [Image.fromarray(random.integers(0, 256, (6, 9, 3), dtype=np.uint8)).resize((400, 300)) for _ in range(2)]
    return [*smooth, Image.new("RGB", (50, 80), "red")]


def colour_of(red, green, blue):
    """Slowly, the number of the colour that a pixel is."""
    middle = [level * LEVELS // 256 * (256 // LEVELS) + 256 // LEVELS // 2 for level in (red, green, blue)]
    pixel = Image.new("RGB", (1, 1), tuple(middle)).convert("HSV").getpixel((0, 0))
    hue, saturation, value = (part / 256 for part in pixel)
    if saturation < 0.15 or value < 0.12:
        return 72 + min(int(value * 6), 5)
    shade = (value >= 0.4) + (value >= 0.75)
    return (int(hue * 12 + 0.5) % 12 * 2 + (saturation >= 0.5)) * 3 + shade


@pytest.mark.parametrize("shape", [(320, 320), (64, 90), (8, 5)])
def test_the_map_of_colours_equals_a_loop_over_pixels(shape):
    pixels = np.random.default_rng(1).integers(0, 256, (1, 3, *shape), dtype=np.uint8)
    expected = np.zeros((1, NUM_COLOURS, CELLS, CELLS), np.float32)
    side = CELLS * SAMPLES
    for row in range(side):
        for column in range(side):
            y, x = (row * shape[0] + shape[0] // 2) // side, (column * shape[1] + shape[1] // 2) // side
            expected[0, colour_of(*pixels[0, :, y, x].tolist()), row // SAMPLES, column // SAMPLES] += 1 / SAMPLES**2
    np.testing.assert_allclose(colour_map(pixels), expected, atol=1e-6)
    np.testing.assert_allclose(colour_map(pixels).sum(axis=1), 1, rtol=1e-5)


def test_a_colour_is_told_whatever_the_light_and_greys_have_no_hue():
    def share(*rgb):
        return colour_map(np.tile(np.uint8(rgb)[None, :, None, None], (1, 1, 32, 32)))[0, :, 3, 3]

    reds = [share(230, 20, 10), share(120, 8, 8), share(60, 5, 5)]
    assert [int(one.argmax()) // 6 for one in reds] == [0, 0, 0]  # one hue
    assert len({int(one.argmax()) for one in reds}) == 3  # three shades of it
    assert share(20, 200, 40).argmax() // 6 == 4
    for grey in (0, 90, 170, 255):
        assert share(grey, grey, grey)[GREYS].sum() == pytest.approx(1)


def test_regions_have_the_last_map_first_then_finer_ones_then_colours(photos):
    plain = create_region_encoder("efficientnet_lite2", 320, "learned", "cpu")
    detailed = create_region_encoder("efficientnet_lite2", 320, "learned", "cpu", detail=True)
    without, found = plain.encode(photos), detailed.encode(photos)
    assert found.features.shape == (3, 20, 1280 + 120 + 48 + NUM_COLOURS)
    assert np.array_equal(found.boxes, without.boxes)
    assert np.array_equal(found.features[..., :1280], without.features)
    finer = [pool_regions(map_, found.boxes) for map_ in detailed.extract(pixels_of(photos, 320))]
    assert np.array_equal(found.features[..., 1280:1400], finer[1])
    assert np.array_equal(found.features[..., 1400:1448], finer[0])
    red = found.features[2, :, 1448:]
    assert (red.argmax(axis=1) == 5).all()  # the first hue, vivid and bright
    np.testing.assert_allclose(red.max(axis=1), 1, rtol=1e-5)


def test_torch_gives_what_onnx_runtime_gives(photos):
    on_cpu = create_region_encoder("efficientnet_lite2", 320, "learned", "cpu", detail=True)
    by_torch = TorchRegionEncoder("efficientnet_lite2", 320, "learned", "cpu", detail=True)
    assert by_torch.identity == on_cpu.identity
    boxes, pixels = on_cpu.encode(photos).boxes, pixels_of(photos, 320)
    found, expected = by_torch.features_of(pixels, boxes), on_cpu.features_of(pixels, boxes)
    assert np.array_equal(found[..., -NUM_COLOURS:], expected[..., -NUM_COLOURS:])
    for part in (slice(0, 1280), slice(1280, 1400), slice(1400, 1448)):  # half precision, where the processor has it
        assert np.corrcoef(found[..., part].ravel(), expected[..., part].ravel())[0, 1] > 0.99


def test_features_with_detail_have_another_name_and_those_without_keep_theirs():
    plain = encoder_identity("a", "b", detail=False)
    assert plain == "9eac76205ebb6a2d28a24bc6ddd988ca185c93d1f7f896359906143c272b3fa3"
    assert encoder_identity("a", "b", detail=True) != plain
