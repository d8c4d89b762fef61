"""Ranks equal the obvious count, and ties count against the model."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.research.evaluation.retrieval import (
    Recalls,
    image_to_sentence_ranks,
    retrieval,
    retrieval_among,
    sentence_to_image_ranks,
)


@given(st.integers(1, 6), st.integers(1, 3), st.integers(0, 2**31))
@settings(max_examples=40, deadline=None)
def test_ranks_equal_the_obvious_count(num_images, per_image, seed):
    # Few different scores, so that ties are common.
    scores = np.random.default_rng(seed).integers(0, 4, (num_images, num_images * per_image)).astype(np.float32)
    owners = [row for row in range(num_images) for _ in range(per_image)]
    for image, rank in enumerate(image_to_sentence_ranks(scores, owners)):
        best = max(scores[image, n] for n, owner in enumerate(owners) if owner == image)
        assert rank == 1 + sum(scores[image, n] >= best for n, owner in enumerate(owners) if owner != image)
    for sentence, rank in enumerate(sentence_to_image_ranks(scores, owners)):
        own = scores[owners[sentence], sentence]
        others = [k for k in range(num_images) if k != owners[sentence]]
        assert rank == 1 + sum(scores[k, sentence] >= own for k in others)


def test_among_fewer_photos_each_part_is_a_set_of_its_own():
    scores = np.random.default_rng(3).random((9, 18), dtype=np.float32)
    owners = [n // 2 for n in range(18)]
    parts = [retrieval(scores[at : at + 4, 2 * at : 2 * at + 8], [n // 2 for n in range(8)]) for at in (0, 4)]
    found = retrieval_among(scores, owners, 4)
    assert (found.images, found.sentences) == (4, 8)
    assert found.image_to_sentence.r1 == (parts[0].image_to_sentence.r1 + parts[1].image_to_sentence.r1) / 2
    assert found.sentence_to_image.median_rank == np.mean([part.sentence_to_image.median_rank for part in parts])
    assert retrieval_among(scores, owners, 9) == retrieval(scores, owners)


@pytest.mark.parametrize("value", [0, np.nan])
def test_a_model_that_says_the_same_of_everything_or_no_number_finds_nothing(value):
    result = retrieval(np.full((20, 100), value, dtype=np.float32), [n // 5 for n in range(100)])
    assert result.image_to_sentence == Recalls(0.0, 0.0, 0.0, 96.0)
    assert result.sentence_to_image == Recalls(0.0, 0.0, 0.0, 20.0)


def test_a_perfect_model_finds_everything_first():
    owners = [n // 5 for n in range(50)]
    scores = (np.arange(10)[:, None] == np.array(owners)[None, :]).astype(np.float32)
    result = retrieval(scores, owners)
    assert result.image_to_sentence == result.sentence_to_image == Recalls(100.0, 100.0, 100.0, 1.0)
    assert (result.images, result.sentences, result.sum_of_recalls) == (10, 50, 600.0)
