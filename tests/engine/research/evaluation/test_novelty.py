"""Sentences with words that training lacks are counted apart."""

import numpy as np
import pytest

from engine.language.vocabulary import Vocabulary
from engine.research.evaluation.novelty import FUNCTION_WORDS, PartRecalls, by_novelty, novel_words
from engine.research.evaluation.retrieval import Recalls

VOCABULARY = Vocabulary({"dog": 9, "runs": 7})


def test_words_of_no_content_and_words_of_training_are_not_novel():
    assert novel_words("The dog's friend runs through a t-shirt !", VOCABULARY) == ["friend", "shirt"]
    assert novel_words("Their dog runs towards them , doesn't it ?", VOCABULARY) == ["doesn"]
    assert all(word == word.lower() and word.isalpha() for word in FUNCTION_WORDS)


def test_ranks_are_split_by_the_words_of_their_sentences():
    sentences = ["A dog runs .", "A zebra runs .", "The dog .", "Zebras ."]
    parts = by_novelty(np.array([1, 7, 6, 2]), sentences, VOCABULARY)
    assert parts.known_words == PartRecalls(Recalls(50.0, 50.0, 100.0, 3.5), 2)
    assert parts.novel_words == PartRecalls(Recalls(0.0, 50.0, 100.0, 4.5), 2)


@pytest.mark.parametrize("sentence", ["A dog .", "A zebra ."])
def test_a_part_without_sentences_has_no_recalls(sentence):
    parts = by_novelty(np.array([1]), [sentence], VOCABULARY)
    assert {len(parts.known_words.as_dict()), len(parts.novel_words.as_dict())} == {1, 5}
    assert parts.known_words.sentences + parts.novel_words.sentences == 1
