"""Caption networks on a CPU, in ONNX Runtime: numpy in, numpy out, and torch only to export them once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.captioning.decoder import Decoder, State
from engine.captioning.folder import CaptionFolder
from engine.captioning.scene import Scene
from engine.runtime.device import Device
from engine.runtime.onnx import Traced, open_session

if TYPE_CHECKING:
    from engine.captioning.network import DecoderModule

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class OnnxState:
    """What was seen of B photos, by input of the step, and what is kept of K sentences each, their axis told."""

    seen: dict[str, Array]
    kept: dict[str, Array]
    sentence_axis: int

    def choose(self, rows: NDArray[np.int64]) -> "OnnxState":
        """Go on with sentences ``rows`` (B, K') of each photo's K."""
        kept = {name: _chosen(part, rows, self.sentence_axis) for name, part in self.kept.items()}
        return OnnxState(self.seen, kept, self.sentence_axis)


def _chosen(part: Array, rows: NDArray[np.int64], axis: int) -> Array:
    before, (batch, count), after = part.shape[: axis - 1], part.shape[axis - 1 : axis + 1], part.shape[axis + 1 :]
    # One selection along one axis is many times as fast as an index of two.
    chosen = (np.arange(batch)[:, None] * count + rows).reshape(-1)
    kept: Array = part.reshape(*before, batch * count, *after).take(chosen, axis=axis - 1)
    return kept.reshape(*before, *rows.shape, *after)


class OnnxDecoder:
    """A caption network, in one thread: what a photo gets depends on no other, see ``decode``.

    Its two parts are exported by ``exported``: the look at a photo, and the step from word to word.

    Args:
        kind: ``transformer`` or ``recurrent``.
        fingerprint: names the weights.
        network: makes the network, where it has to be exported.
    """

    def __init__(self, kind: str, fingerprint: str, network: Callable[[], "DecoderModule"]) -> None:
        def trace(part: str) -> Traced:
            from engine.captioning.exported import traced

            return traced(network(), part)

        self._start = open_session(f"caption start|{fingerprint}", lambda: trace("start"), threads=1)
        self._step = open_session(f"caption step|{fingerprint}", lambda: trace("step"), threads=1)
        self._is_transformer = kind == "transformer"

    def start(self, scene: Scene[Array]) -> OnnxState:
        """Look at B photos."""
        inputs = {node.name: node.shape[-1] for node in self._start.get_inputs()}
        given = {"features": scene.features, "vectors": scene.vectors, "boxes": scene.boxes}
        known = {
            name: np.asarray(given[name])[..., :width] for name, width in inputs.items()
        }  # of the features, the first
        (seen,) = self._start.run(None, known)
        if self._is_transformer:  # (L, 2, B, heads, S, d); of words there are none yet, (L, 2, B, 1, heads, 0, d)
            words = np.zeros((*seen.shape[:3], 1, seen.shape[3], 0, seen.shape[5]), np.float32)
            return OnnxState({"photos": seen}, {"words": words}, sentence_axis=3)
        return OnnxState({}, {"image": seen, "hidden": np.zeros_like(seen)}, sentence_axis=1)  # (B, 1, H)

    def __call__(self, tokens: NDArray[np.int64], state: State) -> tuple[Array, OnnxState]:
        """The next word (B, K) → logits (B, K, V + 1), and the state after it."""
        assert isinstance(state, OnnxState)
        count = next(iter(state.kept.values())).shape[state.sentence_axis]
        if count != tokens.shape[1]:  # before the first word there is one sentence
            state = state.choose(np.zeros_like(tokens))
        logits, kept = self._step.run(None, {"tokens": tokens, **state.seen, **state.kept})
        if self._is_transformer:
            return logits, OnnxState(state.seen, {"words": kept}, state.sentence_axis)
        # The image enters at the first word only.
        return logits, OnnxState({}, {"image": np.zeros_like(kept), "hidden": kept}, state.sentence_axis)


def fastest_decoder(captioner: CaptionFolder, device: Device) -> Decoder:
    """What writes sentences of ``captioner`` fastest on ``device``."""
    if device == "cpu":
        kind = captioner.config.architecture.decoder
        return OnnxDecoder(kind, captioner.fingerprint, lambda: captioner.decoder)
    from engine.captioning.network import TorchDecoder

    return TorchDecoder(captioner.decoder.to(device))
