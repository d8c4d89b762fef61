"""Pictures of described photos: numbered boxes, the text below, at any size."""

import pytest
from PIL import Image, ImageChops, ImageColor

from engine.drawing.annotated_photo import PALETTE, draw_description

REGIONS = [("a brown dog", (10, 10, 120, 150)), ("green grass", (0, 100, 300, 200)), ("a dog", (10, 10, 120, 150))]


def colours_of(picture):
    return {colour for _, colour in picture.getcolors(maxcolors=picture.width * picture.height)}


def dark_rows(picture, top):
    """How many rows below ``top`` have ink of letters on white."""
    strip = picture.crop((0, top, picture.width, picture.height)).convert("L")
    return sum(strip.crop((0, row, strip.width, row + 1)).getextrema()[0] < 80 for row in range(strip.height))


def test_boxes_have_colours_and_texts_stand_below():
    photo = Image.new("RGB", (300, 200), "gray")
    drawn = draw_description(photo, "a dog runs on grass", REGIONS)
    assert (drawn.mode, drawn.width) == ("RGB", 640)
    below = round(200 * 640 / 300)
    assert drawn.height > below
    for number in range(len(REGIONS)):
        colour = ImageColor.getrgb(PALETTE[number])
        assert colour in colours_of(drawn.crop((0, 0, 640, below)))
        assert colour in colours_of(drawn.crop((0, below, 640, drawn.height)))
    assert photo.getcolors() == [(300 * 200, (128, 128, 128))]  # the photo that was given stays as it was


def test_the_sentence_stands_below_without_regions_and_wraps():
    photo = Image.new("RGB", (700, 300), "gray")
    short = draw_description(photo, "a dog runs", [])
    long = draw_description(photo, "a dog runs on the green grass " * 8, [])
    assert short.crop((0, 0, 700, 300)).getcolors() == [(700 * 300, (128, 128, 128))]
    assert 0 < dark_rows(short, 300) < dark_rows(long, 300)
    assert long.height > short.height
    other = draw_description(photo, "two men sit", [])
    assert ImageChops.difference(short, other).getbbox() is not None


@pytest.mark.parametrize("size", [(1, 1), (300, 200), (4000, 3000), (40, 3000), (3000, 40), (480, 480)])
def test_a_width_that_is_given_is_kept(size):
    whole = (0.0, 0.0, float(size[0]), float(size[1]))
    drawn = draw_description(Image.new("RGB", size, "gray"), "a dog", [("a dog that is brown " * 5, whole)], width=480)
    assert drawn.width == 480
    assert 0 < drawn.height < 1000
    assert ImageColor.getrgb(PALETTE[0]) in colours_of(drawn)


@pytest.mark.parametrize("size", [(1, 1), (120, 1600), (4000, 300)])
def test_any_photo_can_be_drawn(size):
    drawn = draw_description(Image.new("RGB", size, "gray"), "a dog", REGIONS)
    assert drawn.width >= min(size[0], 640)
