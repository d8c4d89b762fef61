"""Lines of one's own: every field, and nothing but the fields."""

from pathlib import Path

import pytest

from engine.results.hits import Hit, RegionHit
from engine.types import Phrase
from ui.shared.line_format import FIELDS, LineFormat
from ui.shared.results import printable

HIT = Hit(
    Path("/photos/a b.jpg"),
    0.123456,
    (Phrase("a dog", (1.4, 2, 3, 4), 0.5), Phrase("runs", (0, 0, 9, 9), 0.7)),
    probability=0.25,
    caption="it",
    copies=(Path("/b.jpg"), Path("/c.jpg")),
    group=(Path("/d.jpg"),),
)
REGION = RegionHit(Path("/photos/a.jpg"), (1, 2, 3, 4.6), 1.5, "a dog")


@pytest.mark.parametrize(
    ("template", "line"),
    [
        (r"{path}\t{score}", "/photos/a b.jpg\t0.1235"),
        ("{rank:03} {score:.1f} {probability:.0%}", "007 0.1 25%"),
        ("{caption}|{phrase}|{box}", "it|runs|0,0,9,9"),
        (r"{{}} \\ \n\0\q", "{} \\ \n\0\\q"),
        ("{path:>20}", "     /photos/a b.jpg"),
        ("{copies} {group:02}", "2 01"),
        ("", ""),
    ],
)
def test_a_photo_as_a_line(template: str, line: str) -> None:
    assert LineFormat(template).line(7, HIT) == line


def test_what_a_result_does_not_have_is_empty() -> None:
    everything = LineFormat("|".join(f"{{{field}}}" for field in FIELDS))
    assert everything.line(1, Hit(Path("/a.jpg"), 1.0)) == "1|/a.jpg|1.0||true||||0|0"
    assert everything.line(2, REGION) == "2|/photos/a.jpg|1.5||||a dog|1,2,3,5|0|"
    assert LineFormat("{probability:.2f}").line(1, Hit(Path("/a.jpg"), 1.0)) == ""


def test_texts_can_be_made_fit_for_a_terminal() -> None:
    hit = Hit(Path("/a\x1b[31m.jpg"), 1.0, caption="b\n")
    assert LineFormat("{path}{caption}").line(1, hit, printable) == r"/a\x1b[31m.jpgb\n"
    assert LineFormat("{path}").line(1, hit) == "/a\x1b[31m.jpg"


@pytest.mark.parametrize(
    "template",
    [
        "{name}", "{}", "{0}", "{path.parent}", "{path[0]}", "{path!r}", "{score:{rank}}", "{score:q}", "{path:.2f}",
        "{path", "path}", "{path.__class__.__mro__}", "{score:.99999999999999999999f}",
    ],
)  # fmt: skip
def test_nothing_else_can_be_reached(template: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        LineFormat(template)


def test_an_unknown_field_is_answered_with_those_there_are() -> None:
    with pytest.raises(
        ValueError, match=r"no field \{name\}; there are rank, path, score, probability, likely, caption"
    ):
        LineFormat("{name}")
