"""Boxes lie where they belong, in the colours of the line above, and phrases stay text."""

import re

from engine.types import Phrase, Written
from ui.web.pictures import WRITTEN, Boxed, boxes_of, key_html, key_phrases, photo_html, written_boxes

BOX = (0.0, 0.0, 10.0, 10.0)


def phrases(*texts: str) -> tuple[Phrase, ...]:
    return tuple(Phrase(text, BOX, 1.0) for text in texts)


def numbers(style: str) -> list[float]:
    return [float(number) for number in re.findall(r":(-?[\d.]+)%", style)]


def test_a_box_is_placed_in_shares_of_the_photo() -> None:
    html = photo_html(b"jpeg", "a dog", (200, 100), [Boxed((50, 25, 150, 75), 3, "a dog")])
    (box,) = re.findall(r'style="([^"]*)"', html)
    assert numbers(box) == [25, 25, 50, 50]
    assert "vs-3" in html


def test_the_line_above_divides_the_query_as_the_best_photo_does() -> None:
    assert key_phrases([phrases("a dog", "on the grass"), phrases("a dog on the grass")]) == ["a dog", "on the grass"]
    assert key_phrases([]) == []
    assert key_phrases([()]) == []


def test_a_phrase_has_the_colour_of_the_one_it_shares_most_words_with() -> None:
    key = ["a dog", "on the grass"]
    assert [boxed.colour for boxed in boxes_of(phrases("a dog on", "the grass"), key)] == [0, 1]
    assert [boxed.colour for boxed in boxes_of(phrases("dog on the green grass"), key)] == [1]
    assert [boxed.label for boxed in boxes_of(phrases("a dog", "the grass"), key, only="on the grass")] == ["the grass"]


def test_words_in_the_picture_have_a_colour_of_their_own() -> None:
    line = Written("photo", "line", "BAKERY & CAFE", ((0, 6),), BOX)
    keyword = Written("xmp", "keyword", "bakery", ((0, 6),))
    assert written_boxes([line, keyword]) == [Boxed(BOX, WRITTEN, "BAKERY & CAFE")]
    assert WRITTEN not in {boxed.colour for boxed in boxes_of(phrases(*"abcdefghi"), list("abcdefghi"))}
    assert f'class="vs-{WRITTEN}"' in key_html(["a bakery"], written=True)
    assert f'class="vs-{WRITTEN}"' not in key_html(["a bakery"])


def test_equal_phrases_keep_their_places() -> None:
    assert [boxed.colour for boxed in boxes_of(phrases("a dog", "a dog"), ["a dog", "a dog"])] == [0, 1]


def test_words_cannot_leave_their_place() -> None:
    evil = '"><script>alert(1)</script>'
    for html in (key_html([evil]), photo_html(b"", evil, (10, 10), [Boxed(BOX, 0, evil)])):
        assert "<script" not in html
