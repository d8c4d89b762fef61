"""The MiniLM-L6 sentence encoder from its package, as torch's own transformer layers.

torch's ``TransformerEncoder`` computes what BERT computes; only the names of the weights differ. A test compares it
with the transformers library. It is exported once (``word_vectors``), and not imported afterwards.
"""

from collections.abc import Mapping

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from engine.language.minilm_package import DIMENSION, weights_file
from engine.runtime.onnx import Traced

NUM_LAYERS = 6
NUM_HEADS = 12
FEEDFORWARD = 1536
LAYER_NORM_EPS = 1e-12


def load_weights() -> dict[str, Tensor]:
    """The packaged weights by their BERT names."""
    return load_file(weights_file())


def traced() -> Traced:
    """The packaged network, to be exported."""
    pieces = torch.ones(2, 3, dtype=torch.long)
    inputs = {"pieces": pieces, "mask": pieces.bool()}
    axes = {0: "texts", 1: "length"}
    return Traced(MiniLM(load_weights()), inputs, {"pieces": axes, "mask": axes})


class MiniLM(nn.Module):
    """Word pieces in context, frozen.

    Args:
        weights: what ``load_weights`` returns.
    """

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(
            DIMENSION, NUM_HEADS, FEEDFORWARD, dropout=0.0, activation="gelu",
            layer_norm_eps=LAYER_NORM_EPS, batch_first=True,
        )  # fmt: skip
        self.pieces = _table(weights["embeddings.word_embeddings.weight"])
        self.positions = _table(weights["embeddings.position_embeddings.weight"])
        # Every piece is of the first of BERT's two segments.
        self.register_buffer("segment", weights["embeddings.token_type_embeddings.weight"][0])
        self.norm = nn.LayerNorm(DIMENSION, eps=LAYER_NORM_EPS)
        self.layers = nn.TransformerEncoder(layer, NUM_LAYERS, enable_nested_tensor=False)
        self.norm.load_state_dict({name: weights[f"embeddings.LayerNorm.{name}"] for name in ("weight", "bias")})
        for index, block in enumerate(self.layers.layers):
            block.load_state_dict(_layer_weights(weights, f"encoder.layer.{index}"))
        self.eval().requires_grad_(False)

    def forward(self, pieces: Tensor, mask: Tensor) -> Tensor:
        """Piece numbers (N, P) and their mask (N, P), True = real → vectors in context (N, P, 384)."""
        positions = torch.arange(pieces.shape[1], device=pieces.device)
        embedded = self.norm(self.pieces(pieces) + self.positions(positions) + self.segment)
        output: Tensor = self.layers(embedded, src_key_padding_mask=~mask)
        return output


def _table(rows: Tensor) -> nn.Embedding:
    return nn.Embedding(rows.shape[0], rows.shape[1], _weight=rows)


def _layer_weights(weights: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    renamed = {}
    for kind in ("weight", "bias"):
        parts = [weights[f"{prefix}.attention.self.{part}.{kind}"] for part in ("query", "key", "value")]
        renamed[f"self_attn.in_proj_{kind}"] = torch.cat(parts)
        renamed[f"self_attn.out_proj.{kind}"] = weights[f"{prefix}.attention.output.dense.{kind}"]
        renamed[f"norm1.{kind}"] = weights[f"{prefix}.attention.output.LayerNorm.{kind}"]
        renamed[f"linear1.{kind}"] = weights[f"{prefix}.intermediate.dense.{kind}"]
        renamed[f"linear2.{kind}"] = weights[f"{prefix}.output.dense.{kind}"]
        renamed[f"norm2.{kind}"] = weights[f"{prefix}.output.LayerNorm.{kind}"]
    return renamed
