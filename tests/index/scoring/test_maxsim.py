"""The block-wise oracle against slow, obvious loops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from index.scoring.maxsim import best, region_scorer, score_captions, score_records, score_sentences
from index.values import Query


def slow_score(record: NDArray[np.float16], query: Query) -> float:
    rows = record.astype(np.float64)
    regions = rows if query.sentence is None else rows[:-1]
    total = 0.0
    for word in query.words:
        total += max(float(region @ word) for region in regions)
    return total if query.sentence is None else total + float(rows[-1] @ query.sentence)


@settings(deadline=None)
@given(
    sizes=st.tuples(st.integers(1, 9), st.integers(1, 5), st.integers(0, 4), st.integers(1, 7)),
    has_global=st.booleans(),
    block_records=st.integers(1, 10),
    seed=st.integers(0, 2**32 - 1),
)
def test_blocks_equal_loops_at_odd_sizes(
    sizes: tuple[int, int, int, int], has_global: bool, block_records: int, seed: int
) -> None:
    num_photos, num_regions, num_words, dimension = sizes
    rng = np.random.default_rng(seed)
    records = rng.standard_normal((num_photos, num_regions + has_global, dimension)).astype(np.float16)
    words = rng.standard_normal((num_words, dimension)).astype(np.float32)
    query = Query(words, rng.standard_normal(dimension).astype(np.float32) if has_global else None)
    blocks = [records[start : start + block_records] for start in range(0, num_photos, block_records)]
    expected = [slow_score(record, query) for record in records]
    np.testing.assert_allclose(
        np.concatenate([score_records(block, query) for block in blocks]), expected, rtol=1e-4, atol=1e-4
    )
    np.testing.assert_allclose(score_records(records, query), expected, rtol=1e-4, atol=1e-4)


@settings(deadline=None)
@given(
    num_words=st.lists(st.integers(0, 5), min_size=1, max_size=7),
    has_global=st.booleans(),
    gap=st.integers(0, 3),
    seed=st.integers(0, 2**32 - 1),
)
def test_sentences_equal_loops_whatever_lies_between_them(
    num_words: list[int], has_global: bool, gap: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    starts, row = [], 0
    for count in num_words:
        starts.append(row)
        row += count + has_global + gap
    rows = rng.standard_normal((row + 1, 6)).astype(np.float16)
    regions = rng.standard_normal((4, 6)).astype(np.float32)
    photo_vector = rng.standard_normal(6).astype(np.float32) if has_global else None
    expected = []
    for start, count in zip(starts, num_words, strict=True):
        score = sum(max(float(region @ word) for region in regions) for word in rows[start : start + count])
        expected.append(score + (float(rows[start + count] @ photo_vector) if photo_vector is not None else 0.0))
    scores = score_sentences(rows, np.array(starts), np.array(num_words), regions, photo_vector)
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-4)


@settings(deadline=None)
@given(
    sizes=st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(0, 4), st.integers(1, 7)),
    has_global=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_weighted_words_equal_loops(sizes: tuple[int, int, int, int], has_global: bool, seed: int) -> None:
    num_photos, num_regions, num_words, dimension = sizes
    rng = np.random.default_rng(seed)
    records = rng.standard_normal((num_photos, num_regions + has_global, dimension)).astype(np.float16)
    words = rng.standard_normal((num_words, dimension)).astype(np.float32)
    weights = rng.choice([-1.0, -0.5, 0.0, 0.5, 2.0], num_words).astype(np.float32)
    query = Query(words, rng.standard_normal(dimension).astype(np.float32) if has_global else None, weights)
    photos, regions = [], []
    for record in records.astype(np.float64):
        own = record[:num_regions]
        score = sum(float(w) * max(float(v @ word) for v in own) for w, word in zip(weights, words, strict=True))
        photos.append(score + (float(record[-1] @ query.sentence) if has_global else 0.0))
        regions.append([sum(float(w) * float(v @ word) for w, word in zip(weights, words, strict=True)) for v in own])
    np.testing.assert_allclose(score_records(records, query), photos, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(region_scorer(query, num_regions)(records), regions, rtol=1e-4, atol=1e-4)
    wanted = [word * w for w, word in zip(weights, words, strict=True) if w > 0]
    np.testing.assert_allclose(query.wanted_words, np.array(wanted).reshape(-1, dimension), rtol=1e-6)


def unit(row: NDArray[np.float16]) -> NDArray[np.float64]:
    length = float(np.linalg.norm(row.astype(np.float64)))
    return row.astype(np.float64) / length if length else row.astype(np.float64)


@settings(deadline=None)
@given(
    num_words=st.lists(st.integers(0, 5), min_size=1, max_size=7),
    num_query_words=st.integers(0, 4),
    has_global=st.booleans(),
    gap=st.integers(0, 3),
    seed=st.integers(0, 2**32 - 1),
)
def test_captions_equal_loops_whatever_lies_between_them(
    num_words: list[int], num_query_words: int, has_global: bool, gap: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    starts, row = [], 0
    for count in num_words:
        starts.append(row)
        row += count + has_global + gap
    rows = (rng.standard_normal((row + 1, 6)) * rng.uniform(0.1, 9, (row + 1, 1))).astype(np.float16)
    rows[rng.integers(len(rows))] = 0  # a vector without a direction answers nothing
    words = rng.standard_normal((num_query_words, 6)).astype(np.float32)
    query = Query(words, rng.standard_normal(6).astype(np.float32) if has_global else None)
    expected = []
    for start, count in zip(starts, num_words, strict=True):
        score = 0.0
        for word in query.words:
            score += max((float(unit(own) @ word) for own in rows[start : start + count]), default=0.0)
        expected.append(score + (float(unit(rows[start + count]) @ query.sentence) if has_global else 0.0))
    scores = score_captions(rows, np.array(starts), np.array(num_words), query)
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-4)


@settings(deadline=None)
@given(scores=st.lists(st.integers(-3, 3), max_size=30), limit=st.integers(0, 35), seed=st.integers(0, 99))
def test_best_equals_a_full_sort_with_ties_by_smaller_id(scores: list[int], limit: int, seed: int) -> None:
    ids = np.random.default_rng(seed).permutation(len(scores)) + 10
    pairs = sorted(zip(ids.tolist(), scores, strict=True), key=lambda pair: (-pair[1], pair[0]))
    assert best(np.array(scores, np.float32), ids, limit) == [(i, float(s)) for i, s in pairs[:limit]]


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_a_score_that_is_no_number_comes_last(limit: int) -> None:
    found = best(np.array([np.nan, 1, 2], np.float32), np.array([1, 2, 3]), limit)
    assert [number for number, _ in found] == [3, 2, 1][:limit]
