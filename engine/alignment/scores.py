"""Image–sentence scores as pure functions of vectors (eqs. 7 and 8, Karpathy & Fei-Fei 2015)."""

import torch
from torch import Tensor

from engine.alignment.embeddings import ImageEmbedding, SentenceEmbedding


def score(images: ImageEmbedding, sentences: SentenceEmbedding) -> Tensor:
    """S_kl of every image and sentence: eq. 8, plus the global term of models that have one → (B, N)."""
    scores = sum_max(images.regions, sentences.words, sentences.mask)
    if images.photo is not None and sentences.sentence is not None:
        scores = scores + images.photo @ sentences.sentence.T
    return scores


def sum_max(regions: Tensor, words: Tensor, word_mask: Tensor) -> Tensor:
    """Σ_t max_i v_i · s_t: every word takes its single best region (eq. 8).

    Args:
        regions: (B, R, D).
        words: (N, T, D).
        word_mask: (N, T), True = real. Only real words are looked at.

    Returns:
        (B, N).

    >>> import torch
    >>> regions = torch.tensor([[[1.0, 0.0], [0.0, 2.0]]])
    >>> words = torch.tensor([[[1.0, 1.0], [3.0, 0.0]]])
    >>> sum_max(regions, words, torch.tensor([[True, True]]))
    tensor([[5.]])
    """
    return _sum_by_sentence(_products(regions, words[word_mask]).max(dim=1).values, word_mask)


def sum_positive(regions: Tensor, words: Tensor, word_mask: Tensor) -> Tensor:
    """Σ_t Σ_i max(0, v_i · s_t): the score of the earlier fragment model (eq. 7). Shapes as in ``sum_max``.

    >>> import torch
    >>> regions = torch.tensor([[[1.0, 0.0], [0.0, -2.0]]])
    >>> sum_positive(regions, torch.tensor([[[1.0, 1.0]]]), torch.tensor([[True]]))
    tensor([[1.]])
    """
    return _sum_by_sentence(_products(regions, words[word_mask]).relu().sum(dim=1), word_mask)


def _products(regions: Tensor, real_words: Tensor) -> Tensor:
    """v_i · s_t of regions (B, R, D) and the W real words (W, D) of all sentences → (B, R, W)."""
    batch, num_regions, dimension = regions.shape
    return (regions.reshape(-1, dimension) @ real_words.T).view(batch, num_regions, -1)  # (B·R, W) → (B, R, W)


def _sum_by_sentence(values: Tensor, word_mask: Tensor) -> Tensor:
    """Values (B, W) of the real words, summed over the words of each sentence → (B, N)."""
    sentence_of_word = word_mask.nonzero()[:, 0]  # (W,)
    sums = torch.zeros(len(values), len(word_mask), device=values.device)  # float32, whatever the products are
    return sums.index_add(1, sentence_of_word, values.float())
