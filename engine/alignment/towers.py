"""The two towers: region features → region vectors, word vectors → word vectors in the same space."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from engine.alignment.config import Architecture

# Plain dot products start small, and word vectors a little above zero, so that the first scores differ by less than the
# margin of 1. Otherwise the first steps are so long that most of the ReLUs of eq. 6 die and never come back.
INITIAL_REGION_SCALE = 0.02
INITIAL_WORD_SCALE = 0.3
INITIAL_WORD_BIAS = 0.05


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


class Standardise(nn.Module):
    """Centres and scales each channel of the region features by what they are in the training photos.

    Affine and fixed, so that eq. 1 stays what it is: only its W_m and b_m are learned from a better start.
    """

    def __init__(self, num_channels: int) -> None:
        super().__init__()
        self.mean: Tensor
        self.deviation: Tensor
        self.register_buffer("mean", torch.zeros(num_channels))
        self.register_buffer("deviation", torch.ones(num_channels))

    def fit(self, features: Tensor) -> None:
        """Take the statistics of a sample of features (…, C)."""
        flat = features.reshape(-1, features.shape[-1])
        self.mean.copy_(flat.mean(dim=0))
        self.deviation.copy_(flat.std(dim=0).clamp(min=1e-3))

    def forward(self, features: Tensor) -> Tensor:
        """Features (…, C) → features (…, C)."""
        return (features - self.mean) / self.deviation


class PlainImageTower(nn.Module):
    """v_i = W_m · CNN(I_b_i) + b_m, no non-linearity, no normalisation (eq. 1)."""

    def __init__(self, architecture: Architecture, dropout: float) -> None:
        super().__init__()
        self.standardise = Standardise(architecture.num_channels)
        self.dropout = nn.Dropout(dropout)
        self.project = nn.Linear(architecture.num_channels, architecture.dimension)  # W_m, b_m
        self.project.weight.data *= INITIAL_REGION_SCALE

    def forward(self, features: Tensor) -> ImageEmbedding:
        """Region features (B, R, C), the whole image last → embedding."""
        return ImageEmbedding(self.project(self.dropout(self.standardise(features))), None)


class PlainSentenceTower(nn.Module):
    """The bidirectional recurrent network of eqs. 3–6, ReLU everywhere."""

    def __init__(self, architecture: Architecture, dropout: float) -> None:
        super().__init__()
        hidden = architecture.hidden
        self.dropout = nn.Dropout(dropout)
        self.embed = nn.Linear(architecture.word_dimension, hidden)  # W_e, b_e
        self.forwards = nn.Linear(hidden, hidden)  # W_f, b_f
        self.backwards = nn.Linear(hidden, hidden)  # W_b, b_b
        self.project = nn.Linear(hidden, architecture.dimension)  # W_d, b_d
        self.project.weight.data *= INITIAL_WORD_SCALE
        nn.init.constant_(self.project.bias, INITIAL_WORD_BIAS)
        for recurrent in (self.forwards, self.backwards):
            # Starts as a short memory that neither vanishes nor grows along a sentence.
            nn.init.eye_(recurrent.weight)
            recurrent.weight.data *= 0.5
            nn.init.zeros_(recurrent.bias)

    def forward(self, vectors: Tensor, mask: Tensor) -> SentenceEmbedding:
        """Word vectors (N, T, E) and mask (N, T) → embedding."""
        embedded = self.embed(self.dropout(vectors)).relu()  # e_t
        both = self._run(embedded, mask, self.forwards) + self._run(
            embedded.flip(1), mask.flip(1), self.backwards
        ).flip(1)  # h^f + h^b
        return SentenceEmbedding(self.project(self.dropout(both)).relu(), mask, None)

    @staticmethod
    def _run(embedded: Tensor, mask: Tensor, recurrent: nn.Linear) -> Tensor:
        state = torch.zeros_like(embedded[:, 0])
        states = []
        for t in range(embedded.shape[1]):
            # A padded step leaves the state at zero, which is what a sentence without padding starts from.
            state = (embedded[:, t] + recurrent(state)).relu() * mask[:, t, None]
            states.append(state)
        return torch.stack(states, dim=1)  # (N, T, H)


class CosineImageTower(nn.Module):
    """Unit region vectors, and a unit photo vector from the whole image and the mean of all regions."""

    def __init__(self, architecture: Architecture, dropout: float) -> None:
        super().__init__()
        self.standardise = Standardise(architecture.num_channels)
        self.dropout = nn.Dropout(dropout)
        self.project = nn.Linear(architecture.num_channels, architecture.dimension)
        self.summarise = nn.Linear(2 * architecture.num_channels, architecture.dimension)

    def forward(self, features: Tensor) -> ImageEmbedding:
        """Region features (B, R, C), the whole image last → embedding."""
        features = self.standardise(features)
        summary = torch.cat([features[:, -1], features.mean(dim=1)], dim=1)  # (B, 2·C)
        regions = F.normalize(self.project(self.dropout(features)), dim=-1)
        return ImageEmbedding(regions, F.normalize(self.summarise(self.dropout(summary)), dim=-1))


class CosineSentenceTower(nn.Module):
    """A bidirectional GRU with a residual around it; unit word vectors, a unit sentence vector, learned weights."""

    def __init__(self, architecture: Architecture, dropout: float) -> None:
        super().__init__()
        dimension, words = architecture.dimension, architecture.word_dimension
        self.dropout = nn.Dropout(dropout)
        self.recurrent = nn.GRU(words, architecture.hidden, batch_first=True, bidirectional=True)
        self.project = nn.Linear(2 * architecture.hidden, dimension)
        self.residual = nn.Linear(words, dimension)
        self.summarise = nn.Linear(2 * architecture.hidden + words, dimension)
        self.balance = nn.Parameter(torch.zeros(()))  # of words against the whole sentence, before the sigmoid

    def forward(self, vectors: Tensor, mask: Tensor) -> SentenceEmbedding:
        """Word vectors (N, T, E) and mask (N, T) → embedding."""
        lengths = mask.sum(dim=1)
        vectors = self.dropout(vectors)
        packed = pack_padded_sequence(vectors, lengths.cpu(), batch_first=True, enforce_sorted=False)
        states, _ = pad_packed_sequence(self.recurrent(packed)[0], batch_first=True, total_length=mask.shape[1])
        words = F.normalize(self.project(self.dropout(states)) + self.residual(vectors), dim=-1)
        summary = torch.cat([states, vectors], dim=2).sum(dim=1) / lengths[:, None]  # padding is zero in both
        sentence = F.normalize(self.summarise(self.dropout(summary)), dim=-1)
        balance = self.balance.sigmoid()
        words = words * (balance / lengths)[:, None, None] * mask[:, :, None]  # the mean over words, folded in
        return SentenceEmbedding(words, mask, sentence * (1 - balance))
