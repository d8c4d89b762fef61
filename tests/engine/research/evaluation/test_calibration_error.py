"""Fitted probabilities hold where the truth is known; hits, errors and cuts are those of the obvious loop."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from engine.errors import DatasetError
from engine.research.data.caption_sets import CaptionedImage, CaptionSet, load_captions
from engine.research.evaluation.calibration_error import (
    answers_at,
    cross_fitted_error,
    expected_calibration_error,
    reliability,
)
from engine.research.evaluation.hits import Hits, Queries, ScoredQueries, first_hits, queries_of
from engine.research.training.calibrate import choose_cut, fit

TRUE_WEIGHTS, TRUE_BIAS = np.array([2.0, -2.0, 0.5, 0.0, 1.0, 0.0, 0.0, 1.5, 0.0, -0.5]), -1.0


def drawn_hits(num_queries: int, seed: int) -> Hits:
    """Hits whose features decide by a known formula how likely each is right."""
    random = np.random.default_rng(seed)
    features = random.normal(size=(10, num_queries, 10))
    likely = 1 / (1 + np.exp(-(features @ TRUE_WEIGHTS + TRUE_BIAS)))
    return Hits(features, random.random(likely.shape) < likely, np.full(num_queries, "sentence"))


def scored_queries(num_photos: int, num_queries: int, seed: int = 0) -> ScoredQueries:
    """Queries that score their own photo higher than others, mostly."""
    random = np.random.default_rng(seed)
    matches = np.arange(num_queries)[None, :] % num_photos == np.arange(num_photos)[:, None]
    scores = (random.normal(size=matches.shape) + 2.0 * matches).astype(np.float32)
    background = random.normal(size=(16, num_queries)).astype(np.float32)
    queries = Queries(("a",) * num_queries, matches, np.full(num_queries, "sentence"))
    num_words, rarest = random.integers(1, 12, num_queries), random.integers(0, 99, num_queries)
    return ScoredQueries(queries, scores, background, num_words, rarest)


def test_the_fit_finds_the_formula_that_drew_the_hits() -> None:
    fitted = fit([drawn_hits(4000, 1)])
    np.testing.assert_allclose(fitted.weights, TRUE_WEIGHTS, atol=0.25)  # the penalty makes them a little smaller
    assert fitted.bias == pytest.approx(TRUE_BIAS, abs=0.15)
    unseen = drawn_hits(4000, 2)
    predicted = fitted(unseen.features)
    assert expected_calibration_error(reliability(predicted.ravel(), unseen.right.ravel())) < 0.02


def test_what_is_taken_off_all_scores_of_a_text_changes_no_probability() -> None:
    """As the bank of photos does, by other amounts for texts of another kind than those that were fitted to."""
    scored = scored_queries(60, 200)
    hits = first_hits(scored, np.arange(60), np.ones(200, bool), removed=False)
    fitted = fit([hits])
    offsets = np.random.default_rng(1).normal(size=200).astype(np.float32)
    moved = replace(scored, scores=scored.scores + offsets, background=scored.background + offsets)
    again = first_hits(moved, np.arange(60), np.ones(200, bool), removed=False)
    np.testing.assert_allclose(fitted(again.features), fitted(hits.features), atol=1e-4)


def test_a_library_counts_as_much_as_it_should() -> None:
    hits = drawn_hits(300, 1)
    never = Hits(hits.features, np.zeros_like(hits.right), hits.kinds)
    means = [fit([hits, never], shares)(hits.features).mean() for shares in ([1, 1], [1, 0.1])]
    assert means == pytest.approx([hits.right.mean() / 2, hits.right.mean() / 1.1], abs=0.01)


def test_hits_that_are_all_wrong_are_explained() -> None:
    hits = drawn_hits(10, 1)
    with pytest.raises(DatasetError, match="0 of 100 hits are right"):
        fit([Hits(hits.features, np.zeros_like(hits.right), hits.kinds)])


@given(
    arrays(np.float64, st.integers(1, 60), elements=st.floats(0, 1)),
    st.randoms(use_true_random=False),
)
def test_the_error_is_that_of_the_slow_loop(probabilities: np.ndarray, random: object) -> None:
    right = np.array([random.random() < 0.5 for _ in probabilities])  # type: ignore[attr-defined]
    slow = 0.0
    for number in range(10):
        rows = [row for row, p in enumerate(probabilities) if min(int(p * 10), 9) == number]
        if rows:
            slow += abs(sum(probabilities[row] for row in rows) - sum(bool(right[row]) for row in rows))
    bins = reliability(probabilities, right)
    assert sum(row.hits for row in bins) == len(probabilities)
    assert expected_calibration_error(bins) == pytest.approx(slow / len(probabilities), abs=2e-4)


def test_first_hits_are_those_of_a_sort() -> None:
    scored = scored_queries(30, 50)
    photos, every = np.arange(0, 30, 2), np.ones(50, dtype=bool)
    present = first_hits(scored, photos, every, removed=False)
    removed = first_hits(scored, photos, every, removed=True)
    asked = [query for query in range(50) if query % 30 % 2 == 0]  # the others have no photo in this library
    assert present.right.shape == removed.right.shape == (10, len(asked))
    assert not removed.right.any()
    for column, query in enumerate(asked):
        ranked = sorted(photos, key=lambda photo, query=query: -scored.scores[photo, query])  # type: ignore[misc]
        assert present.features[:, column, 0].tolist() == [scored.scores[p, query] for p in ranked[:10]]
        assert present.right[:, column].tolist() == [query % 30 == photo for photo in ranked[:10]]
        others = [photo for photo in ranked if query % 30 != photo]
        assert removed.features[:, column, 0].tolist() == [scored.scores[p, query] for p in others[:10]]


def test_cross_fitting_holds_where_the_form_is_right_and_needs_enough_photos() -> None:
    error = cross_fitted_error(scored_queries(200, 2000))
    assert error is not None
    assert error < 0.05
    assert cross_fitted_error(scored_queries(20, 40)) is None


def test_the_cut_withholds_at_most_one_answer_in_ten() -> None:
    present = np.linspace(0.005, 0.995, 100)
    cut = choose_cut(present)
    assert (present >= cut).mean() >= 0.9
    assert (present >= cut + 0.01).mean() < 0.9
    assert choose_cut(np.zeros(3)) == 0.0


def test_answers_at_a_cut_by_hand() -> None:
    present = np.array([[0.9, 0.4, 0.05], [0.3, 0.2, 0.01]])  # three queries, two hits each
    right = np.array([[False, False, True], [True, False, False]])
    removed = np.array([[0.5, 0.05, 0.01]])
    found = answers_at(0.1, present, right, removed)
    assert found.answered_when_present == pytest.approx(66.67)
    assert found.right_shown_when_present == pytest.approx(33.33)
    assert found.silent_when_removed == pytest.approx(66.67)
    assert found.queries == 3


def test_sentences_match_their_photo_and_those_described_alike(tmp_path: Path) -> None:
    images = (
        CaptionedImage(tmp_path / "a.jpg", ("A brown dog runs fast .",)),
        CaptionedImage(tmp_path / "b.jpg", ("The brown dog runs and jumps .",)),
        CaptionedImage(tmp_path / "c.jpg", ("A man reads .",)),
    )
    queries = queries_of(CaptionSet(tmp_path, "val", images))
    assert queries.matches.T.tolist() == [[True, True, False], [True, True, False], [False, False, True]]
    assert set(queries.kinds) == {"sentence"}


@pytest.mark.data
def test_phrases_of_flickr8k_match_photos_with_their_last_word(flickr8k: Path) -> None:
    captions = load_captions(flickr8k, "val")
    few = CaptionSet(captions.folder, captions.split, captions.images[:20])
    queries = queries_of(few)
    for text, kind, matches in zip(queries.texts, queries.kinds, queries.matches.T, strict=True):
        if kind == "phrase":
            last = text.split()[-1]
            assert all(
                any(last in sentence.lower() for sentence in image.sentences)
                for image, match in zip(few.images, matches, strict=True)
                if match
            )
    assert (queries.kinds == "sentence").sum() == 100
    assert (queries.kinds == "phrase").sum() > 50
