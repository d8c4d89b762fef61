"""The device that the networks run on, chosen by name."""

from typing import Literal

from engine.errors import EngineError
from engine.runtime.machine import has_gpu_driver

DEVICES = ("auto", "cpu", "cuda")

Device = Literal["cpu", "cuda"]


def choose_device(name: str = "auto") -> Device:
    """Turn ``auto``, ``cpu`` or ``cuda`` into a device; ``auto`` takes a GPU when there is one.

    Raises:
        EngineError: an unknown name, or ``cuda`` where there is no usable GPU.
    """
    if name not in DEVICES:
        raise EngineError(f"The device {name!r} is not known; choose one of {', '.join(DEVICES)}.")
    available = name != "cpu" and _has_gpu()
    if name == "cuda" and not available:
        raise EngineError(
            "No CUDA device is usable here; choose --device cpu, or auto to use a GPU only when there is one."
        )
    return "cuda" if available else "cpu"


def _has_gpu() -> bool:
    """Whether torch can use a GPU. It takes seconds to import, and is not asked where there is no driver of one."""
    if not has_gpu_driver():
        return False
    import torch

    return torch.cuda.is_available()
