"""What the two towers give: vectors of one space."""

from dataclasses import dataclass

from torch import Tensor


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
