"""What caption networks share: what they keep between two words, and how they are called."""

from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from engine.captioning.scene import Scene


class State(Protocol):
    """What a network keeps of B photos and the K sentences that are being written of each."""

    def choose(self, rows: NDArray[np.int64]) -> Self:
        """Go on with sentences ``rows`` (B, K') of each photo's K."""
        ...


class Decoder(Protocol):
    """What writes sentences word by word, whatever runs it."""

    def start(self, scene: Scene[NDArray[np.float32]]) -> State:
        """Look at B photos: the state before the first word of one sentence each."""
        ...

    def __call__(self, tokens: NDArray[np.int64], state: State) -> tuple[NDArray[np.float32], State]:
        """The next word (B, K) of K sentences of each photo → logits (B, K, V + 1), and the state after."""
        ...
