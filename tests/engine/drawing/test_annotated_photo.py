"""Labels never leave the picture or cover each other; every colour is used; any size works."""

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageColor

from engine.drawing import annotated_photo
from engine.drawing.annotated_photo import PALETTE, draw_phrases

Box = tuple[float, float, float, float]


def places(
    image: Image.Image, phrases: list[tuple[str, Box]], monkeypatch: pytest.MonkeyPatch
) -> list[annotated_photo.Span]:
    """Where the labels on the photo went."""
    found: list[annotated_photo.Span] = []
    original = annotated_photo._label_place

    def watched(*arguments: object) -> annotated_photo.Span:
        found.append(original(*arguments))  # type: ignore[arg-type]
        return found[-1]

    monkeypatch.setattr(annotated_photo, "_label_place", watched)
    draw_phrases(image, phrases)
    return found


@pytest.mark.parametrize("size", [(300, 200), (640, 480), (4000, 3000), (120, 1600), (3000, 200)])
def test_any_size_gets_boxes_in_colour_and_a_legend(size: tuple[int, int]) -> None:
    image = Image.new("RGB", size, "gray")
    whole: Box = (0, 0, size[0], size[1])
    half: Box = (size[0] * 0.2, size[1] * 0.4, size[0] * 0.7, size[1] * 0.9)
    drawn = draw_phrases(image, [("a dog", whole), ("over a log", half)])
    assert drawn.mode == "RGB"
    assert drawn.width >= min(640, size[0] * 2400 / size[1])
    scale = drawn.width / size[0]
    photo_height = round(size[1] * scale)
    assert drawn.height > photo_height
    assert drawn.getpixel((1, drawn.height - 1)) == (255, 255, 255)
    for colour, height in ((PALETTE[0], 0.2), (PALETTE[1], 0.65)):
        row = round(photo_height * height)
        assert ImageColor.getrgb(colour) in {drawn.getpixel((x, row)) for x in range(drawn.width)}
    assert image.getpixel((0, 0)) == (128, 128, 128)  # the picture that was given stays as it was


def test_phrases_that_share_a_box_have_labels_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    box: Box = (100, 100, 400, 300)
    found = places(Image.new("RGB", (640, 480)), [(f"phrase number {n}", box) for n in range(6)], monkeypatch)
    assert len(found) == 6
    assert all(annotated_photo._overlap(first, second) == 0 for first, second in combinations(found, 2))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.text("abc déф\n", max_size=40), st.tuples(*[st.floats(-50, 900) for _ in range(4)])),
        max_size=7,
    ),
    st.sampled_from([(640, 480), (800, 640)]),
)
def test_labels_stay_inside_and_apart_whatever_the_boxes(phrases: list[tuple[str, Box]], size: tuple[int, int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        found = places(Image.new("RGB", size), phrases, patch)
    for left, top, right, bottom in found:
        assert 0 <= left <= right <= size[0]
        assert 0 <= top <= bottom <= size[1]
    assert all(annotated_photo._overlap(first, second) == 0 for first, second in combinations(found, 2))


def test_a_label_too_long_for_the_picture_is_shortened_and_the_legend_wraps() -> None:
    image = Image.new("RGB", (640, 400))
    short = draw_phrases(image, [("a dog", (10, 10, 300, 300))])
    long = draw_phrases(image, [("a dog that jumps over a log " * 12, (10, 10, 300, 300)), ("x" * 400, (0, 0, 9, 9))])
    assert long.width == short.width == 640
    assert long.height > short.height + 100


def test_without_phrases_the_photo_comes_back_alone() -> None:
    image = Image.new("RGBA", (700, 500), "teal")
    drawn = draw_phrases(image, [])
    assert (drawn.size, drawn.mode) == ((700, 500), "RGB")


def test_letters_can_be_read_on_every_colour() -> None:
    def luminance(colour: str) -> float:
        linear = [
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
            for c in (channel / 255 for channel in ImageColor.getrgb(colour))
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for number, colour in enumerate(PALETTE):
        first, second = sorted((luminance("white" if number == 0 else "#1A1A1A"), luminance(colour)))
        assert (second + 0.05) / (first + 0.05) >= 4.5


def test_boxes_of_one_phrase_have_its_colour_and_one_label(monkeypatch: pytest.MonkeyPatch) -> None:
    image = Image.new("RGB", (640, 480), "gray")
    left, right, low = (20, 20, 200, 300), (400, 20, 600, 300), (20, 320, 620, 460)
    phrases: list[tuple[str, Box]] = [("two dogs", left), ("two dogs", right), ("on grass", low)]
    assert len(places(image, phrases, monkeypatch)) == 2
    drawn = draw_phrases(image, phrases)
    for (x0, y0, _, y1), colour in ((left, PALETTE[0]), (right, PALETTE[0]), (low, PALETTE[1])):
        red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
        assert drawn.getpixel((x0, (y0 + y1) // 2)) == (red, green, blue)
