"""Sentences and questions with the phrases that a person would point at; the rest stands between them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.language.noun_phrases import text_units
from engine.language.tokens import tokenize

# Phrases in brackets.
CUT = """
[a cup of coffee] [on a table]
[a cat] [on top of a laptop]
[three giraffes]
[a giraffe] [on a rock]
[black and white photo]
[peter müller] [in the garden]
[sandy] [on the beach]
[sleeping cat]
riding [bikes]
[close up of a flower]
[red bus]
[dog park]
[swimming pool]
[dining table]
[a can of soda]
[kids] playing [soccer]
[dog] running [on the beach]
[sunset] [over the sea]
[a woman] [in red]
[a man] [in black] and [a woman] [in white]
[a snow covered mountain]
[a stuffed animal] [next to two parked cars]
[two people] riding [bikes] [down a street]
[two dogs] are running [on top of a hill]
[a man] jumps [over a wall] while [his friends] watch
[a brown dog] runs [through the grass] [with a ball] [in its mouth]
[a man] [in a red shirt] holds [a baby] while [a woman] watches
[people] eating [pizza] [at a restaurant]
[a group of people] standing [in front of a building]
[a slice of pizza] and [a glass of wine]
[he] throws [it] [to her]
[two boys] push [each other]
[dog]
[cats] sleeping together
""".strip().splitlines()

# Of which no word names anything: they are asked for as a whole.
WHOLE = ["running", "on the", "with", "two", "of", "red", "while jumping"]


def bracketed(text):
    words = tokenize(text).words
    parts = []
    for unit in text_units(words):
        part = " ".join(words[unit.start : unit.end])
        parts.append(part if unit.named is None else f"[{part}]")
    return " ".join(parts)


@pytest.mark.parametrize("line", CUT)
def test_phrases(line):
    assert bracketed(line.replace("[", "").replace("]", "")) == line


@pytest.mark.parametrize("text", WHOLE)
def test_a_text_without_a_noun_phrase_is_one(text):
    assert bracketed(text) == f"[{text}]"


def test_other_languages_and_long_texts_are_cut_somehow():
    assert bracketed("ein großer hund") == "[ein großer hund]"
    assert bracketed("犬") == "[犬]"
    assert len(text_units(("a dog on a beach and " * 8).split())) == 24  # 48 words


KINDS = "a the two one dog dogs red running runs jumped of on and very other her s who can back"


@given(st.lists(st.sampled_from(KINDS.split()), min_size=1, max_size=12))
def test_every_word_is_in_one_unit_and_some_unit_names_something(words):
    units = text_units(words)
    assert [place for unit in units for place in range(unit.start, unit.end)] == list(range(len(words)))
    named = [unit for unit in units if unit.named is not None]
    assert named
    assert all(unit.start <= unit.named < unit.end for unit in named)


@pytest.mark.parametrize(
    ("phrase", "most"),
    [("a dog", 1), ("the bus", 1), ("the grass", 1), ("blue jeans", 1), ("a cup of beans", 1), ("two dogs", 2),
     ("a pair of shoes", 2), ("three giraffes", 3), ("dogs", 5), ("several men", 5), ("a group of people", 5)],
)  # fmt: skip
def test_how_many_things_a_phrase_names(phrase, most):
    (unit,) = text_units(phrase.split())
    assert unit.most == most


def test_where_the_name_begins_after_prepositions():
    _, unit = text_units(["a", "cat", "on", "top", "of", "a", "laptop"])
    assert (unit.start, unit.named, unit.end) == (2, 5, 7)
