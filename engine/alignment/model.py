"""The alignment model: two towers."""

import math
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.alignment.bank import PhotoBank, SentenceBank
from engine.alignment.config import Architecture
from engine.alignment.cosine import CosineImageTower, CosineSentenceTower
from engine.alignment.embeddings import ImageEmbedding, SentenceEmbedding
from engine.alignment.plain import PlainImageTower, PlainSentenceTower
from engine.alignment.scores import score, sum_positive
from engine.vision.last_block import LastBlock
from engine.vision.pooling import region_weights

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
        # Of each bank a last component is 1 in the vectors of one side, and what the bank says in those of the other.
        num_photos, num_sentences = architecture.bank, architecture.sentence_bank
        inner = replace(architecture, dimension=architecture.dimension - (num_photos > 0) - (num_sentences > 0))
        self.image_tower = image_tower(inner, dropout)
        self.sentence_tower = sentence_tower(inner, dropout)
        self.bank = PhotoBank(num_photos, architecture.bank_regions, inner.dimension) if num_photos else None
        self.sentence_bank = SentenceBank(num_sentences, inner.dimension) if num_sentences else None
        self.last_block = LastBlock() if architecture.learned_channels else None
        # The inverse temperature of the contrastive objective; no part of the score.
        self.log_scale = nn.Parameter(torch.tensor(math.log(INITIAL_SCALE)))

    def fit_features(self, features: Tensor) -> None:
        """Take the scale of each channel from a sample of region features (B, R, C), before training."""
        if isinstance(self.image_tower, PlainImageTower):
            self.image_tower.standardise.fit(features)
        elif isinstance(self.image_tower, CosineImageTower) and self.image_tower.detail is not None:
            first = self.architecture.map_channels
            self.image_tower.detail.fit(features[..., first : first + self.architecture.detail_channels])

    def fill_classes(self, weight: Tensor, bias: Tensor, names: Tensor) -> None:
        """Take the backbone's classifier (classes, C), (classes,) and the vectors (classes, E) of its names."""
        for tower in (self.image_tower, self.sentence_tower):
            if isinstance(tower, CosineImageTower | CosineSentenceTower):
                tower.classes.fill(weight, bias, names)

    def empty_banks(self) -> None:
        """Let the banks say nothing, whose vectors a further training makes old."""
        for bank in (self.bank, self.sentence_bank):
            if bank is not None:
                bank.weight.zero_()

    def with_learned(self, features: Tensor, boxes: Tensor, before: Tensor | None) -> Tensor:
        """The features (B, R, C) of regions with what the copy of the last block says of them, while that learns.

        Args:
            features: without that, (B, R, C').
            boxes: (B, R, 4) from 0 to 1.
            before: what stands before the backbone's last block (B, C'', h, w); without it features stay as they are.
        """
        if self.last_block is None or before is None:
            return features
        learned = self.last_block(before.contiguous(memory_format=torch.channels_last))  # a quarter faster
        weights = torch.from_numpy(region_weights(boxes.cpu().numpy(), *learned.shape[2:])).to(learned)
        return torch.cat([features, weights @ learned.permute(0, 2, 3, 1).flatten(1, 2)], dim=-1)

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
        if embedding.photo is None:
            return embedding
        further = [] if self.bank is None else [torch.ones_like(embedding.photo[:, :1])]
        if self.sentence_bank is not None:
            further.append(-self.sentence_bank.offset(embedding)[:, None])
        regions = F.pad(embedding.regions, (0, len(further)))
        return ImageEmbedding(regions, torch.cat([embedding.photo, *further], dim=1))

    def embed_sentences(self, vectors: Tensor, mask: Tensor) -> SentenceEmbedding:
        """Word vectors (N, T, E) and mask (N, T) → words (N, T, D) and sentence vectors (N, D)."""
        embedding: SentenceEmbedding = self.sentence_tower(vectors, mask)
        return self.beside_banks(embedding, None if self.bank is None else self.bank.offset(embedding))

    def beside_banks(self, embedding: SentenceEmbedding, offset: Tensor | None) -> SentenceEmbedding:
        """What the sentence tower gave, with the banks' components; the offset (N,) is that of the bank of photos."""
        if embedding.sentence is None:
            return embedding
        further = [] if offset is None else [-offset[:, None]]
        if self.sentence_bank is not None:
            further.append(torch.ones_like(embedding.sentence[:, :1]))
        words = F.pad(embedding.words, (0, len(further)))
        return SentenceEmbedding(words, embedding.mask, torch.cat([embedding.sentence, *further], dim=1))

    def score(self, images: ImageEmbedding, sentences: SentenceEmbedding) -> Tensor:
        """S_kl of every image and sentence, by the equation of the architecture → (B, N)."""
        if self.architecture.score == "sum_positive":
            return sum_positive(images.regions, sentences.words, sentences.mask)
        return score(images, sentences)

    @property
    def has_global(self) -> bool:
        """Whether the score has a global term."""
        return isinstance(self.image_tower, CosineImageTower)


_TOWERS: dict[str, tuple[Callable[[Architecture, float], nn.Module], Callable[[Architecture, float], nn.Module]]] = {
    "plain": (PlainImageTower, PlainSentenceTower),
    "cosine": (CosineImageTower, CosineSentenceTower),
}
