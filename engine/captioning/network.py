"""A caption network as a module of torch, which can be trained, and written with."""

from typing import Any, Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.captioning.decoder import State
from engine.captioning.scene import Scene


class TensorState(Protocol):
    """What a network keeps of B photos and the K sentences that are being written of each."""

    def choose(self, rows: Tensor) -> Self:
        """Go on with sentences ``rows`` (B, K') of each photo's K."""
        ...


class DecoderModule(nn.Module):
    """What the networks of both presets have in common."""

    def start(self, scene: Scene[Tensor]) -> TensorState:
        """Look at B photos: the state before the first word of one sentence each."""
        raise NotImplementedError

    def forward(self, tokens: Tensor, state: TensorState) -> tuple[Tensor, TensorState]:
        """The next T words (B, K, T) of K sentences of each photo → logits (B, K, T, V + 1), and the state after."""
        raise NotImplementedError


class TorchDecoder:
    """Writes with a module where it lies: on a GPU, and while it is trained."""

    def __init__(self, module: DecoderModule) -> None:
        self._module = module
        self._device = next(module.parameters()).device

    @torch.inference_mode()
    def start(self, scene: Scene[Any]) -> "_Moved":
        """Look at B photos."""
        parts = (torch.as_tensor(part).to(self._device) for part in scene.parts)
        return _Moved(self._module.start(Scene(*parts)), self._device)

    @torch.inference_mode()
    def __call__(self, tokens: NDArray[np.int64], state: State) -> tuple[NDArray[np.float32], "_Moved"]:
        """The next word (B, K) → logits (B, K, V + 1), and the state after it."""
        assert isinstance(state, _Moved)
        logits, after = self._module(torch.from_numpy(tokens[..., None]).to(self._device), state.state)
        return logits[:, :, 0].cpu().numpy(), _Moved(after, self._device)


class _Moved:
    """A state of tensors, chosen from by arrays."""

    def __init__(self, state: TensorState, device: torch.device) -> None:
        self.state, self._device = state, device

    def choose(self, rows: NDArray[np.int64]) -> "_Moved":
        return _Moved(self.state.choose(torch.from_numpy(rows).to(self._device)), self._device)
