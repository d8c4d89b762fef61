"""Spelling: most common mistakes are corrected, and right words are left alone."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.language.spelling import Spelling
from engine.language.tokens import tokenize

if TYPE_CHECKING:
    from engine.models.multimodal import MultimodalModel

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def spelling(model: "MultimodalModel") -> Spelling:
    return model.spelling


def test_three_of_four_common_mistakes_are_corrected_and_hardly_any_wrongly(spelling: Spelling) -> None:
    """The words were written down when the rules and their numbers stood; docs/decisions has the figures."""
    lines = (HERE / "misspellings.txt").read_text(encoding="utf-8").splitlines()
    meant = dict(line.split() for line in lines)
    read = {word: spelling.correction(word, {}) for word in meant}
    assert len(meant) >= 100
    assert sum(read[word] == meant[word] for word in meant) >= 0.74 * len(meant)
    assert sum(read[word] not in (None, meant[word]) for word in meant) <= 0.05 * len(meant)


def test_the_words_of_the_model_are_left_alone(spelling: Spelling, model: "MultimodalModel") -> None:
    assert [word for word in model.folder.vocabulary.counts if spelling.correction(word, {}) is not None] == []


def test_hardly_any_name_is_taken_for_a_mistake(spelling: Spelling) -> None:
    """Places, brands, people, breeds, plants, dishes and devices; half of them served to choose the rules."""
    names = {word for word in tokenize((HERE / "names.txt").read_text(encoding="utf-8")).words if len(word) > 3}
    assert len(names) > 400
    assert sum(spelling.correction(name, {}) is not None for name in names) <= 0.02 * len(names) + 1


@pytest.mark.parametrize("word", ["colour", "jewellery", "organised", "skateboarders", "smartphone", "wakeboarders"])
def test_british_words_compounds_and_endings_are_left_alone(spelling: Spelling, word: str) -> None:
    assert spelling.correction(word, {}) is None


@pytest.mark.parametrize("word", ["teh", "dgo", "ct", "bycicle2", "byciclé", ""])
def test_short_words_and_what_is_not_of_english_letters_is_left_alone(spelling: Spelling, word: str) -> None:
    assert spelling.correction(word, {}) is None


def test_words_of_a_library_are_right_and_may_be_meant(spelling: Spelling) -> None:
    assert spelling.correction("lubljana", {}) is None
    assert spelling.correction("lubljana", {"ljubljana": 3}) == "ljubljana"
    assert spelling.correction("bycicle", {}) == "bicycle"
    assert spelling.correction("bycicle", {"bycicle": 1}) is None


def test_where_two_words_may_be_meant_nothing_is_corrected() -> None:
    known = Spelling({"kitten": 50, "mitten": 50, "knitten": 50}, lambda: [], lambda word: False)
    assert known.correction("kiitten", {}) == "kitten"
    alike = Spelling({"gortel": 50, "gorpel": 50}, lambda: [], lambda word: False)
    assert alike.correction("gormel", {}) is None
