"""Viterbi finds what trying every assignment finds."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.alignment.segments import best_assignment, segments


def energy(unary, beta, assignment):
    """Eqs. 10–12, to be maximised."""
    kept = sum(a == b for a, b in pairwise(assignment))
    return sum(unary[j, region] for j, region in enumerate(assignment)) + beta * kept


@given(st.integers(1, 5), st.integers(1, 4), st.floats(0, 3), st.integers(0, 2**31))
@settings(max_examples=60, deadline=None)
def test_no_assignment_is_better(num_words, num_regions, beta, seed):
    unary = np.random.default_rng(seed).normal(size=(num_words, num_regions)).astype(np.float32)
    found = energy(unary, beta, list(best_assignment(unary, beta)))
    best = max(energy(unary, beta, choice) for choice in product(range(num_regions), repeat=num_words))
    assert found == pytest.approx(best, abs=1e-5)


def test_beta_zero_is_an_argmax_a_word_and_infinity_one_region_for_the_sentence():
    unary = np.random.default_rng(5).normal(size=(9, 6)).astype(np.float32)
    assert best_assignment(unary, 0.0).tolist() == unary.argmax(axis=1).tolist()
    assert set(best_assignment(unary, float("inf"))) == {int(unary.sum(axis=0).argmax())}


def test_segments_cover_the_sentence_in_order_without_overlap():
    unary = np.random.default_rng(6).normal(size=(12, 5)).astype(np.float32)
    found = list(segments(unary, 0.7))
    assert [word for s in found for word in range(s.start, s.end)] == list(range(12))
    assert all(a.region != b.region for a, b in pairwise(found))
    assert sum(s.score for s in found) == pytest.approx(
        sum(unary[j, region] for j, region in enumerate(best_assignment(unary, 0.7))), abs=1e-5
    )
