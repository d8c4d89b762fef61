"""The state of a run on disk, replaced in one step after every epoch, so that a run killed anywhere goes on."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import torch

from engine.errors import ModelError
from index.store.atomic import replace_file


class Stateful(Protocol):
    """A module or an optimizer."""

    def state_dict(self) -> dict[str, Any]:
        """Everything that it would need to go on."""
        ...

    def load_state_dict(self, state_dict: dict[str, Any], /) -> Any:
        """Go on from there."""
        ...


def save_checkpoint(
    path: Path, settings: dict[str, Any], parts: Mapping[str, Stateful], progress: dict[str, Any]
) -> None:
    """Write everything that the rest of the run depends on: its settings, its parts by name, how far it is."""
    state = {
        "settings": settings,
        "parts": {name: part.state_dict() for name, part in parts.items()},
        "random": torch.get_rng_state(),
        "progress": progress,
    }
    replace_file(path, lambda temporary: torch.save(state, temporary))


def load_checkpoint(path: Path, settings: dict[str, Any], parts: Mapping[str, Stateful]) -> dict[str, Any]:
    """Restore the parts of a run and return its progress.

    Raises:
        ModelError: the checkpoint belongs to other settings.
    """
    state = torch.load(path, weights_only=True)
    if state.get("settings") != settings:
        raise ModelError(
            f"{path} was made with another configuration, by other settings; name another --output, or delete it to "
            "start again."
        )
    for name, part in parts.items():
        part.load_state_dict(state["parts"][name])
    torch.set_rng_state(state["random"])
    progress: dict[str, Any] = state["progress"]
    return progress
