"""The towers of a model as what ONNX can hold.

torch traces a loop over words for one number of words alone: ONNX's own recurrent operators take its place.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.alignment.cosine import CosineSentenceTower
from engine.alignment.model import AlignmentModel
from engine.alignment.plain import PlainSentenceTower
from engine.runtime.onnx import Traced
from engine.vision.proposals import NUM_REGIONS

TRACED_WORDS = 5
TRACED_PHOTOS = 2


def traced_regions(model: AlignmentModel) -> Traced:
    """The image tower: region features (B, R, C), boxes (B, R, 4) → records (B, S, D), the photo vector last."""
    size = (TRACED_PHOTOS, NUM_REGIONS)
    features, boxes = torch.zeros(*size, model.architecture.num_channels), torch.zeros(*size, 4)
    axes = {0: "batch", 1: "regions"}
    return Traced(_Records(model), {"features": features, "boxes": boxes}, {"features": axes, "boxes": axes})


def traced_sentence(model: AlignmentModel) -> Traced:
    """The sentence tower and the bank for one sentence: word vectors (T, E) → words (T, D), sentence (D,)."""
    inputs = {"vectors": torch.zeros(TRACED_WORDS, model.architecture.word_dimension)}
    free = {"vectors": {0: "length"}}
    if isinstance(model.sentence_tower, CosineSentenceTower):
        return Traced(_Cosine(model, model.sentence_tower), inputs, free)
    assert isinstance(model.sentence_tower, PlainSentenceTower)
    return Traced(_Plain(model.sentence_tower), inputs, free)


class _Records(nn.Module):
    def __init__(self, model: AlignmentModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, features: Tensor, boxes: Tensor) -> Tensor:
        embedding = self.model.embed_images(features, boxes)
        if embedding.photo is None:
            return embedding.regions
        return torch.cat([embedding.regions, embedding.photo[:, None]], dim=1)


class _Cosine(nn.Module):
    def __init__(self, model: AlignmentModel, tower: CosineSentenceTower) -> None:
        super().__init__()
        self.model, self.tower = model, tower
        self.recurrent = _Recurrent("GRU", *_gates_of_onnx(tower.recurrent), linear_before_reset=1)

    def forward(self, vectors: Tensor) -> tuple[Tensor, Tensor]:
        embedding = self.tower.of_one(vectors, self.recurrent(vectors).flatten(1))
        assert embedding.sentence is not None
        bank = self.model.bank
        offset = None if bank is None else bank.offset_of_one(embedding.words[0], embedding.sentence[0])
        embedding = self.model.beside_banks(embedding, offset)
        assert embedding.sentence is not None
        return embedding.words[0], embedding.sentence[0]


class _Plain(nn.Module):
    def __init__(self, tower: PlainSentenceTower) -> None:
        super().__init__()
        self.tower = tower
        layers = (tower.forwards, tower.backwards)
        size = tower.forwards.in_features
        # h_t = ReLU(e_t + W h_(t-1) + b): the input is taken as it is.
        inputs = torch.eye(size).expand(2, size, size).contiguous()
        biases = torch.stack([F.pad(layer.bias.detach(), (0, size)) for layer in layers])
        weights = torch.stack([layer.weight.detach() for layer in layers])
        self.recurrent = _Recurrent("RNN", inputs, weights, biases, activations=["Relu", "Relu"])

    def forward(self, vectors: Tensor) -> Tensor:
        states = self.recurrent(self.tower.embed(vectors).relu())  # (T, 2, H)
        words: Tensor = self.tower.project(states.sum(dim=1)).relu()
        return words


class _Recurrent(nn.Module):
    """A recurrent operator of ONNX in both directions: inputs (T, E) → states (T, 2, H)."""

    def __init__(
        self, operator: str, inputs: Tensor, weights: Tensor, biases: Tensor, **attributes: int | Sequence[str]
    ) -> None:
        super().__init__()
        self.operator, self.attributes = operator, attributes
        self.inputs: Tensor
        self.weights: Tensor
        self.biases: Tensor
        for name, tensor in (("inputs", inputs), ("weights", weights), ("biases", biases)):
            self.register_buffer(name, tensor)

    def forward(self, vectors: Tensor) -> Tensor:
        size = self.weights.shape[-1]
        states: Tensor = torch.onnx.ops.symbolic(
            self.operator,
            (vectors[:, None], self.inputs, self.weights, self.biases),
            {"hidden_size": size, "direction": "bidirectional", **self.attributes},
            dtype=vectors.dtype,
            shape=(vectors.shape[0], 2, 1, size),
        )
        return states.flatten(1).view(-1, 2, size)


def _gates_of_onnx(layer: nn.GRU) -> tuple[Tensor, Tensor, Tensor]:
    """The weights of a GRU in the order of ONNX: update, reset, new, where torch has reset, update, new."""

    def of(*names: str) -> Tensor:
        directions = []
        for end in ("", "_reverse"):
            gates = [getattr(layer, name + end).detach().chunk(3) for name in names]
            directions.append(torch.cat([torch.cat([update, reset, new]) for reset, update, new in gates]))
        return torch.stack(directions)

    return of("weight_ih_l0"), of("weight_hh_l0"), of("bias_ih_l0", "bias_hh_l0")
