"""The state of a run on disk, replaced in one step after every epoch, so that a run killed anywhere goes on."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel

from engine.alignment.config import ModelConfig
from engine.errors import ModelError
from engine.files import replace_file


def save_checkpoint(
    path: Path,
    config: ModelConfig,
    model: nn.Module,
    average: AveragedModel,
    objective: nn.Module,
    optimizer: Optimizer,
    progress: dict[str, Any],
) -> None:
    """Write everything that the rest of the run depends on."""
    state = {
        "config": asdict(config),
        "model": model.state_dict(),
        "average": average.state_dict(),
        "objective": objective.state_dict(),
        "optimizer": optimizer.state_dict(),
        "random": torch.get_rng_state(),
        "progress": progress,
    }
    replace_file(path, lambda temporary: torch.save(state, temporary))


def load_checkpoint(
    path: Path,
    config: ModelConfig,
    model: nn.Module,
    average: AveragedModel,
    objective: nn.Module,
    optimizer: Optimizer,
) -> dict[str, Any]:
    """Restore a run and return its progress.

    Raises:
        ModelError: the checkpoint belongs to another configuration.
    """
    state = torch.load(path, weights_only=True)
    if state["config"] != asdict(config):
        raise ModelError(
            f"{path} was made with another configuration; name another --output, or delete it to start again."
        )
    model.load_state_dict(state["model"])
    average.load_state_dict(state["average"])
    objective.load_state_dict(state["objective"])
    optimizer.load_state_dict(state["optimizer"])
    torch.set_rng_state(state["random"])
    progress: dict[str, Any] = state["progress"]
    return progress
