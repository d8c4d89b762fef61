"""The towers of the ``paper`` preset: region features → v_i, word vectors → s_t (eqs. 1–6, Karpathy & Fei-Fei 2015)."""

import torch
from torch import Tensor, nn

from engine.alignment.config import Architecture
from engine.alignment.embeddings import ImageEmbedding, SentenceEmbedding
from engine.alignment.standardise import Standardise

# Plain dot products start small, and word vectors a little above zero, so that the first scores differ by less than the
# margin of 1. Otherwise the first steps are so long that most of the ReLUs of eq. 6 die and never come back.
INITIAL_REGION_SCALE = 0.02
INITIAL_WORD_SCALE = 0.3
INITIAL_WORD_BIAS = 0.05


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
