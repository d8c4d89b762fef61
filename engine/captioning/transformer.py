"""The decoder of the ``default`` preset: a small transformer that attends to the regions of the photo."""

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.captioning.config import CaptionArchitecture
from engine.captioning.network import DecoderModule, TensorState
from engine.captioning.scene import Scene

NUM_GEOMETRY = 7
FEEDFORWARD = 2  # times the width


@dataclass(frozen=True, slots=True)
class TransformerState:
    """Keys and values of the L layers."""

    photos: Tensor  # (L, 2, B, heads, S, d)
    words: Tensor | None  # (L, 2, B, K, heads, t, d) of the words so far; none before the first

    def choose(self, rows: Tensor) -> "TransformerState":
        """Go on with sentences ``rows`` (B, K') of each photo's K."""
        if self.words is None:
            return self
        layers, parts, batch, count = self.words.shape[:4]
        # One selection along one axis is many times as fast as an index of two.
        chosen = (torch.arange(batch, device=rows.device)[:, None] * count + rows).flatten()
        kept = self.words.flatten(2, 3).index_select(2, chosen)
        return TransformerState(self.photos, kept.view(layers, parts, *rows.shape, *kept.shape[3:]))


class TransformerDecoder(DecoderModule):
    """Regions → memory; words → the next word, by attention to the words before and to the memory."""

    def __init__(self, architecture: CaptionArchitecture, log_frequencies: Tensor, dropout: float) -> None:
        super().__init__()
        width, num_outputs = architecture.width, len(log_frequencies)
        self.num_channels = architecture.num_channels
        self.features = nn.Sequential(
            nn.LayerNorm(architecture.num_channels, elementwise_affine=False),
            nn.Dropout(dropout),
            nn.Linear(architecture.num_channels, width),
        )
        self.vectors = nn.Linear(architecture.dimension, width, bias=False)
        self.place = nn.Linear(NUM_GEOMETRY, width, bias=False)
        self.described = nn.Parameter(torch.zeros(width))
        self.nothing = nn.Parameter(torch.zeros(width))  # what is seen where there is no photo, and always beside it
        self.dropout = nn.Dropout(dropout)
        self.encode = _Layer(width, architecture.heads, dropout, attends=False)
        self.memory_norm = nn.LayerNorm(width)
        self.words = nn.Embedding(num_outputs + 1, width)
        self.positions = nn.Embedding(architecture.max_words + 1, width)
        self.layers = nn.ModuleList(
            _Layer(width, architecture.heads, dropout, attends=True) for _ in range(architecture.layers)
        )
        self.norm = nn.LayerNorm(width)
        self.bias = nn.Parameter(log_frequencies.clone())
        for table in (self.words, self.positions):
            nn.init.normal_(table.weight, std=0.02)

    def start(self, scene: Scene[Tensor]) -> TransformerState:
        """Look at B photos."""
        features = self.features(scene.features[..., : self.num_channels])
        seen = features + self.vectors(scene.vectors) + self.place(_geometry(scene.boxes))
        seen = torch.cat([seen[:, :-1], seen[:, -1:] + self.described], dim=1)  # (B, S, H)
        nothing = self.nothing.expand(seen.shape[0], 1, -1)  # torch would take len() for a constant
        return self._remember(torch.cat([self.encode(self.dropout(seen)), nothing], dim=1))

    def start_blind(self, num_sentences: int) -> TransformerState:
        """The state before the first word of sentences about no photo."""
        return self._remember(self.nothing.expand(num_sentences, 1, -1))

    def forward(self, tokens: Tensor, state: TensorState) -> tuple[Tensor, TensorState]:
        """The next words (B, K, T) → logits (B, K, T, V + 1), and the state after them."""
        state = cast("TransformerState", state)
        start = 0 if state.words is None else state.words.shape[-2]
        positions = torch.arange(start, start + tokens.shape[2], device=tokens.device)
        hidden = self.dropout(self.words(tokens) + self.positions(positions))  # (B, K, T, H)
        known = []
        for number, layer in enumerate(self._layers):
            before = None if state.words is None else state.words[number]
            hidden, kept = layer.read(hidden, before, state.photos[number])
            known.append(kept)
        logits = F.linear(self.norm(hidden), self.words.weight[:-1], self.bias)
        return logits, TransformerState(state.photos, torch.stack(known))

    @property
    def _layers(self) -> list["_Layer"]:
        return cast("list[_Layer]", list(self.layers))

    def _remember(self, memory: Tensor) -> TransformerState:
        memory = self.memory_norm(memory)
        return TransformerState(torch.stack([layer.look(memory) for layer in self._layers]), None)


class _Layer(nn.Module):
    """Attention among the rows, to the photo where it ``attends``, and two linear layers, each added to its input."""

    def __init__(self, width: int, heads: int, dropout: float, *, attends: bool) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.project = nn.Linear(width, 3 * width)
        self.merge = nn.Linear(width, width)
        if attends:
            self.photo_norm = nn.LayerNorm(width)
            self.ask = nn.Linear(width, width)
            self.photo = nn.Linear(width, 2 * width)
            self.photo_merge = nn.Linear(width, width)
        self.forward_norm = nn.LayerNorm(width)
        self.feed = nn.Sequential(
            nn.Linear(width, FEEDFORWARD * width), nn.GELU(), nn.Dropout(dropout), nn.Linear(FEEDFORWARD * width, width)
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, rows: Tensor) -> Tensor:
        """Regions (B, S, H), each of which attends to all → (B, S, H)."""
        query, key, value = self._split(self.project(self.norm(rows)), 3)
        rows = rows + self._merged(F.scaled_dot_product_attention(query, key, value), self.merge)
        fed: Tensor = rows + self.dropout(self.feed(self.forward_norm(rows)))
        return fed

    def look(self, memory: Tensor) -> Tensor:
        """Memory (B, S, H) → its keys and values (2, B, heads, S, d)."""
        return self._split(self.photo(memory), 2)

    def read(self, words: Tensor, before: Tensor | None, photo: Tensor) -> tuple[Tensor, Tensor]:
        """Words (B, K, T, H) after those whose keys and values are ``before`` → (B, K, T, H), and those of all words.

        Without words before, each of the T attends to itself and to those on its left; with them, T is 1.
        """
        query, key, value = self._split(self.project(self.norm(words)), 3)  # (B, K, heads, T, d)
        if before is not None:
            key, value = torch.cat([before[0], key], dim=-2), torch.cat([before[1], value], dim=-2)
        # Each photo and sentence is a row of its own here.
        flat = [part.flatten(0, 1) for part in (query, key, value)]
        attended = F.scaled_dot_product_attention(flat[0], flat[1], flat[2], is_causal=before is None).view(query.shape)
        words = words + self._merged(attended, self.merge)
        # The words of all K sentences of a photo ask together.
        asked = self._split(self.ask(self.photo_norm(words)).flatten(1, 2), 1)[0]  # (B, heads, K·T, d)
        seen = F.scaled_dot_product_attention(asked, photo[0], photo[1])
        words = words + self._merged(seen, self.photo_merge).view(words.shape)
        words = words + self.dropout(self.feed(self.forward_norm(words)))
        return words, torch.stack([key, value])

    def _split(self, rows: Tensor, parts: int) -> Tensor:
        """(…, T, parts · H) → (parts, …, heads, T, d)."""
        split = rows.view(*rows.shape[:-1], parts, self.heads, -1)  # (…, T, parts, heads, d)
        return split.movedim(-3, 0).transpose(-2, -3)

    def _merged(self, attended: Tensor, merge: nn.Linear) -> Tensor:
        """(…, heads, T, d) → (…, T, H)."""
        merged: Tensor = self.dropout(merge(attended.transpose(-2, -3).flatten(-2)))
        return merged


def _geometry(boxes: Tensor) -> Tensor:
    """Boxes (B, S, 4) from 0 to 1 → corners, sides and area (B, S, 7)."""
    sides = boxes[..., 2:] - boxes[..., :2]
    return torch.cat([boxes, sides, sides.prod(dim=-1, keepdim=True)], dim=-1)
