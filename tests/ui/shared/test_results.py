"""Dictionaries have exactly the promised shape and text never breaks a terminal."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from engine.results.hits import Hit, SentenceHit
from engine.types import Alignment, Phrase
from ui.shared.results import (
    alignment_as_dict,
    alignment_as_text,
    hit_as_dict,
    hit_as_text,
    printable,
    sentence_hit_as_dict,
    sentence_hits_as_text,
    shown_path,
)

PHRASES = (
    Phrase("a dog", (10.04, 20.0, 110.24, 220.0), 1.234567),
    Phrase("jumping over a log", (0.0, 0.0, 640.0, 480.0), -0.00001),
)


def test_a_hit_as_a_dictionary() -> None:
    hit = Hit(Path("/photos/two\nlines é.jpg"), 12.3456789, PHRASES, 0.123456)
    assert json.loads(json.dumps(hit_as_dict(hit))) == {
        "path": "/photos/two\nlines é.jpg",
        "score": 12.3457,
        "probability": 0.1235,
        "phrases": [
            {
                "text": "a dog",
                "box": [10.0, 20.0, 110.2, 220.0],
                "score": 1.2346,
                "boxes": [[10.0, 20.0, 110.2, 220.0]],
            },
            {
                "text": "jumping over a log",
                "box": [0.0, 0.0, 640.0, 480.0],
                "score": 0.0,
                "boxes": [[0.0, 0.0, 640.0, 480.0]],
            },
        ],
        "caption": None,
        "likely": True,
        "written": [],
        "copies": [],
        "group": [],
    }
    behind = replace(hit, copies=(Path("/b/c.jpg"),), group=(Path("/d.jpg"),))
    assert (hit_as_dict(behind)["copies"], hit_as_dict(behind)["group"]) == (["/b/c.jpg"], ["/d.jpg"])
    assert hit_as_dict(replace(hit, caption="a dog"))["caption"] == "a dog"


def test_sentences_and_alignments_as_dictionaries() -> None:
    assert sentence_hit_as_dict(SentenceHit("a dog runs", 0.5, 0.75)) == {
        "sentence": "a dog runs",
        "score": 0.5,
        "probability": 0.75,
        "generated": False,
        "own": False,
    }
    assert sentence_hit_as_dict(SentenceHit("a dog runs", 0.5, generated=True))["generated"] is True
    assert sentence_hit_as_dict(SentenceHit("a dog runs", 0.5))["probability"] is None
    alignment = Alignment(Path("a.jpg"), "a dog jumping over a log", 2.0, 640, 480, PHRASES, 0.25)
    found = alignment_as_dict(alignment)
    assert list(found) == ["path", "score", "probability", "phrases"]
    assert found["probability"] == 0.25
    assert [phrase["text"] for phrase in found["phrases"]] == ["a dog", "jumping over a log"]


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf"), -0.0])
def test_json_holds_finite_numbers_alone(number: float) -> None:
    hit = Hit(Path("a.jpg"), number, (Phrase("a", (number, 0, 1, 1), number),))
    text = json.dumps(hit_as_dict(hit), allow_nan=False)
    assert "-0.0" not in text
    assert "nan" not in hit_as_text(1, hit)


def test_a_hit_as_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert hit_as_text(1, Hit(tmp_path / "rex.jpg", 12.3456, PHRASES)).splitlines() == [
        "  1.   12.346  rex.jpg",
        "      a dog                 1.235  [10, 20, 110, 220]",
        "      jumping over a log    0.000  [0, 0, 640, 480]",
    ]
    assert hit_as_text(2, Hit(tmp_path / "sub/b.jpg", -1.0)) == "  2.   -1.000  sub/b.jpg"


def test_a_line_names_as_many_copies_as_it_has_room_for() -> None:
    def lines(width: int, *names: str) -> list[str]:
        return hit_as_text(1, Hit(Path("/a.jpg"), 0.5, copies=tuple(map(Path, names))), width).splitlines()[1:]

    assert lines(80) == []
    assert lines(80, "/b/a.jpg") == ["      1 copy: /b/a.jpg"]
    assert lines(80, "/b/a.jpg", "/c/a.jpg") == ["      2 copies: /b/a.jpg, /c/a.jpg"]
    assert lines(34, "/b/a.jpg", "/c/a.jpg") == ["      2 copies: /b/a.jpg, /c/a.jpg"]
    assert lines(33, "/b/a.jpg", "/c/a.jpg") == ["      2 copies: /b/a.jpg and 1 more"]
    assert lines(20, *(f"/{letter}/a.jpg" for letter in "bcdef")) == ["      5 copies: /b/a.jpg and 4 more"]
    alike = Hit(Path("/a.jpg"), 0.5, copies=(Path("/b.jpg"),), group=(Path("/c.jpg"),))
    assert hit_as_text(1, alike).splitlines()[1:] == ["      1 copy: /b.jpg", "      1 almost the same: /c.jpg"]


def test_what_a_caption_model_wrote_is_marked() -> None:
    hit = Hit(Path("/a.jpg"), 0.5, PHRASES, caption="a dog\tand a cat")
    assert hit_as_text(1, hit, 30).splitlines()[:3] == [
        "  1.    0.500  /a.jpg",
        "      a dog\\tand a cat",
        "      (generated)",
    ]
    assert "generated" not in hit_as_text(2, replace(hit, caption=None))
    written = [SentenceHit("a dog", 0.5, 0.347, generated=True), SentenceHit("a cat", 0.25)]
    assert sentence_hits_as_text(written).splitlines() == [
        "  1.    0.500   35 %  a dog (generated)",
        "  2.    0.250  a cat",
    ]


def test_a_probability_is_a_percentage_beside_the_score() -> None:
    hits = [
        Hit(Path("/a.jpg"), 0.5, (), 0.347),
        Hit(Path("/b.jpg"), 0.25, (), 1.0),
        Hit(Path("/c.jpg"), 0.0, (), 0.004, likely=False),
    ]
    assert [hit_as_text(rank, hit) for rank, hit in enumerate(hits, start=1)] == [
        "  1.    0.500   35 %  /a.jpg",
        "  2.    0.250  100 %  /b.jpg",
        "  3.    0.000   <1 %  unlikely  /c.jpg",
    ]
    assert sentence_hits_as_text([SentenceHit("a dog", 0.5, 0.347)]) == "  1.    0.500   35 %  a dog"
    alignment = Alignment(Path("/a.jpg"), "a dog", 0.5, 640, 480, (), 0.347)
    assert alignment_as_text(alignment).splitlines()[0] == "0.500   35 %  /a.jpg"


def test_lines_fit_the_width() -> None:
    long = Phrase("a very long phrase that goes on and on " * 5, (1000, 2000, 3000, 4000), 1.0)
    hit = Hit(Path("a.jpg"), 1.0, (long, *PHRASES))
    assert max(map(len, hit_as_text(1, hit, 80).splitlines())) <= 80
    sentences = [SentenceHit("a dog jumps over a log " * 10, 1.0), SentenceHit("", 0.0), SentenceHit("x" * 200, 0.0)]
    assert max(map(len, sentence_hits_as_text(sentences, 60).splitlines())) <= 60
    alignment = Alignment(Path("a.jpg"), "a dog " * 40, 2.0, 4000, 4000, (long,))
    assert max(map(len, alignment_as_text(alignment, 72).splitlines())) <= 72
    assert hit_as_text(1, hit, 1)
    assert sentence_hits_as_text([], 80) == "No sentence was found."


def test_odd_names_stay_on_one_line_and_cannot_steer_the_terminal() -> None:
    hit = Hit(Path("two\nlines\x1b[31m\u202e é 写.jpg"), 1.0)
    assert hit_as_text(1, hit).endswith(r"two\nlines\x1b[31m\u202e é 写.jpg")
    sentence = sentence_hits_as_text([SentenceHit("a\x07 bell\r", 1.0)])
    assert r"a\x07 bell\r" in sentence
    assert printable(r"C:\photos\a.jpg") == r"C:\photos\a.jpg"
    assert printable("caf\udce9") == r"caf\udce9"


def test_a_path_is_shown_relative_only_where_that_is_shorter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / "a/very/deep/folder/below/many/others/with/long/names"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert shown_path(deep / "a.jpg") == "a.jpg"
    assert shown_path(Path("/a.jpg")) == "/a.jpg"
    assert shown_path(Path("a.jpg")) == "a.jpg"


def test_an_alignment_as_text() -> None:
    text = alignment_as_text(Alignment(Path("a.jpg"), "a dog jumping over a log", 2.0, 640, 480, PHRASES))
    assert text.splitlines()[:2] == ["2.000  a.jpg", "      a dog jumping over a log"]
    assert len(text.splitlines()) == 4
