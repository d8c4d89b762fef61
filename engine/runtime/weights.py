"""Weights of a module on disk: safetensors in half precision, which changes no figure (docs/decisions)."""

from pathlib import Path

from safetensors.torch import load_file, save
from torch import nn

from index.store.atomic import replace_file


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
    """
    module.load_state_dict({name: tensor.float() for name, tensor in load_file(path).items()})
