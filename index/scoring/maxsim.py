"""The exact score, block by block in numpy: the oracle that every approximate answer is measured against.

score(photo, sentence) = sum over words t of weight_t · max over regions i of region_i · word_t,
plus photo_vector · sentence_vector where the model has a global term. The weights are 1 unless a query says otherwise.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.store.half_precision import widened
from index.values import Query

BLOCK_BYTES = 32 * 2**20
_MOST_IN_A_PRODUCT = 250_000  # multiplications; above 262,144 OpenBLAS begins threads

Scorer = Callable[[NDArray[np.floating]], NDArray[np.float32]]
"""Scores of a block of records."""


def records_per_block(rows_per_record: int, dimension: int) -> int:
    """How many records fit in one block of float32, at least one."""
    return max(1, BLOCK_BYTES // (4 * rows_per_record * dimension))


def score_records(block: NDArray[np.floating], query: Query) -> NDArray[np.float32]:
    """The scores (n,) of a block of records (n, S, D), whose last row is the photo vector if `query.sentence` is given.

    >>> block = np.array([[[1, 0], [0, 2]]], np.float16)  # one photo, R = 2, D = 2
    >>> words = np.array([[3, 0], [1, 1]], np.float32)  # T = 2
    >>> score_records(block, Query(words)).tolist()  # max(3, 0) + max(1, 2)
    [5.0]
    """
    return record_scorer(query)(block)


def record_scorer(query: Query) -> Scorer:
    """`score_records` for many blocks and one query."""
    num_words = len(query.words)
    # The sentence vector is one more column: one product, and no copy of the block without its photo vectors.
    rows = query.words if query.sentence is None else np.vstack([query.words, query.sentence[None]])
    columns = np.ascontiguousarray(rows.T, np.float32)  # (D, T) or (D, T + 1)

    def score(block: NDArray[np.floating]) -> NDArray[np.float32]:
        similarities = _of_records(block, columns)  # (n, S, T) or (n, S, T + 1)
        num_regions = block.shape[1] - (query.sentence is not None)
        scores = _summed(_best_region(similarities[:, :num_regions])[:, :num_words], query)  # (n,)
        if query.sentence is not None:
            scores = scores + similarities[:, num_regions, num_words]
        return np.asarray(scores, np.float32)

    return score


def region_scorer(query: Query, num_regions: int) -> Scorer:
    """What each region of records (n, S, D) scores alone, (n, R): sum over words t of weight_t · region · word_t.

    The photo vector counts for no region.

    >>> block = np.array([[[1, 0], [0, 2]]], np.float16)
    >>> region_scorer(Query(np.array([[3, 0], [1, 1]], np.float32)), num_regions=2)(block).tolist()
    [[4.0, 2.0]]
    """
    column = whole_query(query)[:, None]
    return lambda block: _of_records(block[:, :num_regions], column)[:, :, 0]


def _of_records(block: NDArray[np.floating], columns: NDArray[np.float32]) -> NDArray[np.float32]:
    """Records (n, S, D) times columns (D, C): (n, S, C)."""
    rows = block.reshape(-1, block.shape[2])
    return products(rows, columns).reshape(*block.shape[:2], columns.shape[1])


def products(rows: NDArray[Any], columns: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows (W, D) times columns (D, C): (W, C), a few rows at a time.

    So few that BLAS does not divide them among threads of its own. These would go on for a while after the product,
    waiting for another, and take the processor from our threads: a search took half as long again.
    """
    values = widened(rows) if rows.dtype == np.float16 else rows.astype(np.float32, copy=False)
    dimension, width = columns.shape
    out = np.empty((len(rows), width), np.float32)
    if not width:
        return out
    at_once = max(1, _MOST_IN_A_PRODUCT // columns.size)
    whole = len(rows) // at_once * at_once
    np.matmul(values[:whole].reshape(-1, at_once, dimension), columns, out=out[:whole].reshape(-1, at_once, width))
    np.matmul(values[whole:], columns, out=out[whole:])
    return out


def _best_region(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """The largest over regions of (n, R, C): (n, C), from halves of the regions, which is quicker than one by one."""
    while (count := scores.shape[1]) > 1:
        scores = np.maximum(scores[:, : count - count // 2], scores[:, count // 2 :])
    return scores[:, 0]


def whole_query(query: Query) -> NDArray[np.float32]:
    """The vector (D,) whose product with a region is the region's own score."""
    total: NDArray[np.float32] = _summed(query.words.T, query).astype(np.float32)
    return total


def _summed(values: NDArray[np.floating], query: Query) -> NDArray[np.floating]:
    """Values (…, T) of words, summed with the weights of the query: (…)."""
    total: NDArray[np.floating] = values.sum(axis=-1) if query.weights is None else values @ query.weights
    return total


def score_sentences(
    rows: NDArray[np.floating],
    starts: NDArray[np.int64],
    num_words: NDArray[np.int64],
    regions: NDArray[np.float32],
    photo_vector: NDArray[np.float32] | None,
) -> NDArray[np.float32]:
    """The scores (n,) of sentences for one photo: regions (R, D) and, with a global term, its photo vector (D,).

    `rows` is (W, D); the words of sentence i are rows[starts[i] : starts[i] + num_words[i]], and with a global term the
    row after them is its sentence vector.
    """
    best_region = products(rows, np.ascontiguousarray(regions.T)).max(axis=1)  # (W, D) @ (D, R) -> (W,)
    owners = np.repeat(np.arange(len(starts)), num_words)
    sums = np.bincount(owners, weights=best_region[runs(starts, num_words)], minlength=len(starts))
    scores = np.asarray(sums, np.float32)
    if photo_vector is not None:
        scores += products(rows[starts + num_words], photo_vector[:, None])[:, 0]
    return scores


def score_captions(
    rows: NDArray[np.floating], starts: NDArray[np.int64], num_words: NDArray[np.int64], query: Query
) -> NDArray[np.float32]:
    """How well sentences answer a query, (n,): the score of a photo with the sentence's words in place of its regions.

    score(sentence, query) = sum over words t of the query of weight_t · max over words j of the sentence of ĉ_j · q_t,
    plus ĉ · q where the model has a global term. ĉ are the sentence's rows, given as in `score_sentences`, at unit
    length: the lengths of words are weights in a query, and a sentence in the place of a photo has none.
    """
    unit = at_unit_length(rows)
    word_rows = unit[runs(starts, num_words)]
    scores = np.zeros(len(starts), np.float32)
    filled = np.flatnonzero(num_words)
    if len(filled):
        firsts = (np.cumsum(num_words) - num_words)[filled]
        scored = products(word_rows, np.ascontiguousarray(query.words.T))  # (W, T)
        best_word = np.maximum.reduceat(scored, firsts, axis=0)  # (n, T)
        scores[filled] = _summed(best_word, query)
    if query.sentence is not None:
        scores = scores + products(unit[starts + num_words], query.sentence[:, None])[:, 0]
    return scores.astype(np.float32)


def at_unit_length(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    """Vectors (…, D) at length 1; a vector of zeros stays one.

    >>> at_unit_length(np.array([[3, 4], [0, 0]], np.float16)).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]
    """
    values = vectors.astype(np.float32)
    unit: NDArray[np.float32] = values / np.maximum(np.linalg.norm(values, axis=-1, keepdims=True), np.float32(1e-12))
    return unit


def runs(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers of all rows of runs, one run after the other.

    >>> runs(np.array([5, 0]), np.array([2, 1])).tolist()
    [5, 6, 0]
    """
    before = np.cumsum(lengths) - lengths
    rows: NDArray[np.int64] = np.arange(lengths.sum()) - np.repeat(before - starts, lengths)
    return rows


def best_rows(scores: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """The rows of the `count` largest scores (n,), ascending.

    >>> best_rows(np.array([3, 1, 2], np.float32), 2).tolist()
    [0, 2]
    """
    if count >= len(scores):
        return np.arange(len(scores))
    rows: NDArray[np.int64] = np.sort(np.argpartition(-scores, count)[:count])
    return rows


def best(scores: NDArray[np.float32], ids: NDArray[np.int64], limit: int) -> list[tuple[int, float]]:
    """The `limit` best (id, score), best first; equal scores in order of id. A score that is no number comes last.

    >>> best(np.array([1, 2, 2], np.float32), np.array([7, 9, 8]), limit=2)
    [(8, 2.0), (9, 2.0)]
    """
    kept_rows = at_least_best(scores, limit)
    ranked = _ranked(scores[kept_rows])
    order = np.lexsort((ids[kept_rows], -ranked))[:limit]
    return [(int(ids[kept_rows[row]]), float(ranked[row])) for row in order]


def at_least_best(scores: NDArray[np.float32], limit: int) -> NDArray[np.int64]:
    """The rows of scores (n,) of at least the `limit`-th largest, ascending: more of them where scores are equal.

    >>> at_least_best(np.array([1, 2, 2, 3], np.float32), limit=2).tolist()
    [1, 2, 3]
    """
    if limit <= 0:
        return np.empty(0, np.int64)
    if limit >= len(scores):
        return np.arange(len(scores))
    ranked = _ranked(scores)
    threshold = np.partition(ranked, len(ranked) - limit)[len(ranked) - limit]
    return np.flatnonzero(ranked >= threshold)


def distinct(ascending: NDArray[np.int64]) -> NDArray[np.int64]:
    """Numbers (n,), none below zero and none smaller than the one before it, each once.

    NumPy's own ``unique`` sorts them, and imports masked arrays, which takes a search longer than all it scores.

    >>> distinct(np.array([0, 0, 2, 3, 3])).tolist()
    [0, 2, 3]
    """
    firsts: NDArray[np.int64] = ascending[np.diff(ascending, prepend=-1) != 0]
    return firsts


def _ranked(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scores (n,), where one that is no number comes last."""
    return np.where(np.isnan(scores), np.float32(-np.inf), scores)
