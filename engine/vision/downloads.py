"""Weights that torchvision downloads: only a command that names the network does so, a model's folder never."""

from pathlib import Path

import torch
from torchvision.models import WeightsEnum

from engine.errors import ModelError


def require_allowed(name: str, weights: WeightsEnum, *, may_download: bool) -> None:
    """Refuse to use weights that are not on this machine yet.

    Raises:
        ModelError: they are not, and may not be downloaded.
    """
    path = Path(torch.hub.get_dir()) / "checkpoints" / weights.url.rpartition("/")[2]
    if not may_download and not path.is_file():
        raise ModelError(
            f"The model asks for weights of {name} that are not on this machine, and a model's folder downloads "
            f"nothing. If you trust it, put the file of {weights.url} at {path}; else use another model."
        )
