"""Questions are read as they were meant, and what cannot be read is said."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import Engine
from engine.models.multimodal import MultimodalModel
from engine.search.question import Question
from engine.search.wording import read_question
from engine.types import Correction


@pytest.fixture(scope="module")
def engine(library: Path) -> Iterator[Engine]:
    with Engine.open(library, device="cpu", warn=lambda text: None) as opened:
        yield opened


def meant(model: MultimodalModel, text: str, *, exact: bool = False, written: dict[str, int] | None = None) -> str:
    return read_question(model, Question.of(text, exact=exact), lambda: written or {}).question.name


def test_a_misspelt_word_is_read_as_it_was_meant(model: MultimodalModel) -> None:
    reading = read_question(model, Question.of("A red bycicle, and", also=["0.5:a bycicle"], without=["umberella"]))
    assert [part.text for part in reading.question.parts] == ["A red bicycle, and", "a bicycle", "umbrella"]
    assert [part.weight for part in reading.question.parts] == [1, 0.5, -0.5]
    assert reading.corrections == (Correction("bycicle", "bicycle"), Correction("umberella", "umbrella"))
    assert reading.warnings == ()


@pytest.mark.parametrize("text", ['a red "bycicle"', "a red “bycicle”", '"a red bycicle" here', "the shop Bycicle"])
def test_quoted_words_and_names_are_taken_as_they_are(model: MultimodalModel, text: str) -> None:
    assert meant(model, text) == text


def test_an_exact_question_is_taken_as_it_is(model: MultimodalModel) -> None:
    reading = read_question(model, Question.of("a bycicle", exact=True))
    assert reading.question.name == "a bycicle"
    assert reading.corrections == ()
    assert (reading.rare, reading.warnings) == (("bycicle",), ())


def test_words_of_the_library_are_right(model: MultimodalModel) -> None:
    assert meant(model, "a Bycicle") == "a Bycicle"
    assert meant(model, "Bycicle") == "bicycle"
    assert meant(model, "bycicle", written={"bycicle": 1}) == "bycicle"
    assert meant(model, "hünd im garten", written={"hund": 1, "garten": 2}) == "hünd im garten"
    assert read_question(model, Question.of("hund"), lambda: {"hund": 1}).rare == ("hund",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ein Hund im Garten", "this looks German: it does not know hund, garten"),
        ("perro en la playa", "this looks Spanish: it does not know perro"),
        ("собака", "and does not know собака"),
        ("犬", "and does not know 犬"),
        ("a cat 猫", "and does not know 猫"),
    ],
)
def test_a_text_in_another_language_is_said_to_be_one(model: MultimodalModel, text: str, said: str) -> None:
    reading = read_question(model, Question.of(text))
    assert reading.question.name == text
    (warning,) = reading.warnings
    assert warning.startswith("The model reads English, ")
    assert said in warning
    assert warning.endswith("ask in English, such as 'a dog on a beach'.")


def test_other_words_are_warned_of_unless_they_are_written(engine: Engine) -> None:
    warned = "Rare or missing in the model's training, so expect less of: zyzzyva."
    assert engine.answer("a zyzzyva").warnings == (warned,)
    assert not engine.answer("chelsea").warnings  # the name of a file


def test_a_corrected_question_has_the_answer_of_the_right_one(engine: Engine) -> None:
    right, misspelt = engine.answer("a cofee cup"), engine.answer("a coffee cup")
    assert right.hits == misspelt.hits
    assert right.corrections == (Correction("cofee", "coffee"),)
    assert misspelt.corrections == ()
    told: list[str] = []
    with Engine.open(engine.folder, device="cpu", warn=told.append) as telling:
        telling.search("a cofee cup", 1)
        telling.search_regions("a cofee cup", 1)
    assert told == [told[0]] * 2
    assert told[0].startswith("Showing results for 'coffee'; ")
