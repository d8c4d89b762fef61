"""Training objectives over a batch of image–sentence pairs; pair k is row k and column k of the scores."""

import torch
from torch import Tensor
from torch.nn import functional as F


def same_image(image_ids: Tensor) -> Tensor:
    """Image ids (B,) of a batch's pairs → (B, B), True where two pairs show the same image."""
    return image_ids[:, None] == image_ids[None, :]


def ranking_loss(scores: Tensor, image_ids: Tensor, margin: float = 1.0) -> Tensor:
    """The structured max-margin objective (eq. 9), summed over all negatives of the batch.

    Two sentences of one image are not negatives of each other.

    Args:
        scores: S_kl (B, B), images by sentences.
        image_ids: (B,).
        margin: in units of the score.

    >>> ranking_loss(torch.tensor([[3.0, 2.5], [0.0, 1.0]]), torch.tensor([0, 1]))
    tensor(3.)
    """
    matching = scores.diagonal()
    over_sentences = (scores - matching[:, None] + margin).clamp(min=0)  # S_kl − S_kk + 1
    over_images = (scores - matching[None, :] + margin).clamp(min=0)  # S_lk − S_kk + 1
    negatives = ~same_image(image_ids)
    return ((over_sentences + over_images) * negatives).sum()


def contrastive_loss(scores: Tensor, image_ids: Tensor, scale: Tensor) -> Tensor:
    """Cross-entropy of a softmax over the batch, in both directions, averaged.

    Args:
        scores: S_kl (B, B), images by sentences.
        image_ids: (B,); other sentences of the same image are left out of the softmax.
        scale: inverse temperature, a scalar.
    """
    others = same_image(image_ids) & ~torch.eye(len(scores), dtype=torch.bool, device=scores.device)
    logits = (scores * scale).masked_fill(others, float("-inf"))
    targets = torch.arange(len(scores), device=scores.device)
    return (F.cross_entropy(logits, targets) + F.cross_entropy(logits.T, targets)) / 2
