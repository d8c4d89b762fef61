"""Nearest-neighbour candidates among very many sentences: which are worth re-ranking by the exact score for a photo.

The photo's best region is worked out once for each of the K centroids of words: a sentence then costs one look-up in a
table for each of its words. Sentence vectors are known as photo vectors are, first in sixteen bytes and then, for the
best so far, in eight bits a component.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from index.candidates.code_scores import CodeArray, GlobalCodes
from index.candidates.codebooks import REFINED_PER_CANDIDATE, has_drifted, num_bits, train_global_codes, training_rows
from index.candidates.faiss_store import Codes, KeyedProductCodes, ProductCodes, ScalarCodes
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

    def __init__(
        self, words: ProductCodes, coarse: KeyedProductCodes | None = None, fine: ScalarCodes | None = None
    ) -> None:
        self._words = words
        self._coarse = coarse
        self._fine = fine

    @classmethod
    def trained(cls, sentences: StoredSentences, spec: BuildSpec) -> "SentenceIndex":
        """One for sentences like these that knows none of them yet."""
        store, global_rows = sentences.store, sentences.global_rows
        words_mask = np.ones(store.num_rows, bool)
        if spec.has_global:
            words_mask[global_rows] = False
        words = np.flatnonzero(words_mask)
        bits = num_bits(len(words))
        word_codes = ProductCodes.trained(_vectors(store, words[training_rows(len(words), bits)]), 1, bits)
        if not spec.has_global:
            return cls(word_codes)
        coarse, fine = train_global_codes(_vectors(store, global_rows[training_rows(len(global_rows))]))
        return cls(word_codes, KeyedProductCodes.of(coarse), fine)

    @classmethod
    def of_codes(cls, codes: Sequence[Codes]) -> "SentenceIndex | None":
        """That of the codes in a file, None where they are not those of one."""
        match codes:
            case [ProductCodes() as words]:
                return cls(words)
            case [ProductCodes() as words, KeyedProductCodes() as coarse, ScalarCodes() as fine]:
                return cls(words, coarse, fine) if len(coarse) == len(fine) else None
        return None

    @property
    def codes(self) -> list[Codes]:
        """What belongs in a file, in order."""
        return [codes for codes in (self._words, self._coarse, self._fine) if codes is not None]

    @property
    def num_rows(self) -> int:
        """The rows of the store that it knows."""
        return len(self._words)

    def outgrown(self, sentences: StoredSentences) -> bool:
        """Whether the words of sentences call for other centroids, see `PhotoIndex.outgrown`."""
        store = sentences.store
        num_words = store.num_rows - (0 if self._coarse is None else len(sentences.starts))
        if num_bits(num_words) >= self._words.bits + 2:
            return True

        def words(rows: NDArray[np.int64]) -> NDArray[np.float32]:
            # Sentence vectors are many times as long, and would count for most of the error.
            return _vectors(store, rows if self._coarse is None else np.setdiff1d(rows, sentences.global_rows))

        return has_drifted(self._words, self.num_rows, store.num_rows, _DRIFT_SAMPLE, words)

    def catch_up(self, sentences: StoredSentences, keep: Callable[[], object] | None = None) -> None:
        """Add the rows of the store that it does not know; `keep` is called from time to time."""
        self.__dict__.pop("_tables", None)
        global_rows, kept = sentences.global_rows, self.num_rows
        for first_row, rows in sentences.store.segments():
            for start in range(max(0, self.num_rows - first_row), len(rows), _ROWS_AT_ONCE):
                if keep is not None and self.num_rows - kept >= _KEPT_EVERY:
                    keep()
                    kept = self.num_rows
                block, first = widened(rows[start : start + _ROWS_AT_ONCE]), first_row + start
                self._words.add(block)
                if self._coarse is not None and self._fine is not None:
                    low, high = np.searchsorted(global_rows, [first, first + len(block)])
                    vectors = block[global_rows[low:high] - first]
                    self._coarse.add_keyed(vectors, global_rows[low:high])
                    self._fine.add(vectors)

    def candidates(
        self,
        regions: NDArray[np.float32],
        photo_vector: NDArray[np.float32] | None,
        count: int,
        starts: NDArray[np.int64],
        num_words: NDArray[np.int64],
    ) -> NDArray[np.int64]:
        """Which of some sentences (N,) are most worth re-ranking for a photo: about `count`, ascending.

        The photo is given by its regions (R, D) and, with a global term, its photo vector (D,). Sentences that were
        added since are always among them.
        """
        known, positions = self._known(starts, num_words)
        scores = self._by_words(regions, starts[known], num_words[known])
        coarse = self._tables.coarse
        if coarse is None or self._fine is None or photo_vector is None:
            rows = best_rows(scores, count)
        else:
            rows = best_rows(scores + coarse.scores(photo_vector)[positions], REFINED_PER_CANDIDATE * count)
            rows = rows[best_rows(scores[rows] + self._fine.scores(photo_vector, positions[rows]), count)]
        chosen_mask = np.ones(len(starts), bool)
        chosen_mask[known] = False
        chosen_mask[known[rows]] = True
        return np.flatnonzero(chosen_mask)

    def _known(
        self, starts: NDArray[np.int64], num_words: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Which of some sentences are known (n,), and where their sentence vectors stand among those known (n,)."""
        ends = starts + num_words
        if self._coarse is None:
            known = np.flatnonzero(ends <= self.num_rows)
            return known, np.empty(0, np.int64)
        if np.array_equal(ends, self._tables.keys):
            every = np.arange(len(ends))
            return every, every
        known = np.flatnonzero(ends < self.num_rows)
        positions = self._tables.position_of_row[ends[known]]
        there_mask = positions >= 0
        return known[there_mask], positions[there_mask].astype(np.int64)

    def _by_words(
        self, regions: NDArray[np.float32], starts: NDArray[np.int64], num_words: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """What the words of sentences (n,) find in a photo's regions (R, D), by their codes: (n,)."""
        table = products(self._tables.centroids, np.ascontiguousarray(regions.T)).max(axis=1)  # (K,)
        scores = np.empty(len(starts), np.float32)

        def work(low: int) -> None:
            first, lengths = starts[low : low + _BLOCK], num_words[low : low + _BLOCK]
            codes = self._tables.words[first[0] : (first + lengths).max() + 1].astype(np.intp)
            by_word = np.zeros(len(codes) + 1, np.float32)  # one more: where the last sentence ends is read too
            np.take(table, codes, out=by_word[:-1], mode="clip")
            bounds = np.stack([first, first + lengths], axis=1) - first[0]
            sums = np.add.reduceat(by_word, bounds.ravel())[::2]
            scores[low : low + _BLOCK] = np.where(lengths > 0, sums, 0)

        in_threads(work, range(0, len(starts), _BLOCK))
        return scores

    @cached_property
    def _tables(self) -> "_Tables":
        coarse, keys, position_of_row = None, np.empty(0, np.int64), np.empty(0, np.int32)
        if self._coarse is not None:
            coarse, keys = GlobalCodes.of(self._coarse), self._coarse.keys
            position_of_row = np.full(self.num_rows, -1, np.int32)
            position_of_row[keys] = np.arange(len(keys))
        return _Tables(self._words.codes[:, 0], self._words.centroids[0], coarse, keys, position_of_row)


@dataclass(frozen=True, slots=True)
class _Tables:
    """The codes of words (W,), rows of centroids (K, D), and of n sentence vectors.

    `keys` (n,) are the rows of the n, and `position_of_row` (W,) says which of them a row is, -1 where it is none.
    """

    words: CodeArray
    centroids: NDArray[np.float32]
    coarse: GlobalCodes | None
    keys: NDArray[np.int64]
    position_of_row: NDArray[np.int32]


def _vectors(store: VectorStore, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    return widened(store.records(rows, 1)[:, 0])
