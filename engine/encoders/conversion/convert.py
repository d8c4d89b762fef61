"""A checkpoint of open_clip → the files of an encoder."""

import dataclasses
import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch
from open_clip.model import convert_to_custom_text_state_dict
from safetensors.torch import load_file
from torch import nn

from engine.encoders.checkpoint import Checkpoint
from engine.encoders.config import KIND, Encoder, EncoderConfig, Scoring, Source
from engine.encoders.conversion.regions import RegionalTower, regional
from engine.encoders.conversion.text import TextTower, example
from engine.encoders.conversion.tokenizer import clip_tokenizer, own_tokenizer
from engine.encoders.conversion.torch_tower import keep_weights
from engine.encoders.folder import TEXT_TOWER, TOKENIZER, TOKENS
from engine.errors import ModelError
from engine.runtime.files import sha256
from engine.runtime.onnx import Traced, export
from engine.runtime.packaged import CONFIG, IMAGE_TOWER

Tell = Callable[[str], None]
_TRACED_REGIONS = 3  # a size of one would be taken for a constant


def convert(
    checkpoint: Checkpoint, name: str, folder: Path, source: Source, tell: Tell, *, gpu: bool = False
) -> EncoderConfig:
    """Write the files of an encoder into an empty folder, with weights for a GPU if that is asked for or there is one.

    Raises:
        ModelError: the network is of a kind that is not known here, or the weights are not its own.
    """
    logging.getLogger("open_clip").setLevel(logging.ERROR)
    settings, preprocess = _configurations(checkpoint)
    text = settings.get("text_cfg", {})
    if "multimodal_cfg" in settings or text.get("hf_model_name") or text.get("tokenizer_mode"):
        raise ModelError(
            "The text tower is of a kind that is not known here (CoCa's, or one of transformers); those of CLIP and of "
            "SigLIP are."
        )
    tell("Reading the weights ...")
    model = _model(settings, checkpoint.weights)
    size = _size(model.visual.image_size)
    resize: Any = preprocess.get("resize_mode") or "shortest"
    if resize not in ("shortest", "squash"):
        raise ModelError(f"The network takes photos with resize_mode {resize!r}; expected shortest or squash.")
    mean = _colours(preprocess.get("mean") or open_clip.OPENAI_DATASET_MEAN)
    deviation = _colours(preprocess.get("std") or open_clip.OPENAI_DATASET_STD)
    tokenizer, separator, kwargs = clip_tokenizer(model.context_length), None, text.get("tokenizer_kwargs") or {}
    if text.get("hf_tokenizer_name"):
        tokenizer, separator = own_tokenizer(checkpoint.weights.parent, model.context_length)
    tokenizer.save(str(folder / TOKENIZER))
    usual = "whitespace" if text.get("hf_tokenizer_name") else "lower"

    if gpu or torch.cuda.is_available():
        keep_weights(model.visual, settings, folder)
    tell("Converting the image tower ...")
    tower = RegionalTower(regional(model.visual), mean, deviation).eval()
    pixels, boxes = torch.zeros(2, 3, size, size, dtype=torch.uint8), torch.rand(2, _TRACED_REGIONS, 4)
    inputs = {"pixels": pixels, "boxes": boxes, "own": torch.ones(1)}
    dimension = tower(*inputs.values()).shape[-1]
    free = {"pixels": {0: "photos"}, "boxes": {0: "photos", 1: "regions"}, "own": {}}
    export(Traced(tower, inputs, free), folder / IMAGE_TOWER, external_data=True)

    tell("Converting the text tower ...")
    texts = TextTower(model).eval()
    np.save(folder / TOKENS, texts.table.numpy().astype(np.float16))
    ids, rows = example(model.context_length, texts.table.shape[1])
    traced = Traced(texts, {"ids": ids, "rows": rows}, {"ids": {0: "texts"}, "rows": {0: "texts"}})
    export(traced, folder / TEXT_TOWER, external_data=True)

    encoder = Encoder(
        network=hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest(),
        weights=sha256(checkpoint.weights),
        tokenizer=sha256(folder / TOKENIZER),
        dimension=dimension,
        image_size=size,
        context_length=model.context_length,
        mean=mean,
        deviation=deviation,
        resize=resize,
        interpolation=preprocess.get("interpolation") or "bicubic",
        clean=kwargs.get("clean", usual),
        removed_token=separator if kwargs.get("strip_sep_token") else None,
    )
    sizes = {path.name: path.stat().st_size for path in sorted(folder.iterdir())}
    named = checkpoint.architecture or _described(settings)
    source = dataclasses.replace(source, architecture=named, sizes=sizes)
    config = EncoderConfig(name, KIND, encoder, Scoring(sigmoid=_sigmoid(model)), source)
    config.save(folder / CONFIG)
    return EncoderConfig.load(folder / CONFIG)  # what was written can be read


def _configurations(checkpoint: Checkpoint) -> tuple[dict[str, Any], dict[str, Any]]:
    """``model_cfg`` and ``preprocess_cfg`` of a checkpoint."""
    if checkpoint.model is not None:
        return deepcopy(checkpoint.model), checkpoint.preprocess
    settings = open_clip.get_model_config(checkpoint.architecture)
    if settings is None:
        raise ModelError(
            f'open_clip knows no architecture {checkpoint.architecture!r}; `python -c "import open_clip; '
            'print(open_clip.list_models())"` lists them.'
        )
    tags = open_clip.list_pretrained_tags_by_model(checkpoint.architecture)
    known = [open_clip.get_pretrained_cfg(checkpoint.architecture, tag) for tag in tags]
    names = ("mean", "std", "interpolation", "resize_mode")
    prepared = [{name: found[name] for name in names if found.get(name)} for found in known]
    if any(one != prepared[0] for one in prepared):
        raise ModelError(
            f"open_clip has weights of {checkpoint.architecture} that take photos in different ways; put the "
            "open_clip_config.json of these weights beside them, and leave the architecture out."
        )
    return settings, prepared[0] if prepared else {}


def _model(settings: dict[str, Any], weights: Path) -> Any:
    """The network with its weights in single precision."""
    settings = {**settings, "vision_cfg": {**settings["vision_cfg"], "timm_model_pretrained": False}}
    kind = open_clip.CustomTextCLIP if settings.pop("custom_text", False) else open_clip.CLIP
    try:
        model: nn.Module = kind(**settings)
        state = {name: tensor.float() for name, tensor in load_file(weights).items()}
        if isinstance(model, open_clip.CustomTextCLIP) and "positional_embedding" in state:
            state = convert_to_custom_text_state_dict(state)
    except (RuntimeError, TypeError, ValueError, KeyError, AssertionError) as error:
        reason = " ".join(str(error).split())[:300]
        raise ModelError(f"The network that {weights} is said to belong to cannot be made ({reason}).") from error
    _require_own(weights, {name: tuple(part.shape) for name, part in state.items()}, model)
    model.load_state_dict(state)
    if not all(tensor.isfinite().all() for tensor in state.values()):
        raise ModelError(f"{weights} holds NaN or infinity; fetch it again.")
    return model.eval().requires_grad_(False)


def _require_own(weights: Path, shapes: Mapping[str, tuple[int, ...]], model: nn.Module) -> None:
    """Raise ModelError where a file does not hold the parts of a network, in their shapes and none besides."""
    expected = {name: tuple(part.shape) for name, part in model.state_dict().items()}
    reasons = [
        f"{len(names)} {what}, such as {names[0]}"
        for what, names in (
            ("parts are missing", sorted(expected.keys() - shapes.keys())),
            ("belong to no part of it", sorted(shapes.keys() - expected.keys())),
        )
        if names
    ]
    for name in sorted(expected.keys() & shapes.keys()):
        if shapes[name] != expected[name]:
            reasons.append(f"{name} has the shape {shapes[name]}, expected {expected[name]}")
            break
    if reasons:
        raise ModelError(
            f"{weights} does not hold the weights of its network: {'; '.join(reasons)}. Take the configuration or "
            "--architecture that belongs to the file."
        )


def _sigmoid(model: Any) -> tuple[float, float] | None:
    """The scale and the bias by which a network trained on single pairs makes a cosine a logit; None for others."""
    return None if model.logit_bias is None else (float(model.logit_scale.exp()), float(model.logit_bias))


def _size(sides: Any) -> int:
    high, wide = sides if isinstance(sides, tuple | list) else (sides, sides)
    if high != wide:
        raise ModelError(f"The network takes photos of {wide} × {high} pixels; only squares are known here.")
    return int(high)


def _colours(values: Any) -> tuple[float, float, float]:
    red, green, blue = map(float, values)
    return red, green, blue


def _described(settings: dict[str, Any]) -> str:
    """A name for a network that has none: what its image tower is."""
    vision = settings["vision_cfg"]
    patch = vision.get("patch_size", 16)
    return str(
        vision.get("timm_model_name") or f"vision transformer, {vision.get('width', 768)} wide, patches of {patch}"
    )
