"""The device that the networks run on, chosen by name."""

import torch

from engine.errors import EngineError

DEVICES = ("auto", "cpu", "cuda")


def choose_device(name: str = "auto") -> torch.device:
    """Turn ``auto``, ``cpu`` or ``cuda`` into a device; ``auto`` takes a GPU when there is one.

    Raises:
        EngineError: an unknown name, or ``cuda`` where there is no usable GPU.
    """
    if name not in DEVICES:
        raise EngineError(f"The device {name!r} is not known; choose one of {', '.join(DEVICES)}.")
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise EngineError(
            "No CUDA device is usable here; choose --device cpu, or auto to use a GPU only when there is one."
        )
    return torch.device("cuda" if available and name != "cpu" else "cpu")
