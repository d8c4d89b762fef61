"""Sentences are cut as the published token lists are, and a phrase is what was written."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.tokenize import RegexpTokenizer

from engine.language.tokens import WORD, tokenize


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "A black dog is running after a white dog in the snow .",
            "a black dog is running after a white dog in the snow",
        ),
        ("Florida men 's basketball player", "florida men s basketball player"),
        ("snow-covered", "snow covered"),
        ("Ein Hündchen, 2 Äpfel", "ein hündchen 2 äpfel"),
        ("犬が走る", "犬が走る"),
        ("!?… ♥ ☃", ""),
        ("", ""),
    ],
)
def test_words(text, words):
    assert tokenize(text).words == tuple(words.split())


@given(st.text())
def test_words_and_places_are_those_of_nltk(text):
    tokens = tokenize(text)
    assert list(tokens.spans) == list(RegexpTokenizer(WORD.pattern).span_tokenize(text))


def test_a_phrase_keeps_case_and_punctuation_between_its_words():
    tokens = tokenize("  A Dog, jumping — over it!")
    assert tokens.phrase(0, 3) == "A Dog, jumping"
    assert tokens.phrase(2, 5) == "jumping — over it"


@pytest.mark.data
def test_published_token_lists_agree(flickr8k):
    images = json.loads((flickr8k / "dataset.json").read_text())["images"]
    sentences = [sentence for image in images for sentence in image["sentences"]]
    same = sum(list(tokenize(sentence["raw"]).words) == sentence["tokens"] for sentence in sentences)
    # The published lists keep a stray "#" or "(" here and there.
    assert same / len(sentences) > 0.999
