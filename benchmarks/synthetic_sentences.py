"""A million sentences' vectors with the statistics of real ones, for the benchmark of the search.

Each synthetic sentence is a real one, some of its words exchanged for words of a sentence that is like it, and every
vector moved by a part of the difference between two real vectors of different sentences that are nearest to each other.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from synthetic_vectors import nearest

BLOCK = 10_000  # sentences
ALIKE = 10  # sentences that a sentence may borrow words from
EXCHANGED = 0.4  # of the words
COMPARED = 100_000  # words whose nearest neighbour is looked for


class Sentences:
    """Makes synthetic sentences out of real ones.

    Args:
        words: of the real sentences, one after the other (W, D).
        num_words: of each (N,), one or more.
        wholes: the sentence vectors (N, D).
        spread: how far vectors are moved, in differences between nearest neighbours.
    """

    def __init__(
        self, words: NDArray[np.float32], num_words: NDArray[np.int64], wholes: NDArray[np.float32], spread: float
    ) -> None:
        self._words = words
        self._num_words = num_words
        self._firsts = np.cumsum(num_words) - num_words
        self._wholes = wholes
        self._spread = spread
        self._alike = nearest(wholes, wholes, ALIKE + 1)[1][:, 1:]
        self._whole_steps = wholes[self._alike[:, 0]] - wholes
        owners = np.repeat(np.arange(len(num_words)), num_words)
        chosen = np.random.default_rng(0).choice(len(words), min(COMPARED, len(words)), replace=False)
        rows = nearest(words[chosen], words[chosen], 8)[1]
        other_mask = owners[chosen][rows] != owners[chosen][:, None]
        has_other = other_mask.any(axis=1)
        best = rows[np.arange(len(rows)), other_mask.argmax(axis=1)]
        self._steps = (words[chosen][best] - words[chosen])[has_other]

    def blocks(self, count: int) -> Iterator[tuple[NDArray[np.float16], NDArray[np.int64]]]:
        """Rows of sentences, each with its sentence vector last, and their numbers of words, some at a time."""
        for start in range(0, count, BLOCK):
            yield self._block(min(BLOCK, count - start), np.random.default_rng(start))

    def _block(self, size: int, random: np.random.Generator) -> tuple[NDArray[np.float16], NDArray[np.int64]]:
        one = random.integers(len(self._num_words), size=size)
        two = self._alike[one, random.integers(ALIKE, size=size)]
        counts = self._num_words[one]
        owners = np.repeat(np.arange(size), counts)
        places = np.arange(len(owners)) - np.repeat(np.cumsum(counts) - counts, counts)
        other_rows = self._firsts[two][owners] + places % self._num_words[two][owners]
        own_rows = self._firsts[one][owners] + places
        exchanged_mask = random.random(len(owners)) < EXCHANGED
        words = moved(self._words[np.where(exchanged_mask, other_rows, own_rows)], self._steps, self._spread, random)
        share = 0.5 * random.random((size, 1), dtype=np.float32)
        mixed = self._wholes[one] + share * (self._wholes[two] - self._wholes[one])
        wholes = moved(mixed, self._whole_steps, self._spread, random)
        ends = np.cumsum(counts)
        return np.insert(words, ends, wholes, axis=0).astype(np.float16), counts


def moved(
    vectors: NDArray[np.float32], steps: NDArray[np.float32], spread: float, random: np.random.Generator
) -> NDArray[np.float32]:
    """Vectors (n, D) moved by steps (m, D) chosen by chance, `spread` of them on average, at the length they had."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    far = 2 * spread * random.random((len(vectors), 1), dtype=np.float32)
    found = vectors + far * steps[random.integers(len(steps), size=len(vectors))]
    result: NDArray[np.float32] = found * lengths / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-6)
    return result
