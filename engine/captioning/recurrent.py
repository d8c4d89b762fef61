"""The multimodal recurrent network of the paper (eqs. 13–15, Karpathy & Fei-Fei 2015)."""

from dataclasses import dataclass, replace
from typing import cast

import torch
from torch import Tensor, nn

from engine.captioning.config import CaptionArchitecture
from engine.captioning.network import DecoderModule, TensorState
from engine.captioning.scene import Scene


@dataclass(frozen=True, slots=True)
class RecurrentState:
    """Hidden states h (B, K, H), and b_v (B, K, H) until the first word was read."""

    hidden: Tensor
    image: Tensor | None

    def choose(self, rows: Tensor) -> "RecurrentState":
        """Go on with sentences ``rows`` (B, K') of each photo's K."""
        index = rows[..., None].expand(-1, -1, self.hidden.shape[-1])
        image = None if self.image is None else self.image.gather(1, index)
        return RecurrentState(self.hidden.gather(1, index), image)


class RecurrentDecoder(DecoderModule):
    """h_t = f(W_hx x_t + W_hh h_{t−1} + b_h + 1(t=1) ⊙ b_v), y_t = softmax(W_oh h_t + b_o), f = ReLU.

    The image enters at the first word only, as b_v = W_hi · CNN(I) of the region that is described.
    """

    def __init__(self, architecture: CaptionArchitecture, log_frequencies: Tensor, dropout: float) -> None:
        super().__init__()
        width, num_outputs = architecture.width, len(log_frequencies)
        self.width, self.num_channels = width, architecture.num_channels
        self.normalise = nn.LayerNorm(architecture.num_channels, elementwise_affine=False)
        self.image = nn.Linear(architecture.num_channels, width, bias=False)  # W_hi
        self.words = nn.Embedding(num_outputs + 1, width)  # x_t
        self.input = nn.Linear(width, width)  # W_hx, b_h
        self.hidden = nn.Linear(width, width, bias=False)  # W_hh
        self.output = nn.Linear(width, num_outputs)  # W_oh, b_o
        self.dropout = nn.Dropout(dropout)
        nn.init.normal_(self.words.weight, std=0.1)
        nn.init.orthogonal_(self.hidden.weight, gain=1.0)
        with torch.no_grad():
            self.output.bias.copy_(log_frequencies)

    def start(self, scene: Scene[Tensor]) -> RecurrentState:
        """Look at B photos."""
        image = self.look(scene.features)
        return RecurrentState(torch.zeros_like(image), image)

    def look(self, features: Tensor) -> Tensor:
        """Region features (B, S, C) → b_v (B, 1, H) of the last region."""
        # All regions are multiplied, for the reason that engine/captioning/decode.py gives, and the last is kept.
        image: Tensor = self.image(self.dropout(self.normalise(features[..., : self.num_channels])))[:, -1:]
        return image

    def forward(self, tokens: Tensor, state: TensorState) -> tuple[Tensor, TensorState]:
        """The next words (B, K, T) → logits (B, K, T, V + 1), and the state after them."""
        state = cast("RecurrentState", state)
        if state.hidden.shape[1] != tokens.shape[1]:
            state = state.choose(torch.zeros(tokens.shape[:2], dtype=torch.long, device=tokens.device))
        read = self.input(self.dropout(self.words(tokens)))  # (B, K, T, H)
        if state.image is not None:
            read = torch.cat([read[:, :, :1] + state.image[:, :, None], read[:, :, 1:]], dim=2)
        hidden, states = state.hidden, []
        for position in range(tokens.shape[2]):
            hidden = (read[:, :, position] + self.hidden(hidden)).relu()
            states.append(hidden)
        logits = self.output(self.dropout(torch.stack(states, dim=2)))
        return logits, replace(state, hidden=hidden, image=None)
