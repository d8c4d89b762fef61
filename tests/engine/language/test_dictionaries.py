"""The languages of questions."""

import pytest

from engine.language.dictionaries import language_of
from engine.language.tokens import tokenize


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("hund", "German"), ("ein Hund im Garten", "German"), ("schöne Berge", "German"), ("Schmetterling", "German"),
        ("chien", "French"), ("un chien sur la plage", "French"), ("coucher de soleil", "French"),
        ("perro en la playa", "Spanish"), ("bicicleta", "Spanish"), ("una mujer con sombrero", "Spanish"),
        ("cane sulla spiaggia", "Italian"), ("gatto", "Italian"), ("bambini che giocano", "Italian"),
        ("cachorro na praia", "Portuguese"), ("mulher com chapéu", "Portuguese"),
        ("een hond op het strand", "Dutch"), ("fiets", "Dutch"),
    ],
)  # fmt: skip
def test_a_text_in_another_language_is_recognised(text: str, language: str) -> None:
    assert language_of(tokenize(text).words, []) == language


@pytest.mark.parametrize(
    "text",
    [
        "a dog jumping over a log", "two children at the beach", "bycicle", "umberella", "zyzzyva", "a cafe in paris",
        "skateboarders", "the hund of my neighbour", "a chic boutique", "salsa and tortillas", "",
    ],
)  # fmt: skip
def test_english_is_not_taken_for_another_language(text: str) -> None:
    assert language_of(tokenize(text).words, []) is None


def test_familiar_words_alone_decide_nothing() -> None:
    assert language_of(["perro"], ["perro"]) is None
    assert language_of(["perro", "en", "la", "playa"], ["la", "en"]) == "Spanish"
