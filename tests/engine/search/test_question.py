"""Questions as people write them, and those that cannot be answered."""

import re
from pathlib import Path
from typing import Any

import pytest

from engine.errors import QueryError
from engine.search.question import UNWANTED_WEIGHT, Part, Question, weighted


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("red", Part("red")),
        ("0.5:red", Part("red", 0.5)),
        (" 2: red car", Part("red car", 2.0)),
        (".5:red", Part("red", 0.5)),
        ("10:30", Part("10:30")),
        ("16:9 picture", Part("16:9 picture")),
        ("red: a colour", Part("red: a colour")),
        ("1: 3:one", Part("3:one", 1.0)),
        ("0.5:", Part("0.5:")),
        ("1:nan: a portrait", Part("nan: a portrait")),
        ("1, 2: a game", Part("1, 2: a game")),
    ],
)
def test_a_weight_is_a_number_before_a_colon(text: str, part: Part) -> None:
    assert weighted(text) == part


def test_unwanted_texts_count_half_unless_they_say_otherwise() -> None:
    question = Question.of("a beach", also=["2:sunset"], without=["people", "1:dogs"])
    assert question.parts == (
        Part("a beach"), Part("sunset", 2.0), Part("people", -UNWANTED_WEIGHT), Part("dogs", -1.0),
    )  # fmt: skip
    assert [part.text for part in question.wanted] == ["a beach", "sunset"]


def test_in_python_a_text_is_taken_as_it_is() -> None:
    assert Question.about("0.5:red").parts == (Part("0.5:red"),)
    question = Question.of("a")
    assert Question.about(question) is question


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "Nothing is asked"),
        ({"without": ["people"]}, "Nothing is asked"),
        ({"text": "0:red"}, "weight of 'red' is 0"),
        ({"text": "101:red"}, "weight of 'red' is 101"),
        ({"text": "9" * 400 + ":red"}, "weight of 'red' is inf"),
        *(
            ({"text": f"{number}:red"}, f"'{re.escape(number)}' before the colon is no weight")
            for number in ("1e999", "1e3", "nan", "-nan", "inf", "Infinity", "-1", "+1", "1.", "1_0", "0,5", ",5")
        ),
        ({"text": "a", "box": (0, 0, 1, 1)}, "A box belongs to one example photo, and there are 0"),
        ({"like": ["a", "b"], "box": (0, 0, 1, 1)}, "there are 2"),
        ({"like": ["a"] * 21}, "21 example photos are too many"),
    ],
    ids=str,
)
def test_what_cannot_be_asked(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(QueryError, match=message):
        Question.of(**arguments)


def test_an_example_needs_no_text() -> None:
    assert Question.of(like=["a.jpg"], without=["people"]).examples == (Path("a.jpg"),)
