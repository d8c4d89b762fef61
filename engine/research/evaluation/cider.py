"""CIDEr-D (Vedantam et al. 2015) of sentences as they are drawn in training, by word numbers.

It gives what the reference implementation does (a test compares them). That one counts again in how many photos each
n-gram is found whenever it is called, which training cannot wait for.
"""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

MAX_ORDER = 4
DEVIATION = 6.0  # of the penalty for another length
SCALE = 10.0

_Gram = tuple[int, ...]


class _Vector:
    """The tf-idf vector of one sentence for each order, its lengths, and the number of its bigrams."""

    __slots__ = ("grams", "length", "norms")

    def __init__(self, words: Sequence[int], weights: "Cider") -> None:
        self.grams: list[dict[_Gram, float]] = []
        self.norms: list[float] = []
        for order in range(1, MAX_ORDER + 1):
            counts = Counter(tuple(words[i : i + order]) for i in range(len(words) - order + 1))
            vector = {gram: count * weights.weight(gram) for gram, count in counts.items()}
            self.grams.append(vector)
            self.norms.append(math.sqrt(sum(value * value for value in vector.values())))
        self.length = max(0, len(words) - 1)  # in bigrams, as the reference implementation has it


class Cider:
    """Rewards of sentences about the photos of a captioned set.

    Args:
        references: for each photo, its sentences as word numbers.
    """

    def __init__(self, references: Sequence[Sequence[Sequence[int]]]) -> None:
        self._log_photos = math.log(len(references))
        self._photos: Counter[_Gram] = Counter()  # in how many photos an n-gram is found
        for sentences in references:
            self._photos.update({
                tuple(words[i : i + order])
                for words in sentences
                for order in range(1, MAX_ORDER + 1)
                for i in range(len(words) - order + 1)
            })  # fmt: skip
        self._references = [[_Vector(words, self) for words in sentences] for sentences in references]

    def weight(self, gram: _Gram) -> float:
        """How telling an n-gram is."""
        return self._log_photos - math.log(max(1, self._photos[gram]))

    def scores(self, photos: Sequence[int], sentences: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        """CIDEr-D (N,) of sentences, each about the photo of the same place in ``photos``."""
        return np.array([
            self._score(_Vector(words, self), self._references[photo])
            for photo, words in zip(photos, sentences, strict=True)
        ])  # fmt: skip

    def _score(self, sentence: _Vector, references: Sequence[_Vector]) -> float:
        total = 0.0
        for reference in references:
            likeness = 0.0
            for own, other, norm, other_norm in zip(
                sentence.grams, reference.grams, sentence.norms, reference.norms, strict=True
            ):
                if norm and other_norm:
                    shared = sum(min(value, other[gram]) * other[gram] for gram, value in own.items() if gram in other)
                    likeness += shared / (norm * other_norm)
            difference = sentence.length - reference.length
            total += likeness * math.exp(-(difference**2) / (2 * DEVIATION**2))
        return SCALE * total / (MAX_ORDER * len(references))
