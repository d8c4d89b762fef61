"""Weights of a module on disk: safetensors in half precision, which changes no figure (docs/decisions)."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save
from torch import nn

from index.store.atomic import replace_file

Module = TypeVar("Module", bound=nn.Module)


def save_weights(path: Path, module: nn.Module) -> None:
    """Write the weights of a module, in one step."""
    weights = {name: tensor.half().contiguous() for name, tensor in module.state_dict().items()}
    replace_file(path, lambda temporary: temporary.write_bytes(save(weights)))


def load_weights(path: Path, module: nn.Module) -> None:
    """Read them into a module.

    Raises:
        OSError: there is no such file.
        SafetensorError: it is damaged.
        RuntimeError: it holds the weights of another module.
        ValueError: it holds numbers that are not finite.
    """
    weights = {name: tensor.float() for name, tensor in load_file(path).items()}
    for name, tensor in weights.items():
        if not tensor.isfinite().all():
            raise ValueError(f"{name} holds NaN or infinity")
    module.load_state_dict(weights)


def made_with_weights(path: Path, make: Callable[[], Module]) -> Module:
    """A module of the sizes that somebody's configuration gives, with the weights of a file.

    The sizes are compared with those of the file first, so that a wrong configuration takes no memory.

    Raises:
        as ``load_weights``; ValueError: the configuration has other sizes than the file.
    """
    with torch.device("meta"):
        expected = {name: tuple(tensor.shape) for name, tensor in make().state_dict().items()}
    with safe_open(path, framework="pt") as file:
        names: list[str] = file.keys()
        found = {name: tuple(file.get_slice(name).get_shape()) for name in names}
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            raise ValueError(
                f"{name} has the size {found.get(name, 'none')} in {path.name}, and by its configuration "
                f"{expected.get(name, 'none')}"
            )
    module = make()
    load_weights(path, module)
    return module
