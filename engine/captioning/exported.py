"""Caption networks as what ONNX holds: the look at a photo, and the step from word to word."""

import torch
from torch import Tensor, nn

from engine.captioning.network import DecoderModule
from engine.captioning.recurrent import RecurrentDecoder, RecurrentState
from engine.captioning.scene import Scene
from engine.captioning.transformer import TransformerDecoder, TransformerState
from engine.runtime.onnx import Traced

PHOTOS, SENTENCES, WORDS, REGIONS = 2, 3, 4, 5  # of the inputs that are traced


def traced(decoder: DecoderModule, part: str) -> Traced:
    """One part of a caption network, to be exported.

    ``start``: features (B, S, C), vectors (B, S, D) and boxes (B, S, 4), those of them that the network looks at → what
    was seen. ``step``: the next word (B, K), what was seen and what is kept → logits (B, K, V + 1), what is kept now.
    """
    if isinstance(decoder, TransformerDecoder):
        return _start_of_transformer(decoder) if part == "start" else _step_of_transformer(decoder)
    assert isinstance(decoder, RecurrentDecoder)
    return _start_of_recurrent(decoder) if part == "start" else _step_of_recurrent(decoder)


def _start_of_transformer(decoder: TransformerDecoder) -> Traced:
    sizes = {"features": decoder.features[2].in_features, "vectors": decoder.vectors.in_features, "boxes": 4}
    inputs = {name: torch.rand(PHOTOS, REGIONS, int(size)) for name, size in sizes.items()}  # type: ignore[arg-type]
    return Traced(_TransformerStart(decoder), inputs, {key: {0: "photos", 1: "regions"} for key in inputs})


def _step_of_transformer(decoder: TransformerDecoder) -> Traced:
    layers, parts, _, heads, _, size = decoder.start_blind(1).photos.shape
    inputs = {
        "tokens": torch.zeros(PHOTOS, SENTENCES, dtype=torch.long),
        "photos": torch.zeros(layers, parts, PHOTOS, heads, REGIONS, size),
        "words": torch.zeros(layers, parts, PHOTOS, SENTENCES, heads, WORDS, size),
    }
    free = {
        "tokens": {0: "photos", 1: "sentences"},
        "photos": {2: "photos", 4: "regions"},
        "words": {2: "photos", 3: "sentences", 5: "words"},
    }
    return Traced(_TransformerStep(decoder), inputs, free)


def _start_of_recurrent(decoder: RecurrentDecoder) -> Traced:
    features = torch.rand(PHOTOS, REGIONS, decoder.image.in_features)
    return Traced(_RecurrentStart(decoder), {"features": features}, {"features": {0: "photos", 1: "regions"}})


def _step_of_recurrent(decoder: RecurrentDecoder) -> Traced:
    state = torch.zeros(PHOTOS, SENTENCES, decoder.width)
    inputs = {"tokens": torch.zeros(PHOTOS, SENTENCES, dtype=torch.long), "image": state, "hidden": state + 0}
    return Traced(_RecurrentStep(decoder), inputs, {key: {0: "photos", 1: "sentences"} for key in inputs})


class _TransformerStart(nn.Module):
    def __init__(self, decoder: TransformerDecoder) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(self, features: Tensor, vectors: Tensor, boxes: Tensor) -> Tensor:
        return self.decoder.start(Scene(features, vectors, boxes)).photos


class _TransformerStep(nn.Module):
    def __init__(self, decoder: TransformerDecoder) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(self, tokens: Tensor, photos: Tensor, words: Tensor) -> tuple[Tensor, Tensor]:
        logits, state = self.decoder(tokens[..., None], TransformerState(photos, words))
        return logits[:, :, 0], state.words


class _RecurrentStart(nn.Module):
    def __init__(self, decoder: RecurrentDecoder) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(self, features: Tensor) -> Tensor:
        return self.decoder.look(features)


class _RecurrentStep(nn.Module):
    def __init__(self, decoder: RecurrentDecoder) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(self, tokens: Tensor, image: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
        logits, state = self.decoder(tokens[..., None], RecurrentState(hidden, image))
        return logits[:, :, 0], state.hidden
