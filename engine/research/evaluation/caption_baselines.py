"""What captions are compared with: sentences of the training photos, and what people agree on among themselves."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.research.evaluation.cider import DEVIATION, MAX_ORDER, SCALE, Cider
from index.scoring.maxsim import at_unit_length

BLOCK = 500
NUM_NEAREST = 60  # photos, k of Devlin et al.
NUM_ALIKE = 125  # sentences, their m


def nearest(
    own: NDArray[np.float16],
    others: NDArray[np.float16],
    count: int,
    own_photos: NDArray[np.int64] | None = None,
    other_photos: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """The rows of the ``count`` nearest of ``others`` (n, C) by cosine, for each of ``own`` (B, C), nearest first.

    Args:
        own: features to find others for.
        others: n ≥ ``count`` features.
        count: how many.
        own_photos: (B,), where both are of the same split: what is of the same photo comes last.
        other_photos: (n,).

    Returns:
        (B, ``count``).
    """
    found = []
    known = at_unit_length(others).T
    for start in range(0, len(own), BLOCK):
        likeness = at_unit_length(own[start : start + BLOCK]) @ known  # (b, n)
        if own_photos is not None and other_photos is not None:
            likeness[own_photos[start : start + BLOCK, None] == other_photos[None]] = -np.inf
        best = np.argpartition(-likeness, count - 1, axis=1)[:, :count]
        order = np.argsort(-np.take_along_axis(likeness, best, axis=1), axis=1, kind="stable")
        found.append(np.take_along_axis(best, order, axis=1))
    return np.concatenate(found)


class Consensus:
    """Chooses among sentences the one that is most like the others (Devlin et al. 2015, by CIDEr-D).

    Args:
        cider: tells how rare each n-gram is.
        sentences: the N that are chosen among, as word numbers.
    """

    def __init__(self, cider: Cider, sentences: Sequence[Sequence[int]]) -> None:
        self._lengths = np.array([max(0, len(words) - 1) for words in sentences])  # in bigrams
        self._columns: dict[tuple[int, ...], int] = {}
        self._rows = [self._row(cider, words) for words in sentences]

    def _row(self, cider: Cider, words: Sequence[int]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """A sentence as columns (U,), and what it has in them as a candidate and as a reference (2, U).

        CIDEr-D of counts h and r is min(h, r) · r, which is the sum over k = 1, 2, … of [h ≥ k] · [r ≥ k] · r. So with
        a column for each n-gram and k the CIDEr-D of all pairs of sentences is one matrix product.
        """
        columns: list[int] = []
        values: list[tuple[float, float]] = []
        for order in range(1, MAX_ORDER + 1):
            counts = Counter(tuple(words[i : i + order]) for i in range(len(words) - order + 1))
            weights = {gram: cider.weight(gram) for gram in counts}
            norm = sum((count * weights[gram]) ** 2 for gram, count in counts.items()) ** 0.5
            if not norm:
                continue
            for gram, count in counts.items():
                weight = weights[gram] / norm
                for k in range(1, count + 1):
                    columns.append(self._columns.setdefault((k, *gram), len(self._columns)))
                    values.append((weight, count * weight))
        return np.array(columns, dtype=np.int64), np.array(values, dtype=np.float32).reshape(-1, 2).T

    def likeness(self, rows: Sequence[int] | NDArray[np.int64]) -> NDArray[np.float32]:
        """CIDEr-D (n, n) of each of the sentences ``rows`` with each other one as its only reference; 0 with itself."""
        chosen = [self._rows[row] for row in rows]
        columns = np.concatenate([columns for columns, _ in chosen])
        sentence = np.repeat(np.arange(len(chosen)), [len(columns) for columns, _ in chosen])
        values = np.concatenate([values for _, values in chosen], axis=1)
        _, place, counts = np.unique(columns, return_inverse=True, return_counts=True)
        shared = counts > 1  # what one sentence has alone makes it like no other
        place_of_shared = np.cumsum(shared) - 1
        kept = shared[place]
        sides = np.zeros((2, len(chosen), int(shared.sum())), dtype=np.float32)
        sides[:, sentence[kept], place_of_shared[place[kept]]] = values[:, kept]
        lengths = self._lengths[np.asarray(rows)].astype(np.float32)
        penalty = np.exp(-((lengths[:, None] - lengths[None]) ** 2) / (2 * DEVIATION**2))
        alike: NDArray[np.float32] = sides[0] @ sides[1].T * penalty * np.float32(SCALE / MAX_ORDER)
        np.fill_diagonal(alike, 0.0)
        return alike

    def choose(self, rows: Sequence[int] | NDArray[np.int64], num_alike: int = NUM_ALIKE) -> int:
        """The one of the sentences ``rows`` with the greatest sum of likeness to the ``num_alike`` most like it."""
        alike = self.likeness(rows)
        num_alike = min(num_alike, len(alike))
        sums = np.partition(alike, len(alike) - num_alike, axis=1)[:, len(alike) - num_alike :].sum(axis=1)
        return int(rows[int(sums.argmax())])


def first_against_others(
    references: Sequence[Sequence[Sequence[str]]],
) -> tuple[list[int], list[Sequence[str]], list[Sequence[Sequence[str]]]]:
    """What people agree on: the first sentence of each photo or region, and the others as its references.

    Those with one sentence are left out.

    Returns:
        the rows that are left, their first sentences, and the others.

    >>> first_against_others([[["a", "dog"], ["dogs"]], [["a", "cat"]]])
    ([0], [['a', 'dog']], [[['dogs']]])
    """
    rows = [row for row, sentences in enumerate(references) if len(sentences) > 1]
    return rows, [references[row][0] for row in rows], [references[row][1:] for row in rows]


def best_products(vectors: NDArray[np.float32], candidates: NDArray[np.float32]) -> NDArray[np.int64]:
    """For each of M vectors (M, D) the row (M,) of the candidate (n, D) with the largest dot product."""
    return np.concatenate([
        (vectors[start : start + BLOCK] @ candidates.T).argmax(axis=1) for start in range(0, len(vectors), BLOCK)
    ])  # fmt: skip
