"""Encoders of CLIP's kind that are small and were never trained: the networks of open_clip, with their checkpoints."""

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import open_clip
import timm.models.eva
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
from torch import nn

TEXT = {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2}
OWN_TOKENS = ("<pad>", "<eos>", "<unk>")
CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "clip": {
        "embed_dim": 32,
        "vision_cfg": {"image_size": 64, "patch_size": 16, "width": 48, "head_width": 16, "layers": 3},
        "text_cfg": TEXT,
    },
    "siglip": {
        "embed_dim": 96,
        "custom_text": True,
        "init_logit_bias": -10,
        "vision_cfg": {"image_size": 160, "timm_model_name": "test_vit3", "timm_pool": "map", "timm_proj": "none"},
        "text_cfg": {
            "context_length": 64, "vocab_size": 300, "width": 32, "heads": 2, "layers": 1, "no_causal_mask": True,
            "proj_bias": True, "pool_type": "last", "hf_tokenizer_name": "of one's own",
            "tokenizer_kwargs": {"clean": "canonicalize"},
        },
    },
    "perception": {
        "embed_dim": 24,
        "custom_text": True,
        "vision_cfg": {"image_size": 64, "timm_model_name": "vit_pe_core_test", "timm_pool": "map", "timm_proj": None},
        "text_cfg": {**TEXT, "layers": 1, "context_length": 32},
    },
    "convnext": {
        "embed_dim": 40,
        "custom_text": True,
        "vision_cfg": {"image_size": 160, "timm_model_name": "test_convnext", "timm_pool": "", "timm_proj": "linear"},
        "text_cfg": {**TEXT, "layers": 1},
    },
}  # fmt: skip
PREPARATION = {"mean": [0.5, 0.4, 0.3], "std": [0.25, 0.3, 0.35], "interpolation": "bicubic"}


def vit_pe_core_test(pretrained: bool = False, **options: Any) -> nn.Module:
    """The Perception Encoder's vision transformer as timm has it, in small, and with a class token as the large one."""
    usual = {
        "patch_size": 16, "embed_dim": 48, "depth": 2, "num_heads": 3, "mlp_ratio": 4.0, "global_pool": "map",
        "attn_type": "rope", "use_pre_transformer_norm": True, "use_rot_pos_emb": True, "ref_feat_shape": (4, 4),
        "rope_grid_offset": 1.0, "rope_grid_indexing": "xy", "attn_pool_num_heads": 4, "attn_pool_mlp_ratio": 4.0,
        "norm_layer": partial(nn.LayerNorm, eps=1e-5), "img_size": 64, "class_token": True,
    }  # fmt: skip
    return timm.models.eva._create_eva("vit_pe_core_test", pretrained=pretrained, **{**usual, **options})


if not timm.models.is_model("vit_pe_core_test"):  # a module of tests may be imported under two names
    timm.models.register_model(vit_pe_core_test)


@dataclass(frozen=True, slots=True)
class TinyEncoder:
    """A network of open_clip as it is, and the folder with its checkpoint, as the hub has them."""

    model: Any
    folder: Path
    preparation: dict[str, Any]

    @property
    def size(self) -> int:
        """Pixels a side."""
        return int(self.model.visual.image_size[0])

    def reference(self, pixels: torch.Tensor) -> torch.Tensor:
        """Eight-bit pixels (B, 3, H, W) → the vectors (B, D) of photos that open_clip gives, at unit length."""
        mean, deviation = (torch.tensor(self.preparation[name]).view(1, 3, 1, 1) for name in ("mean", "std"))
        vectors: torch.Tensor = self.model.encode_image((pixels.float() / 255 - mean) / deviation, normalize=True)
        return vectors


def tiny_encoder(kind: str, folder: Path, resize_mode: str = "squash") -> TinyEncoder:
    """Make one, with its checkpoint in a folder."""
    configuration = CONFIGURATIONS[kind]
    options = {name: value for name, value in configuration.items() if name != "custom_text"}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        model = (open_clip.CustomTextCLIP if configuration.get("custom_text") else open_clip.CLIP)(**options)
        for name, parameter in model.named_parameters():
            if name.endswith(("attn_pool.latent", "bias")):  # zeros, with which much would go unseen
                nn.init.normal_(parameter, std=0.5)
            elif name.startswith("visual.trunk") and parameter.ndim > 1:  # so small that parts of a photo look alike
                nn.init.normal_(parameter, std=parameter[0].numel() ** -0.5)
    table = getattr(model, "text", model).token_embedding.weight
    table.data = table.half().float()  # it is kept in half precision, which the comparison should not see
    model = model.eval().requires_grad_(False)
    folder.mkdir(parents=True)
    save_file(model.state_dict(), folder / "open_clip_model.safetensors")
    preparation = {**PREPARATION, "resize_mode": resize_mode}
    content = {"model_cfg": configuration, "preprocess_cfg": preparation}
    (folder / "open_clip_config.json").write_text(json.dumps(content), encoding="utf-8")
    if "hf_tokenizer_name" in configuration["text_cfg"]:
        own_tokenizer(folder)
    return TinyEncoder(model, folder, preparation)


def own_tokenizer(folder: Path) -> None:
    """A tokenizer of bytes that ends texts, as SigLIP's do, with the files that transformers reads."""
    pad, end, unknown = OWN_TOKENS
    tokenizer = Tokenizer(models.BPE(unk_token=unknown))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=290, special_tokens=list(OWN_TOKENS), initial_alphabet=alphabet)
    tokenizer.train_from_iterator(["a dog and a cat", "the man in the hat", "собака и кот"] * 5, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(single=f"$A {end}", special_tokens=[(end, 1)])
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast", "pad_token": pad, "eos_token": end, "unk_token": unknown,
        "padding_side": "right", "model_max_length": 64, "add_eos_token": True,
    }  # fmt: skip
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
