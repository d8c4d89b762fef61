"""The vocabulary holds the words that training showed often enough, and survives its file."""

from engine.language.vocabulary import Vocabulary


def test_rare_words_are_left_out_and_frequent_ones_come_first(tmp_path):
    vocabulary = Vocabulary.from_sentences([["a", "dog"], ["a", "dog"], ["a", "cat"]], min_count=2)
    assert list(vocabulary.counts) == ["a", "dog"]
    assert "cat" not in vocabulary
    assert len(vocabulary) == 2
    vocabulary.save(tmp_path / "vocabulary.json")
    assert Vocabulary.load(tmp_path / "vocabulary.json").counts == {"a": 3, "dog": 2}


def test_the_order_of_equally_frequent_words_does_not_depend_on_the_sentences():
    one = Vocabulary.from_sentences([["b", "a"]], min_count=1)
    other = Vocabulary.from_sentences([["a", "b"]], min_count=1)
    assert list(one.counts) == list(other.counts) == ["a", "b"]
