"""The alignment model: two towers."""

import math
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.alignment.bank import PhotoBank
from engine.alignment.config import Architecture
from engine.alignment.cosine import CosineImageTower, CosineSentenceTower
from engine.alignment.embeddings import ImageEmbedding, SentenceEmbedding
from engine.alignment.plain import PlainImageTower, PlainSentenceTower
from engine.alignment.scores import score, sum_positive

INITIAL_SCALE = 15.0


class AlignmentModel(nn.Module):
    """Features of regions and fixed word vectors in, vectors of one space out.

    Args:
        architecture: which towers, and their sizes.
        dropout: used in training only.
    """

    def __init__(self, architecture: Architecture, dropout: float = 0.0) -> None:
        super().__init__()
        self.architecture = architecture
        image_tower, sentence_tower = _TOWERS[architecture.towers]
        # With a bank the last component is 1 in every photo's vector, and what the bank says in a sentence's.
        inner = replace(architecture, dimension=architecture.dimension - 1) if architecture.bank else architecture
        self.image_tower = image_tower(inner, dropout)
        self.sentence_tower = sentence_tower(inner, dropout)
        self.bank = PhotoBank(architecture.bank, inner.dimension) if architecture.bank else None
        # The inverse temperature of the contrastive objective; no part of the score.
        self.log_scale = nn.Parameter(torch.tensor(math.log(INITIAL_SCALE)))

    def fit_features(self, features: Tensor) -> None:
        """Take the scale of each channel from a sample of region features (B, R, C), before training."""
        if isinstance(self.image_tower, PlainImageTower):
            self.image_tower.standardise.fit(features)
        elif isinstance(self.image_tower, CosineImageTower) and self.image_tower.detail is not None:
            self.image_tower.detail.fit(features[..., -self.architecture.detail_channels :])

    def fill_classes(self, weight: Tensor, bias: Tensor, names: Tensor) -> None:
        """Take the backbone's classifier (classes, C), (classes,) and the vectors (classes, E) of its names."""
        for tower in (self.image_tower, self.sentence_tower):
            if isinstance(tower, CosineImageTower | CosineSentenceTower):
                tower.classes.fill(weight, bias, names)

    def evidence(self, features: Tensor) -> Tensor | None:
        """What ``embed_images`` derives from features (B, R, C) by fixed weights: worth keeping while one trains."""
        return self.image_tower.evidence(features) if isinstance(self.image_tower, CosineImageTower) else None

    def embed_images(
        self, features: Tensor, boxes: Tensor | None = None, evidence: Tensor | None = None
    ) -> ImageEmbedding:
        """Region features (B, R, C), the whole image last → region vectors (B, R, D) and photo vectors (B, D).

        Args:
            features: of the regions.
            boxes: (B, R, 4) from 0 to 1; models with geometry need them.
            evidence: what ``evidence`` gave for the features, if that is known.
        """
        if isinstance(self.image_tower, CosineImageTower):
            embedding: ImageEmbedding = self.image_tower(features, boxes, evidence)
        else:
            embedding = self.image_tower(features)
        if self.bank is not None and embedding.photo is not None:
            return ImageEmbedding(F.pad(embedding.regions, (0, 1)), F.pad(embedding.photo, (0, 1), value=1.0))
        return embedding

    def embed_sentences(self, vectors: Tensor, mask: Tensor) -> SentenceEmbedding:
        """Word vectors (N, T, E) and mask (N, T) → words (N, T, D) and sentence vectors (N, D)."""
        embedding: SentenceEmbedding = self.sentence_tower(vectors, mask)
        if self.bank is not None and embedding.sentence is not None:
            offset = self.bank.offset(embedding)
            sentence = torch.cat([embedding.sentence, -offset[:, None]], dim=1)
            return SentenceEmbedding(F.pad(embedding.words, (0, 1)), mask, sentence)
        return embedding

    def score(self, images: ImageEmbedding, sentences: SentenceEmbedding) -> Tensor:
        """S_kl of every image and sentence, by the equation of the architecture → (B, N)."""
        if self.architecture.score == "sum_positive":
            return sum_positive(images.regions, sentences.words, sentences.mask)
        return score(images, sentences)

    def fill_bank(self, features: Tensor, boxes: Tensor | None, sharpness: float, weight: float) -> None:
        """Keep the vectors of as many photos as the bank holds: features (K, R, C), boxes (K, R, 4).

        Args:
            features: of training photos.
            boxes: of their regions, from 0 to 1.
            sharpness: of their scores, times the inverse temperature of the contrastive objective.
            weight: how much of what they say counts.

        Raises:
            ValueError: the model has no bank.
        """
        if self.bank is None:
            raise ValueError("this model has no bank of photos")
        with torch.no_grad():
            photos = self.image_tower(features, boxes)
            self.bank.fill(photos, sharpness * self.log_scale.exp().item(), weight)

    @property
    def has_global(self) -> bool:
        """Whether the score has a global term."""
        return isinstance(self.image_tower, CosineImageTower)


_TOWERS: dict[str, tuple[Callable[[Architecture, float], nn.Module], Callable[[Architecture, float], nn.Module]]] = {
    "plain": (PlainImageTower, PlainSentenceTower),
    "cosine": (CosineImageTower, CosineSentenceTower),
}
