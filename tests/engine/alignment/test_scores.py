"""The scores equal the slow, obvious loops, and padding changes nothing."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.alignment.scores import sum_max, sum_positive


def slow_scores(regions, words, mask):
    """Eqs. 7 and 8 a word and a region at a time."""
    positive, best = torch.zeros(len(regions), len(words)), torch.zeros(len(regions), len(words))
    for k in range(len(regions)):
        for n in range(len(words)):
            for t in range(words.shape[1]):
                if mask[n, t]:
                    products = [float(regions[k, i] @ words[n, t]) for i in range(regions.shape[1])]
                    best[k, n] += max(products)
                    positive[k, n] += sum(max(0.0, product) for product in products)
    return positive, best


@given(st.integers(1, 4), st.integers(1, 5), st.integers(1, 4), st.integers(1, 6), st.integers(0, 2**31))
@settings(max_examples=30, deadline=None)
def test_scores_equal_the_loops(batch, num_regions, num_sentences, num_words, seed):
    random = torch.Generator().manual_seed(seed)
    regions = torch.randn(batch, num_regions, 3, generator=random)
    words = torch.randn(num_sentences, num_words, 3, generator=random)
    lengths = torch.randint(1, num_words + 1, (num_sentences,), generator=random)
    mask = torch.arange(num_words) < lengths[:, None]
    positive, best = slow_scores(regions, words, mask)
    torch.testing.assert_close(sum_positive(regions, words, mask), positive)
    torch.testing.assert_close(sum_max(regions, words, mask), best)


def test_padding_changes_no_score_even_where_all_similarities_are_negative():
    regions = -torch.rand(3, 5, 4)
    words = torch.rand(2, 6, 4)
    mask = torch.ones(2, 6, dtype=torch.bool)
    padded = torch.cat([words, torch.full((2, 3, 4), 100.0)], dim=1)
    padded_mask = torch.cat([mask, torch.zeros(2, 3, dtype=torch.bool)], dim=1)
    for score in (sum_max, sum_positive):
        assert torch.equal(score(regions, padded, padded_mask), score(regions, words, mask))
