"""Training objectives over a batch of image–sentence pairs; pair k is row k and column k of the scores."""

import torch
from torch import Tensor
from torch.nn import functional as F

LEFT_OUT = -1e4


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


def contrastive_loss(scores: Tensor, image_ids: Tensor, scale: Tensor, wrong: Tensor | None = None) -> Tensor:
    """Cross-entropy of a softmax over the batch, in both directions, averaged.

    Args:
        scores: S_kl (B, B), images by sentences.
        image_ids: (B,); other sentences of the same image are left out of the softmax.
        scale: inverse temperature, a scalar.
        wrong: (B, E), of images by further sentences, scaled: more to tell the right one from, and -inf where not.
    """
    others = same_image(image_ids) & ~torch.eye(len(scores), dtype=torch.bool, device=scores.device)
    logits = (scores * scale).masked_fill(others, float("-inf"))
    targets = torch.arange(len(scores), device=scores.device)
    of_images = logits if wrong is None else torch.cat([logits, wrong], dim=1)
    return (F.cross_entropy(of_images, targets) + F.cross_entropy(logits.T, targets)) / 2


def distillation_loss(scores: Tensor, taught: Tensor, image_ids: Tensor) -> Tensor:
    """How far the softmax over the batch is from the teachers', in both directions (Kullback–Leibler), averaged.

    Args:
        scores: (B, B), images by sentences, times the scale.
        taught: (B, B), what the teachers give, times their scale.
        image_ids: (B,); other sentences of the same image are left out.
    """
    others = same_image(image_ids) & ~torch.eye(len(scores), dtype=torch.bool, device=scores.device)
    # Finite, because the divergence multiplies these by a probability of zero.
    own, aim = scores.masked_fill(others, LEFT_OUT), taught.masked_fill(others, LEFT_OUT)
    rows = F.kl_div(own.log_softmax(dim=1), aim.softmax(dim=1), reduction="batchmean")
    columns = F.kl_div(own.T.log_softmax(dim=1), aim.T.softmax(dim=1), reduction="batchmean")
    return (rows + columns) / 2


def phrase_loss(regions: Tensor, words: Tensor, spans: Tensor, targets: Tensor, scale: Tensor) -> Tensor:
    """Cross-entropy between where a phrase is and where its words find it, averaged over P phrases.

    Args:
        regions: (P, R, D) of the photo of each phrase.
        words: (P, T, D) of its sentence.
        spans: (P, T), 1 for its words.
        targets: (P, R), sum 1.
        scale: inverse temperature, a scalar.
    """
    phrases = F.normalize(torch.einsum("ptd,pt->pd", words, spans), dim=-1)
    logits = torch.einsum("prd,pd->pr", regions, phrases) * scale
    return -(targets * logits.log_softmax(dim=1)).sum(dim=1).mean()


def query_loss(scores: Tensor, targets: Tensor, scale: Tensor) -> Tensor:
    """Cross-entropy between the photos that fit a query and the softmax over the batch.

    Args:
        scores: (B, Q), images by queries.
        targets: (Q, B), sum 1.
        scale: inverse temperature, a scalar.
    """
    return -(targets * (scores.T * scale).log_softmax(dim=1)).sum(dim=1).mean()
