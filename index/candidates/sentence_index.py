"""Which of very many sentences are worth an exact look for a photo.

The photo's best region is worked out once for each of the K centroids of words: a sentence then costs one look into a
table for each of its words. Sentence vectors are known as photo vectors are, first in sixteen bytes and then, for the
best so far, in eight bits a component.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from index.candidates.code_scores import Codes, WholeCodes
from index.candidates.codebooks import MORE_LOOKED_AT, has_drifted, num_bits, sampled, trained_on_wholes
from index.candidates.faiss_store import Bytes, KeyedNumbers, Numbers, Part
from index.scoring.maxsim import best_rows, products
from index.scoring.threads import in_threads
from index.store.half_precision import widened
from index.store.segments import StoredSentences, VectorStore
from index.values import BuildSpec

_BLOCK = 32_768  # sentences that a thread scores together
_ROWS_AT_ONCE = 65_536
_DRIFT_SAMPLE = 20_000  # rows
_KEPT_EVERY = 2_000_000  # rows, about a minute and a half of two cores


class SentenceIndex:
    """Codes of all words of a store, by their rows; and of its sentence vectors, with their rows as keys.

    A sentence vector has a code among the words too, which nothing reads: so a row is where it is in the store.
    """

    def __init__(self, words: Numbers, wholes: KeyedNumbers | None = None, fine: Bytes | None = None) -> None:
        self._words = words
        self._wholes = wholes
        self._fine = fine

    @classmethod
    def trained(cls, sentences: StoredSentences, spec: BuildSpec) -> "SentenceIndex":
        """One for sentences like these that knows none of them yet."""
        store, whole_rows = sentences.store, sentences.whole_rows
        words_mask = np.ones(store.num_rows, bool)
        if spec.has_global:
            words_mask[whole_rows] = False
        words = np.flatnonzero(words_mask)
        bits = num_bits(len(words))
        numbers = Numbers.trained(_vectors(store, words[sampled(len(words), bits)]), 1, bits)
        if not spec.has_global:
            return cls(numbers)
        wholes, fine = trained_on_wholes(_vectors(store, whole_rows[sampled(len(whole_rows))]))
        return cls(numbers, KeyedNumbers.of(wholes), fine)

    @classmethod
    def of_parts(cls, parts: Sequence[Part]) -> "SentenceIndex | None":
        """That of the parts of a file, None where they are not those of one."""
        match parts:
            case [Numbers() as words]:
                return cls(words)
            case [Numbers() as words, KeyedNumbers() as wholes, Bytes() as fine] if len(wholes) == len(fine):
                return cls(words, wholes, fine)
        return None

    @property
    def parts(self) -> list[Part]:
        """What belongs in a file, in order."""
        return [part for part in (self._words, self._wholes, self._fine) if part is not None]

    @property
    def num_rows(self) -> int:
        """The rows of the store that it knows."""
        return len(self._words)

    def outgrown(self, sentences: StoredSentences) -> bool:
        """Whether the words of sentences call for other centroids, see `PhotoIndex.outgrown`."""
        store = sentences.store
        num_words = store.num_rows - (0 if self._wholes is None else len(sentences.starts))
        if num_bits(num_words) >= self._words.bits + 2:
            return True

        def words(rows: NDArray[np.int64]) -> NDArray[np.float32]:
            # Sentence vectors are many times as long, and would count for most of the error.
            return _vectors(store, rows if self._wholes is None else np.setdiff1d(rows, sentences.whole_rows))

        return has_drifted(self._words, self.num_rows, store.num_rows, _DRIFT_SAMPLE, words)

    def catch_up(self, sentences: StoredSentences, keep: Callable[[], object] | None = None) -> None:
        """Add the rows of the store that it does not know; `keep` is called from time to time."""
        self.__dict__.pop("_codes", None)
        whole_rows, kept = sentences.whole_rows, self.num_rows
        for first_row, rows in sentences.store.segments():
            for at in range(max(0, self.num_rows - first_row), len(rows), _ROWS_AT_ONCE):
                if keep is not None and self.num_rows - kept >= _KEPT_EVERY:
                    keep()
                    kept = self.num_rows
                block, first = widened(rows[at : at + _ROWS_AT_ONCE]), first_row + at
                self._words.add(block)
                if self._wholes is not None and self._fine is not None:
                    low, high = np.searchsorted(whole_rows, [first, first + len(block)])
                    vectors = block[whole_rows[low:high] - first]
                    self._wholes.add_keyed(vectors, whole_rows[low:high])
                    self._fine.add(vectors)

    def candidates(
        self,
        regions: NDArray[np.float32],
        photo_vector: NDArray[np.float32] | None,
        count: int,
        starts: NDArray[np.int64],
        num_words: NDArray[np.int64],
    ) -> NDArray[np.int64]:
        """Which of some sentences (N,) are most worth an exact look for a photo: about `count`, ascending.

        The photo is given by its regions (R, D) and, with a global term, its photo vector (D,). Sentences that were
        added since are always among them.
        """
        known, places = self._known(starts, num_words)
        scores = self._by_words(regions, starts[known], num_words[known])
        wholes = self._codes.wholes
        if wholes is None or self._fine is None or photo_vector is None:
            rows = best_rows(scores, count)
        else:
            rows = best_rows(scores + wholes.scores(photo_vector)[places], MORE_LOOKED_AT * count)
            rows = rows[best_rows(scores[rows] + self._fine.scores(photo_vector, places[rows]), count)]
        found_mask = np.ones(len(starts), bool)
        found_mask[known] = False
        found_mask[known[rows]] = True
        return np.flatnonzero(found_mask)

    def _known(
        self, starts: NDArray[np.int64], num_words: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Which of some sentences are known (n,), and where their sentence vectors stand among those known (n,)."""
        ends = starts + num_words
        if self._wholes is None:
            known = np.flatnonzero(ends <= self.num_rows)
            return known, np.empty(0, np.int64)
        if np.array_equal(ends, self._codes.keys):
            every = np.arange(len(ends))
            return every, every
        place_of_row = self._codes.place_of_row
        known = np.flatnonzero(ends < self.num_rows)
        places = place_of_row[ends[known]]
        there_mask = places >= 0
        return known[there_mask], places[there_mask].astype(np.int64)

    def _by_words(
        self, regions: NDArray[np.float32], starts: NDArray[np.int64], num_words: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """What the words of sentences (n,) find in a photo's regions (R, D), by their codes: (n,)."""
        table = products(self._codes.centroids, np.ascontiguousarray(regions.T)).max(axis=1)  # (K,)
        scores = np.empty(len(starts), np.float32)

        def work(low: int) -> None:
            first, lengths = starts[low : low + _BLOCK], num_words[low : low + _BLOCK]
            codes = self._codes.words[first[0] : (first + lengths).max() + 1].astype(np.intp)
            found = np.zeros(len(codes) + 1, np.float32)  # one more: where the last sentence ends is looked at too
            np.take(table, codes, out=found[:-1], mode="clip")
            bounds = np.stack([first, first + lengths], axis=1) - first[0]
            sums = np.add.reduceat(found, bounds.ravel())[::2]
            scores[low : low + _BLOCK] = np.where(lengths > 0, sums, 0)

        in_threads(work, range(0, len(starts), _BLOCK))
        return scores

    @cached_property
    def _codes(self) -> "_Codes":
        wholes, keys, place_of_row = None, np.empty(0, np.int64), np.empty(0, np.int32)
        if self._wholes is not None:
            wholes, keys = WholeCodes.of(self._wholes), self._wholes.keys
            place_of_row = np.full(self.num_rows, -1, np.int32)
            place_of_row[keys] = np.arange(len(keys))
        return _Codes(self._words.numbers[:, 0], self._words.centroids[0], wholes, keys, place_of_row)


@dataclass(frozen=True, slots=True)
class _Codes:
    """The codes of words (W,), numbers of centroids (K, D), and of n sentence vectors.

    `keys` (n,) are the rows of the n, and `place_of_row` (W,) says which of them a row is, -1 where it is none.
    """

    words: Codes
    centroids: NDArray[np.float32]
    wholes: WholeCodes | None
    keys: NDArray[np.int64]
    place_of_row: NDArray[np.int32]


def _vectors(store: VectorStore, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    return widened(store.records(rows, 1)[:, 0])
