"""The towers of the ``default`` preset: unit vectors, learned and of class names side by side, and learned weights.

A region's vector is [learned | class names], a photo's likewise. All weights are on the side of the sentence, so the
score is S_kl = Σ_t max_i v_i · s_t (eq. 8) + photo · sentence.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence

from engine.alignment.classes import ClassEvidence
from engine.alignment.config import Architecture
from engine.alignment.embeddings import ImageEmbedding, SentenceEmbedding
from engine.alignment.standardise import Standardise

NUM_GEOMETRY = 8
PLACE_WIDTH = 256
DETAIL_SCALE = 0.5  # of the standardised channels of detail: about what the last map's channels are
INITIAL_CLASS_WEIGHT = 0.3  # of the class names beside the learned vectors


class CosineImageTower(nn.Module):
    """Unit region vectors, and a unit photo vector from the whole image, the mean and the maximum of all regions."""

    def __init__(self, architecture: Architecture, dropout: float) -> None:
        super().__init__()
        learned = architecture.dimension - architecture.class_dimension
        self.classes, self._map_channels = _classes(architecture), architecture.map_channels
        self._learned_channels = architecture.learned_channels
        # A map that learns takes the place of the backbone's, which the class evidence alone goes on reading.
        channels = architecture.num_channels - (self._map_channels if self._learned_channels else 0)
        self.detail = Standardise(architecture.detail_channels) if architecture.detail_channels else None
        self.dropout = nn.Dropout(dropout)
        self.project = nn.Linear(channels, learned)
        self.summarise = nn.Linear(3 * channels, learned)
        self.place: nn.Sequential | None = None
        if architecture.geometry:
            self.place = nn.Sequential(
                nn.Linear(channels + NUM_GEOMETRY, PLACE_WIDTH), nn.ReLU(), nn.Linear(PLACE_WIDTH, learned)
            )
            # Starts as nothing, so that a model without geometry can be trained on from where it is.
            nn.init.zeros_(self.place[2].weight)  # type: ignore[arg-type]
            nn.init.zeros_(self.place[2].bias)  # type: ignore[arg-type]

    def evidence(self, features: Tensor) -> Tensor:
        """Region features (B, R, C) → class vectors of the regions and, last, of the photo (B, R + 1, Dc)."""
        return self.classes.of_features(features[..., : self._map_channels])

    def forward(self, features: Tensor, boxes: Tensor | None = None, evidence: Tensor | None = None) -> ImageEmbedding:
        """Region features (B, R, C), the whole image last, their boxes (B, R, 4), their evidence if known → embedding.

        Only towers with geometry look at the boxes.
        """
        evidence = self.evidence(features) if evidence is None else evidence
        features = self._seen(features)
        summary = torch.cat([features[:, -1], features.mean(dim=1), features.amax(dim=1)], dim=1)  # (B, 3·C)
        kept = self.dropout(features)
        regions = self.project(kept)
        if self.place is not None:
            if boxes is None:
                raise ValueError("this model's region vectors depend on the boxes; pass them")
            regions = regions + self.place(torch.cat([kept, _geometry(boxes)], dim=-1))
        regions = F.normalize(regions, dim=-1)
        photo = F.normalize(self.summarise(self.dropout(summary)), dim=-1)
        return ImageEmbedding(
            torch.cat([regions, evidence[:, :-1]], dim=-1), torch.cat([photo, evidence[:, -1]], dim=-1)
        )

    def _seen(self, features: Tensor) -> Tensor:
        """Of region features (B, R, C) those that the vectors are made of, the last map's first."""
        rest = features.shape[-1] - self._learned_channels
        of_map, beside = features[..., : self._map_channels], features[..., self._map_channels : rest]
        if self._learned_channels:
            of_map = features[..., rest:]
        return of_map if self.detail is None else torch.cat([of_map, DETAIL_SCALE * self.detail(beside)], dim=-1)


class CosineSentenceTower(nn.Module):
    """A bidirectional GRU with a residual around it; every weight depends on the sentence.

    How much a word counts, how much of that its class evidence, and how much the whole sentence: a short query leans
    on other parts of the score than a sentence does.
    """

    def __init__(self, architecture: Architecture, dropout: float) -> None:
        super().__init__()
        words, hidden = architecture.word_dimension, architecture.hidden
        learned = architecture.dimension - architecture.class_dimension
        self.classes = _classes(architecture)
        self.dropout = nn.Dropout(dropout)
        self.recurrent = nn.GRU(words, hidden, batch_first=True, bidirectional=True)
        self.project = nn.Linear(2 * hidden, learned)
        self.residual = nn.Linear(words, learned)
        self.summarise = nn.Linear(2 * hidden + words, learned)
        self.importance = nn.Linear(2 * hidden + words, 2)  # of a word: its learned vector, its class vector
        self.balance = nn.Linear(2 * hidden + words + 1, 4)  # words, their classes, sentence, its class
        for layer in (self.importance, self.balance):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        self.balance.bias.data[1::2] = math.log(INITIAL_CLASS_WEIGHT)

    def forward(self, vectors: Tensor, mask: Tensor) -> SentenceEmbedding:
        """Word vectors (N, T, E) and mask (N, T) → embedding."""
        lengths = mask.sum(dim=1)
        # Only the W real words are looked at, in the order of the GRU: a long sentence makes a batch mostly padding.
        places = torch.arange(mask.numel(), device=mask.device).view(mask.shape)
        packed = pack_padded_sequence(places, lengths.cpu(), batch_first=True, enforce_sorted=False)
        place = packed.data  # (W,) of N·T
        words = self.dropout(vectors.flatten(0, 1)[place])
        states = self.recurrent(packed._replace(data=words))[0].data
        return self._weighted(vectors, mask, lengths, place, words, states)

    def of_one(self, vectors: Tensor, states: Tensor) -> SentenceEmbedding:
        """Word vectors (T, E) of one sentence and the states (T, 2·H) of the GRU → embedding of N = 1."""
        mask = torch.ones_like(vectors[None, :, 0], dtype=torch.bool)
        place = torch.arange(vectors.shape[0], device=vectors.device)
        return self._weighted(vectors[None], mask, mask.sum(dim=1), place, vectors, states)

    def _weighted(
        self, vectors: Tensor, mask: Tensor, lengths: Tensor, place: Tensor, words: Tensor, states: Tensor
    ) -> SentenceEmbedding:
        """The embedding from word vectors (N, T, E), their mask (N, T) and lengths (N,), and of the W real words in any
        order the place (W,) in N·T, the vectors (W, E) after dropout and the states (W, 2·H).
        """
        whole = self.classes.of_words(vectors.sum(dim=1) / lengths[:, None])  # (N, Dc)
        classes = self.classes.of_words(vectors.flatten(0, 1)[place])
        learned = F.normalize(self.project(self.dropout(states)) + self.residual(words), dim=-1)
        both = torch.cat([states, words], dim=1)  # (W, 2·H + E)
        summary = both.new_zeros(len(mask), both.shape[1]).index_add(0, place // mask.shape[1], both) / lengths[:, None]
        sentence = F.normalize(self.summarise(self.dropout(summary)), dim=-1)
        weights = self.balance(torch.cat([summary, lengths[:, None].log()], dim=1)).exp()  # (N, 4)
        importance = both.new_full((mask.numel(), 2), float("-inf")).index_put((place,), self.importance(both))
        share = importance.view(*mask.shape, 2).softmax(dim=1) * weights[:, None, :2]
        share = share.flatten(0, 1)[place]  # (W, 2)
        weighted = torch.cat([learned * share[:, :1], classes * share[:, 1:]], dim=1)
        weighted = weighted.new_zeros(mask.numel(), weighted.shape[1]).index_put((place,), weighted)
        sentence = torch.cat([sentence * weights[:, 2:3], whole * weights[:, 3:]], dim=-1)
        return SentenceEmbedding(weighted.view(*mask.shape, -1), mask, sentence)


def _geometry(boxes: Tensor) -> Tensor:
    """Boxes (B, R, 4) from 0 to 1 → corners, sides, area, and place in the order of the proposals (B, R, 8)."""
    sides = boxes[..., 2:] - boxes[..., :2]
    places = torch.arange(boxes.shape[1], dtype=boxes.dtype, device=boxes.device)
    order = (places / places[-1:].clamp(min=1)).expand(boxes.shape[:2])[..., None]  # linspace is traced as a constant
    return torch.cat([boxes, sides, sides.prod(dim=-1, keepdim=True), order], dim=-1)


def _classes(architecture: Architecture) -> ClassEvidence:
    return ClassEvidence(architecture.map_channels, architecture.word_dimension, architecture.class_dimension)
