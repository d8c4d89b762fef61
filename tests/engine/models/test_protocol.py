"""What a model gives to searches: units with a weight of their own beside a sentence vector."""

import numpy as np
import pytest

from engine.models.protocol import SentenceVector
from engine.search.combination import weighted_sum
from index import Query
from index.scoring.maxsim import score_records

RECORDS = np.random.default_rng(0).standard_normal((6, 5, 8)).astype(np.float32)  # (B, R + 1, D)
UNITS = np.random.default_rng(1).standard_normal((3, 8)).astype(np.float32)
SENTENCE = np.random.default_rng(2).standard_normal(8).astype(np.float32)


@pytest.mark.parametrize("weight", [0.0, 0.1])
def test_a_photo_scores_its_cosine_and_the_units_as_much_as_they_weigh(weight: float) -> None:
    scores = score_records(RECORDS, SentenceVector(UNITS, SENTENCE, weight).query)
    expected = [record[-1] @ SENTENCE + weight * (record[:-1] @ UNITS.T).max(axis=0).sum() for record in RECORDS]
    np.testing.assert_allclose(scores, expected, rtol=1e-5)


def test_several_texts_keep_the_weights_of_their_units() -> None:
    first, second = SentenceVector(UNITS, SENTENCE, 0.2).query, SentenceVector(UNITS[:1], SENTENCE).query
    scores = score_records(RECORDS, weighted_sum([first, second], [1.0, -0.5]))
    expected = score_records(RECORDS, first) - 0.5 * score_records(RECORDS, second)
    np.testing.assert_allclose(scores, expected, rtol=1e-4)


def test_units_without_weights_stay_without() -> None:
    both = weighted_sum([Query(UNITS), Query(UNITS)], [1.0, 0.5])
    assert both.weights is not None
    assert both.weights.tolist() == [1, 1, 1, 0.5, 0.5, 0.5]


def test_regions_count_units_that_photos_do_not() -> None:
    assert SentenceVector(UNITS, SENTENCE, 0.0).of_regions.words is UNITS


def test_a_library_keeps_no_units_that_have_a_weight_of_the_moment() -> None:
    rows, num_words = SentenceVector(UNITS, SENTENCE, 0.3).stored
    assert num_words == 1
    np.testing.assert_array_equal(rows, [np.zeros(8), SENTENCE])
    assert SentenceVector(UNITS, SENTENCE).stored[1] == 3
