"""Approximate scores from short codes: which of a million photos, or sentences, are worth re-ranking.

Every region is known by the number of its nearest centroid (a code), and every global vector, of a photo or of a
sentence, by a few such codes. What a query scores with the centroids is worked out once; then an item costs one look-up
in a table for each of its codes, as in PLAID's centroid interaction.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.candidates.faiss_store import ProductCodes
from index.scoring.maxsim import products
from index.scoring.threads import in_threads
from index.values import Query

WORDS_AT_ONCE = 16
_LARGEST = 127  # of the eight bits
_ITEM = np.dtype(np.complex128)  # sixteen bytes that numpy takes in one piece; no number is ever read from it
_PHOTOS_AT_ONCE = 16_384  # what is worked on fits the cache of a core
_VECTORS_AT_ONCE = 65_536

CodeArray = NDArray[np.unsignedinteger[Any]]


@dataclass(frozen=True, slots=True)
class RegionCodes:
    """The codes of the regions of n photos: `codes` (R, n) are rows of `centroids` (K, D).

    One item of a query's table holds eight bits for each of up to sixteen words, so that one look-up and one maximum
    serve all words.
    """

    codes: CodeArray
    centroids: NDArray[np.float32]

    @classmethod
    def of(cls, regions: ProductCodes, num_regions: int) -> "RegionCodes":
        """Those of R regions a photo, one photo's after the other's."""
        return cls(np.ascontiguousarray(regions.codes.reshape(-1, num_regions).T), regions.centroids[0])

    def scores(self, query: Query, rows: NDArray[np.int64] | None = None) -> NDArray[np.float32]:
        """What regions have in the scores of all photos (n,), or of those at `rows` (m,).

        It is the sum over words of `maxsim.score_records`, with the centroids in the place of the regions.
        """
        tables = [_word_table(self.centroids, words, weights) for words, weights in _in_groups(query)]
        scores = np.zeros(self.codes.shape[1] if rows is None else len(rows), np.float32)

        def work(start: int) -> None:
            part = slice(start, min(start + _PHOTOS_AT_ONCE, len(scores)))
            for items, worth in tables:
                best = _best_of_regions(_indices(self.codes, part, rows), items, part.stop - start)
                scores[part] += products(best, worth[:, None])[:, 0]

        in_threads(work, range(0, len(scores), _PHOTOS_AT_ONCE))
        return scores


@dataclass(frozen=True, slots=True)
class GlobalCodes:
    """The codes of n global vectors in M pieces, each of which is one of 256 `centroids` (M, 256, D / M).

    `codes` are (M, n); or (M / 2, n), of two pieces each, so that one look-up serves both.
    """

    codes: CodeArray
    centroids: NDArray[np.float32]

    @classmethod
    def of(cls, stored: ProductCodes) -> "GlobalCodes":
        """Those of vectors with a byte for each piece."""
        codes = stored.codes
        pairs = codes.view("<u2") if codes.shape[1] % 2 == 0 else codes
        return cls(np.ascontiguousarray(pairs.T), stored.centroids)

    def scores(self, vector: NDArray[np.float32], rows: NDArray[np.int64] | None = None) -> NDArray[np.float32]:
        """The products of a vector (D,) with all those known (n,), or with those at `rows` (m,), about."""
        tables = self._tables(vector)
        scores = np.zeros(self.codes.shape[1] if rows is None else len(rows), np.float32)

        def work(start: int) -> None:
            part = slice(start, min(start + _VECTORS_AT_ONCE, len(scores)))
            products_of_piece = np.empty(part.stop - start, np.float32)
            for table, codes in zip(tables, _indices(self.codes, part, rows), strict=True):
                scores[part] += np.take(table, codes, out=products_of_piece, mode="clip")

        in_threads(work, range(0, len(scores), _VECTORS_AT_ONCE))
        return scores

    def _tables(self, vector: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """What the pieces of a vector (D,) score with the centroids that each row of `codes` names."""
        pieces = vector.astype(np.float32).reshape(len(self.centroids), -1)
        tables = [centroids @ piece for centroids, piece in zip(self.centroids, pieces, strict=True)]
        if len(self.codes) == len(tables):
            return tables
        return [np.add.outer(high, low).ravel() for low, high in zip(tables[::2], tables[1::2], strict=True)]


def _indices(codes: CodeArray, part: slice, rows: NDArray[np.int64] | None) -> Iterator[NDArray[np.intp]]:
    """Each row of codes (m, n), a part of it or of its `rows`, in numpy's own type of index, always in one array."""
    indices = np.empty(part.stop - part.start, np.intp)
    for row in codes:
        indices[:] = row[part] if rows is None else row.take(rows[part])
        yield indices


def _in_groups(query: Query) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Words (T, D) and their weights (T,), as many together as one look-up serves, the ones that count most first."""
    weights = np.ones(len(query.words), np.float32) if query.weights is None else query.weights.astype(np.float32)
    order = np.argsort(-np.linalg.norm(query.words, axis=1) * np.abs(weights), kind="stable")
    starts = range(0, len(order), WORDS_AT_ONCE)
    return [(query.words[rows], weights[rows]) for rows in (order[start : start + WORDS_AT_ONCE] for start in starts)]


def _word_table(
    centroids: NDArray[np.float32], words: NDArray[np.float32], weights: NDArray[np.float32]
) -> tuple[NDArray[np.complex128], NDArray[np.float32]]:
    """What words (T, D) score with centroids, in K items of sixteen bytes, and what a unit of each byte is worth."""
    scores = products(centroids, np.ascontiguousarray(words.T, np.float32))  # (K, T)
    unit = np.maximum(np.abs(scores).max(axis=0), 1e-12) / _LARGEST  # (T,)
    table = np.zeros((len(centroids), WORDS_AT_ONCE), np.int8)
    table[:, : len(words)] = np.rint(scores / unit)
    worth = np.zeros(WORDS_AT_ONCE, np.float32)
    worth[: len(words)] = unit * weights
    return table.view(_ITEM).ravel(), worth


def _best_of_regions(
    regions: Iterator[NDArray[np.intp]], items: NDArray[np.complex128], num_photos: int
) -> NDArray[np.float32]:
    """For each photo, given region after region (n,), and each byte of the items, the largest: (n, 16)."""
    best, other = np.empty((2, num_photos), items.dtype)
    best_bytes, other_bytes = best.view(np.int8), other.view(np.int8)
    np.take(items, next(regions), out=best, mode="clip")  # "clip" writes straight into `out`
    for codes in regions:
        np.take(items, codes, out=other, mode="clip")
        np.maximum(best_bytes, other_bytes, out=best_bytes)
    values: NDArray[np.float32] = best_bytes.reshape(-1, WORDS_AT_ONCE).astype(np.float32)
    return values
