"""The backbone on whatever runs it fastest: ONNX Runtime or OpenVINO on a CPU, torch with autocast on a GPU."""

from collections.abc import Mapping
from functools import partial
from threading import Lock
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from engine.runtime.onnx import Dimensions, open_session, opened
from engine.runtime.openvino_import import import_openvino
from engine.vision.backbone import Backbone, FeatureMaps

MAX_BATCH = 1024
_BFLOAT = {"INFERENCE_PRECISION_HINT": "bf16"}
AT_ONCE = 4  # photos on a CPU: as fast as more, in a third of the memory


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
    """The same network in ONNX Runtime, 2.5 to 5 times as fast as eager torch on a CPU (docs/decisions)."""

    device = torch.device("cpu")

    def __init__(self, backbone: Backbone, image_size: int) -> None:
        self._session = open_session(*_export_arguments(backbone, image_size))

    def __call__(self, pixels: Tensor) -> FeatureMaps:
        """Pixels (B, 3, H, W) uint8 → feature maps (B, C, h, w) float32."""
        runs = [self._session.run(None, {"pixels": some.numpy()}) for some in torch.split(pixels, AT_ONCE)]
        return tuple(torch.from_numpy(np.concatenate(level)) for level in zip(*runs, strict=True))


class BfloatExtractor:
    """The same network in OpenVINO in bfloat16, for a CPU with instructions for it: twice as fast again."""

    device = torch.device("cpu")

    def __init__(self, backbone: Backbone, image_size: int) -> None:
        compiled = partial(import_openvino().Core().compile_model, device_name="CPU", config=_BFLOAT)
        self._network = opened(compiled, *_export_arguments(backbone, image_size))
        self._lock = Lock()  # the network has one place for its input

    def __call__(self, pixels: Tensor) -> FeatureMaps:
        """Pixels (B, 3, H, W) uint8 → feature maps (B, C, h, w) float32."""
        with self._lock:
            runs = [self._network({"pixels": some.numpy()}).to_tuple() for some in torch.split(pixels, AT_ONCE)]
        return tuple(torch.from_numpy(np.concatenate(level)) for level in zip(*runs, strict=True))


def _export_arguments(
    backbone: Backbone, image_size: int
) -> tuple[str, Backbone, Mapping[str, Tensor], Mapping[str, Dimensions]]:
    # Traced with two images: a batch of one would be taken for a constant.
    pixels = torch.zeros(2, 3, image_size, image_size, dtype=torch.uint8)
    batch = torch.export.Dim("batch", min=1, max=MAX_BATCH)
    return f"maps|{backbone.identity}|{image_size}", backbone, {"pixels": pixels}, {"pixels": {0: batch}}


def create_extractor(backbone: Backbone, image_size: int, device: torch.device) -> FeatureExtractor:
    """The fastest way to run ``backbone`` on ``device``."""
    if device.type == "cuda":
        return TorchExtractor(backbone, device)
    if torch.cpu.get_capabilities().get("avx512_bf16"):
        return BfloatExtractor(backbone, image_size)
    return OnnxExtractor(backbone, image_size)
