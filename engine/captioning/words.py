"""Words as numbers for a caption model."""

from collections.abc import Iterable, Sequence
from itertools import takewhile

import numpy as np
from numpy.typing import NDArray

from engine.language.vocabulary import Vocabulary

BOUNDARY = 0  # START as an input, END as an output
IGNORED = -100  # a target that teaches nothing: padding, and words outside the vocabulary


def until_end(numbers: Iterable[int]) -> list[int]:
    """The words of a sentence that END and anything follow.

    >>> until_end([5, 2, 0, 0])
    [5, 2]
    """
    return list(takewhile(lambda number: number != BOUNDARY, numbers))


class WordNumbers:
    """The words of a vocabulary from 1 on; 0 starts and ends a sentence.

    A word outside the vocabulary is the number after the last as an input, and no target: the model never learns to
    write it.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.words = list(vocabulary.counts)
        self.unknown = len(self.words) + 1
        self._numbers = {word: number for number, word in enumerate(self.words, start=1)}

    @property
    def num_outputs(self) -> int:
        """V + 1: the words and END."""
        return len(self.words) + 1

    def numbers(self, words: Iterable[str]) -> list[int]:
        """Words → numbers."""
        return [self._numbers.get(word, self.unknown) for word in words]

    def text(self, numbers: Iterable[int]) -> str:
        """Numbers up to END → the words with spaces between."""
        return " ".join(self.words[number - 1] for number in until_end(numbers))

    def batch(self, sentences: Sequence[Sequence[int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Sentences as numbers → inputs (N, T), START first, and targets (N, T), END last, padded to the longest."""
        length = max(len(sentence) for sentence in sentences) + 1
        inputs = np.zeros((len(sentences), length), np.int64)
        targets = np.full((len(sentences), length), IGNORED, np.int64)
        for row, sentence in enumerate(sentences):
            numbers = np.array(sentence, np.int64)
            inputs[row, 1 : len(sentence) + 1] = numbers
            targets[row, : len(sentence)] = np.where(numbers == self.unknown, IGNORED, numbers)
            targets[row, len(sentence)] = BOUNDARY
        return inputs, targets

    def log_frequencies(self, vocabulary: Vocabulary, num_sentences: int) -> NDArray[np.float32]:
        """The log of how often END and each word is the next one (V + 1,)."""
        counts = np.array([num_sentences, *vocabulary.counts.values()], np.float32)
        found: NDArray[np.float32] = np.log(counts / counts.sum())
        return found
