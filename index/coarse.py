"""Approximate scores of all photos from short codes: which of a million are worth an exact look.

Every region is known by the number of the centroid nearest to it, and every photo vector by a few such numbers, one a
level. What the words of a query score with the K centroids is worked out once; then a photo costs a look into a table
for each of its regions. One item of the table holds eight bits for each of up to sixteen words, so that one look and
one maximum serve all words. No photo is passed over, so a filter, however narrow, costs no recall.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.exact import products
from index.threads import in_threads
from index.values import Query

WORDS_AT_ONCE = 16
_LARGEST = 127  # of the eight bits
_ITEM = np.dtype(np.complex128)  # sixteen bytes that numpy takes in one piece; no number is ever read from it
_BLOCK = 16_384  # photos: what is worked on fits the cache of a core


@dataclass(frozen=True, slots=True)
class Codes:
    """What is known of n photos, as numbers of centroids, in numpy's own type of index.

    `regions` (R, n) into `centroids` (K, D); `photos` (L, n) into `levels` (L, k, D / L), each of which stands for its
    part of the photo vector, or none.
    """

    regions: NDArray[np.intp]
    centroids: NDArray[np.float32]
    photos: NDArray[np.intp]
    levels: NDArray[np.float32]

    @property
    def num_photos(self) -> int:
        """How many photos there are."""
        return len(self.regions[0])

    def only(self, rows: NDArray[np.int64]) -> "Codes":
        """Those of some photos (m,)."""
        return Codes(self.regions[:, rows], self.centroids, self.photos[:, rows], self.levels)

    def scores(self, query: Query) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The approximate scores (n,): those of `exact.score_records` with the centroids in the place of vectors.

        And what the regions alone have in them (n,): all but the photo vector's part.
        """
        tables = [_word_table(self.centroids, words, weights) for words, weights in _in_groups(query)]
        photo_tables = self._photo_tables(query)
        by_regions = np.zeros(self.num_photos, np.float32)
        scores = np.empty_like(by_regions) if photo_tables else by_regions

        def work(start: int) -> None:
            part = slice(start, min(start + _BLOCK, self.num_photos))
            for items, weights in tables:
                by_regions[part] += products(_best_of_regions(self.regions[:, part], items), weights[:, None])[:, 0]
            if photo_tables:
                scores[part] = by_regions[part]
                add_levels(scores[part], photo_tables, self.photos[:, part])

        in_threads(work, range(0, self.num_photos, _BLOCK))
        return scores, by_regions

    def _photo_tables(self, query: Query) -> list[NDArray[np.float32]]:
        """What the sentence vector scores with the centroids of each level: L tables (k,), or none."""
        if query.sentence is None or query.by_regions or not len(self.levels):
            return []
        return level_tables(self.levels, query.sentence)


def level_tables(levels: NDArray[np.float32], vector: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """What the parts of a vector (D,) score with the centroids of each level (L, k, D / L): L tables (k,)."""
    parts = vector.reshape(len(levels), -1)
    return [np.ascontiguousarray(level @ part, np.float32) for level, part in zip(levels, parts, strict=True)]


def add_levels(scores: NDArray[np.float32], tables: Sequence[NDArray[np.float32]], numbers: NDArray[np.intp]) -> None:
    """Add to scores (n,) what L tables (k,) say of the numbers (L, n) of vectors."""
    for table, level in zip(tables, numbers, strict=True):
        scores += np.take(table, level, mode="clip")


def _in_groups(query: Query) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Words (T, D) and their weights (T,), as many together as one look serves, the ones that count most first."""
    weights = np.ones(len(query.words), np.float32) if query.weights is None else query.weights.astype(np.float32)
    order = np.argsort(-np.linalg.norm(query.words, axis=1) * np.abs(weights), kind="stable")
    starts = range(0, len(order), WORDS_AT_ONCE)
    return [(query.words[rows], weights[rows]) for rows in (order[at : at + WORDS_AT_ONCE] for at in starts)]


def _word_table(
    centroids: NDArray[np.float32], words: NDArray[np.float32], weights: NDArray[np.float32]
) -> tuple[NDArray[np.complex128], NDArray[np.float32]]:
    """What words (T, D) score with centroids, in K items of sixteen bytes, and what a unit of each byte is worth."""
    scores = centroids @ words.T  # (K, T)
    unit = np.maximum(np.abs(scores).max(axis=0), 1e-12) / _LARGEST  # (T,)
    table = np.zeros((len(centroids), WORDS_AT_ONCE), np.int8)
    table[:, : len(words)] = np.rint(scores / unit)
    worth = np.zeros(WORDS_AT_ONCE, np.float32)
    worth[: len(words)] = unit * weights
    return table.view(_ITEM).ravel(), worth


def _best_of_regions(codes: NDArray[np.intp], items: NDArray[np.complex128]) -> NDArray[np.float32]:
    """For each photo of codes (R, n) and each byte of the items, the largest of its regions: (n, 16)."""
    best = np.take(items, codes[0], mode="clip")
    other = np.empty_like(best)
    best_bytes, other_bytes = best.view(np.int8), other.view(np.int8)
    for region in codes[1:]:
        np.take(items, region, out=other, mode="clip")  # "clip" writes straight into `out`
        np.maximum(best_bytes, other_bytes, out=best_bytes)
    values: NDArray[np.float32] = best_bytes.reshape(-1, WORDS_AT_ONCE).astype(np.float32)
    return values
