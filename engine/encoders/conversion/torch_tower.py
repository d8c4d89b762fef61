"""An image tower in torch itself, for a GPU: the network of open_clip with the weights that were kept for it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from open_clip.model import _build_vision_tower
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn

from engine.encoders.config import GPU_WEIGHTS, EncoderConfig
from engine.encoders.conversion.regions import RegionalTower, regional
from engine.runtime.packaged import CONFIG

_NETWORK = "network"


def keep_weights(visual: nn.Module, settings: Mapping[str, Any], folder: Path) -> None:
    """Write the weights of an image tower in half precision, as a GPU calculates, and what network they are of."""
    weights = {name: part.half().contiguous() for name, part in visual.state_dict().items()}
    save_file(weights, folder / GPU_WEIGHTS, {_NETWORK: json.dumps(settings)})


class TorchTower:
    """See ``engine.encoders.towers.Tower``; on a GPU in half precision where that does no harm (autocast).

    Raises whatever open_clip and torch do where the network cannot be made.
    """

    def __init__(self, folder: Path, device: str) -> None:
        encoder = EncoderConfig.load(folder / CONFIG).encoder
        with safe_open(folder / GPU_WEIGHTS, framework="pt") as file:
            settings = json.loads(file.metadata()[_NETWORK])
        vision = {**settings["vision_cfg"], "timm_model_pretrained": False}
        visual = _build_vision_tower(settings["embed_dim"], vision, settings.get("quick_gelu", False))
        visual.load_state_dict({name: part.float() for name, part in load_file(folder / GPU_WEIGHTS).items()})
        self._device = torch.device(device)
        tower = RegionalTower(regional(visual), encoder.mean, encoder.deviation)
        self._tower = tower.eval().requires_grad_(False).to(self._device)

    @torch.inference_mode()
    def __call__(self, inputs: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """See the class."""
        given = {name: torch.from_numpy(value).to(self._device) for name, value in inputs.items()}
        with torch.autocast(self._device.type, enabled=self._device.type == "cuda"):
            vectors = self._tower(given["pixels"], given["boxes"], given["own"])
        found: NDArray[np.float32] = nn.functional.normalize(vectors.float(), dim=-1).cpu().numpy()
        return found
