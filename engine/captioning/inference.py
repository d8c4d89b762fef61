"""A caption network on whatever runs it fastest: ONNX Runtime for the transformer on a CPU, torch otherwise."""

from typing import cast

import torch
from torch import Tensor, nn
from torch.export import Dim

from engine.captioning.decoder import Decoder, State
from engine.captioning.folder import CaptionFolder
from engine.captioning.scene import Scene
from engine.captioning.transformer import TransformerDecoder, TransformerState
from engine.runtime.onnx import open_session

MAX_ROWS = 4096  # of photos, sentences, words and regions each
EXAMPLE = (2, 3, 4, 5)  # photos, sentences, words and regions of the inputs that are traced


class OnnxDecoder:
    """The transformer with its step from word to word in ONNX Runtime, two to three times as fast as eager torch.

    Args:
        decoder: the network, which still looks at the photos.
        fingerprint: names its weights.
    """

    def __init__(self, decoder: TransformerDecoder, fingerprint: str) -> None:
        self._decoder = decoder
        photos, count, length, seen = EXAMPLE
        layers, _, _, heads, _, size = decoder.start_blind(1).photos.shape
        inputs = {
            "tokens": torch.zeros(photos, count, 1, dtype=torch.long),
            "photos": torch.zeros(layers, 2, photos, heads, seen, size),
            "words": torch.zeros(layers, 2, photos, count, heads, length, size),
        }
        batch, beam, before, regions = (
            Dim(name, min=0, max=MAX_ROWS) for name in ("batch", "beam", "before", "regions")
        )
        free = {
            "tokens": {0: batch, 1: beam},
            "photos": {2: batch, 4: regions},
            "words": {2: batch, 3: beam, 5: before},
        }
        self._session = open_session(f"caption step|{fingerprint}", _Step(decoder), inputs, free)

    def start(self, scene: Scene) -> TransformerState:
        """Look at B photos."""
        return self._decoder.start(scene)

    def __call__(self, tokens: Tensor, state: State) -> tuple[Tensor, TransformerState]:
        """The next word (B, K, 1) → logits (B, K, 1, V + 1), and the state after it."""
        state = cast("TransformerState", state)
        photos, words = state.photos, state.words
        if words is None:
            words = photos.new_zeros(*photos.shape[:3], tokens.shape[1], photos.shape[3], 0, photos.shape[5])
        inputs = {"tokens": tokens.numpy(), "photos": photos.numpy(), "words": words.numpy()}
        logits, words = (torch.from_numpy(output) for output in self._session.run(None, inputs))
        return logits, TransformerState(photos, words)


class _Step(nn.Module):
    """One word more, with tensors alone as inputs and outputs."""

    def __init__(self, decoder: TransformerDecoder) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(self, tokens: Tensor, photos: Tensor, words: Tensor) -> tuple[Tensor, Tensor]:
        logits, state = self.decoder(tokens, TransformerState(photos, words))
        return logits, state.words


def fastest_decoder(captioner: CaptionFolder, device: torch.device) -> Decoder:
    """What writes sentences of ``captioner`` fastest on ``device``; the ONNX file is exported once."""
    if device.type == "cpu" and isinstance(captioner.decoder, TransformerDecoder):
        return OnnxDecoder(captioner.decoder, captioner.fingerprint)
    return captioner.decoder.to(device)
