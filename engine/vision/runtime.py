"""The backbone on whatever runs it fastest: ONNX Runtime on a CPU, torch with autocast on a GPU."""

import hashlib
import logging
import warnings
from pathlib import Path
from typing import Protocol

import numpy as np
import onnxruntime
import torch
from torch import Tensor

from engine.files import replace_file
from engine.settings import cache_folder
from engine.vision.backbone import Backbone, FeatureMaps

MAX_BATCH = 1024


class FeatureExtractor(Protocol):
    """Pixels (B, 3, H, W) uint8 → feature maps (B, C, h, w) float32, finest first, on ``device``."""

    device: torch.device

    def __call__(self, pixels: Tensor) -> FeatureMaps:
        """Run the network once on a batch."""
        ...


class TorchExtractor:
    """The torch module itself; half precision where the device is a GPU."""

    def __init__(self, backbone: Backbone, device: torch.device) -> None:
        self.device = device
        self._backbone = backbone.to(device).to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def __call__(self, pixels: Tensor) -> FeatureMaps:
        """Pixels (B, 3, H, W) uint8 → feature maps (B, C, h, w) float32."""
        with torch.autocast(self.device.type, enabled=self.device.type == "cuda"):
            maps: FeatureMaps = self._backbone(pixels.to(self.device, non_blocking=True))
        return tuple(features.float() for features in maps)


class OnnxExtractor:
    """The same network in ONNX Runtime, 2.5 to 5 times as fast as eager torch on a CPU (docs/decisions.md)."""

    device = torch.device("cpu")

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def __call__(self, pixels: Tensor) -> FeatureMaps:
        """Pixels (B, 3, H, W) uint8 → feature maps (B, C, h, w) float32."""
        return tuple(torch.from_numpy(np.asarray(map_)) for map_ in self._session.run(None, {"pixels": pixels.numpy()}))


def export_onnx(backbone: Backbone, image_size: int, path: Path) -> None:
    """Write the network as ONNX with a free batch size."""
    # Traced with two images: a batch of one would be taken for a constant.
    pixels = torch.zeros(2, 3, image_size, image_size, dtype=torch.uint8)
    batch = torch.export.Dim("batch", min=1, max=MAX_BATCH)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            backbone, (pixels,), path, dynamo=True, external_data=False, verbose=False,
            input_names=["pixels"], dynamic_shapes={"pixels": {0: batch}},
        )  # fmt: skip


def create_extractor(backbone: Backbone, image_size: int, device: torch.device) -> FeatureExtractor:
    """The fastest way to run ``backbone`` on ``device``; the ONNX file is exported once and kept in the cache."""
    if device.type == "cuda":
        return TorchExtractor(backbone, device)
    key = f"maps|{backbone.identity}|{image_size}|torch {torch.__version__}"
    path = cache_folder() / "onnx" / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.onnx"
    if not path.is_file():
        replace_file(path, lambda temporary: export_onnx(backbone, image_size, temporary))
    return OnnxExtractor(path)
