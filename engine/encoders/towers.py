"""A converted tower as it is run: by ONNX Runtime, by OpenVINO where the CPU has bfloat16, by torch on a GPU."""

import logging
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.runtime.device import Device
from engine.runtime.onnx import session_of
from engine.runtime.openvino_import import import_openvino
from engine.vision.inference import has_bfloat16

logger = logging.getLogger(__name__)

Inputs = Mapping[str, NDArray[Any]]


class Tower(Protocol):
    """What a tower takes, by name → unit vectors.

    Of images: pixels (B, 3, H, W), boxes (B, R, 4) and ``own`` (1,) → (B, R + 1, D), the photo's last. Of texts: ids
    (N, L) and their rows of the table (N, L, W) → (N, D).
    """

    def __call__(self, inputs: Inputs) -> NDArray[np.float32]:
        """See the class."""
        ...


class OnnxTower:
    """A tower in ONNX Runtime, in single precision."""

    def __init__(self, path: Path) -> None:
        self._session = session_of(path)
        self._names = {given.name for given in self._session.get_inputs()}  # of which a mean takes no ``own``

    def __call__(self, inputs: Inputs) -> NDArray[np.float32]:
        """See ``Tower``."""
        given = {name: value for name, value in inputs.items() if name in self._names}
        vectors: NDArray[np.float32] = self._session.run(None, given)[0]
        return vectors


class BfloatTower:
    """The same in OpenVINO in bfloat16, for a CPU with instructions for it."""

    def __init__(self, path: Path) -> None:
        core = import_openvino().Core()
        self._network = core.compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "bf16"})
        self._names = {name for given in self._network.inputs for name in given.names}
        self._lock = Lock()  # the network has one place for its input

    def __call__(self, inputs: Inputs) -> NDArray[np.float32]:
        """See ``Tower``."""
        given = {name: value for name, value in inputs.items() if name in self._names}
        with self._lock:
            vectors = self._network(given).to_tuple()[0].astype(np.float32)
        units: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)  # else a little off
        return units


def open_tower(path: Path, device: Device = "cpu") -> Tower:
    """The fastest way to run a tower on a device; one that fails is told of and left for the next.

    Raises whatever ONNX Runtime does where the file cannot be read.
    """
    if device == "cuda":
        try:
            from engine.encoders.conversion.torch_tower import TorchTower  # of torch and open_clip, which a CPU spares

            return TorchTower(path.parent, device)
        except Exception as error:  # of files, of packages, of CUDA
            logger.warning(
                "The encoder in %s runs on the CPU; added again with --gpu it runs on a GPU too: %s", path.parent, error
            )
    if has_bfloat16():
        try:
            return BfloatTower(path)
        except Exception as error:  # OpenVINO's have no common one
            logger.warning("OpenVINO cannot run %s, so that ONNX Runtime does, which is slower: %s", path, error)
    return OnnxTower(path)
