"""What the sentence tower takes, and what both towers give: vectors of one space."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence


@dataclass(frozen=True, slots=True)
class WordBatch:
    """Word vectors (N, T, E), zero where padded, and their mask (N, T), True = real."""

    vectors: Tensor
    mask: Tensor

    @classmethod
    def of(cls, sentences: Sequence[Tensor]) -> "WordBatch":
        """Pad sentences of shape (T_n, E) to the longest."""
        lengths = torch.tensor([len(words) for words in sentences])
        mask = torch.arange(int(lengths.max())) < lengths[:, None]  # (N, T)
        return cls(pad_sequence(list(sentences), batch_first=True), mask)


@dataclass(frozen=True, slots=True)
class ImageEmbedding:
    """Regions (B, R, D) and, in models with a global term, the photo vectors (B, D)."""

    regions: Tensor
    photo: Tensor | None


@dataclass(frozen=True, slots=True)
class SentenceEmbedding:
    """Words (N, T, D), their mask (N, T), and, in models with a global term, the sentence vectors (N, D).

    Every weight of the score is folded into these, so that any score is a plain sum of dot products.
    """

    words: Tensor
    mask: Tensor
    sentence: Tensor | None
