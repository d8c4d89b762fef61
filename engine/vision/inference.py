"""A backbone on a CPU, without torch: in ONNX Runtime, or in OpenVINO where the CPU calculates in bfloat16."""

from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from engine.runtime.machine import has_bfloat16_instructions
from engine.runtime.onnx import Traced, open_session, opened
from engine.runtime.openvino_import import import_openvino

_BFLOAT = {"INFERENCE_PRECISION_HINT": "bf16"}
AT_ONCE = 4  # photos: as fast as more, in a third of the memory

Maps = tuple[NDArray[np.float32], ...]
"""Maps (B, C, h, w) of one network with its strides, finest first."""

Extractor = Callable[[NDArray[np.uint8]], Maps]
"""Pixels (B, 3, H, W) → maps: runs the network once on a batch."""


class OnnxExtractor:
    """A network in ONNX Runtime, 2.5 to 5 times as fast as eager torch on a CPU (docs/decisions)."""

    def __init__(self, key: str, trace: Callable[[], Traced]) -> None:
        self._session = open_session(key, trace)

    def __call__(self, pixels: NDArray[np.uint8]) -> Maps:
        """Pixels (B, 3, H, W) → maps."""
        return _joined([self._session.run(None, {"pixels": some}) for some in _parts(pixels)])


class BfloatExtractor:
    """The same network in OpenVINO in bfloat16, for a CPU with instructions for it: twice as fast again."""

    def __init__(self, key: str, trace: Callable[[], Traced]) -> None:
        compiled = partial(import_openvino().Core().compile_model, device_name="CPU", config=_BFLOAT)
        self._network = opened(compiled, key, trace)
        self._lock = Lock()  # the network has one place for its input

    def __call__(self, pixels: NDArray[np.uint8]) -> Maps:
        """Pixels (B, 3, H, W) → maps."""
        with self._lock:
            return _joined([self._network({"pixels": some}).to_tuple() for some in _parts(pixels)])


def create_extractor(key: str, trace: Callable[[], Traced]) -> Extractor:
    """The fastest way to run a network here; the arguments are those of ``opened``."""
    return BfloatExtractor(key, trace) if has_bfloat16() else OnnxExtractor(key, trace)


def has_bfloat16() -> bool:
    """Whether the CPU has instructions for bfloat16, and OpenVINO is here to use them."""
    if find_spec("openvino") is None:
        return False
    found = has_bfloat16_instructions()
    if found is None:  # another system than Linux
        import torch

        return bool(torch.cpu.get_capabilities().get("avx512_bf16"))
    return found


def _parts(pixels: NDArray[np.uint8]) -> Sequence[NDArray[np.uint8]]:
    return [pixels[start : start + AT_ONCE] for start in range(0, len(pixels), AT_ONCE)]


def _joined(runs: Sequence[Sequence[NDArray[np.float32]]]) -> Maps:
    return tuple(np.concatenate(level) for level in zip(*runs, strict=True))
