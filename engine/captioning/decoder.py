"""What both caption networks share: what they keep between two words, and how they are called."""

from typing import Protocol, Self

from torch import Tensor, nn

from engine.captioning.scene import Scene


class State(Protocol):
    """What a network keeps of B photos and the K sentences that are being written of each."""

    def choose(self, rows: Tensor) -> Self:
        """Go on with sentences ``rows`` (B, K') of each photo's K."""
        ...


class Decoder(Protocol):
    """What writes sentences word by word, whatever runs it."""

    def start(self, scene: Scene) -> State:
        """Look at B photos: the state before the first word of one sentence each."""
        ...

    def __call__(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """The next T words (B, K, T) of K sentences of each photo → logits (B, K, T, V + 1), and the state after."""
        ...


class DecoderModule(nn.Module):
    """The same as a module of torch, which can be trained."""

    def start(self, scene: Scene) -> State:
        """Look at B photos: the state before the first word of one sentence each."""
        raise NotImplementedError

    def forward(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """The next T words (B, K, T) of K sentences of each photo → logits (B, K, T, V + 1), and the state after."""
        raise NotImplementedError
