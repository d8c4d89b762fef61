"""Networks of torch in ONNX Runtime, which runs them several times as fast on a CPU (docs/decisions).

torch defines a network and exports it, once; what runs it afterwards does without torch, which takes seconds to import.
"""

import logging
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypeVar

import onnxruntime
from filelock import FileLock

from engine.runtime.exported_path import exported_path
from engine.runtime.plain_files import is_kept
from index.store.atomic import replace_file

if TYPE_CHECKING:
    from torch import Tensor, nn

logger = logging.getLogger(__name__)

Opened = TypeVar("Opened")

MOST = 4096  # that a free axis may be
_LARGEST = 2**31  # bytes; no file of the format can be larger


@dataclass(frozen=True, slots=True)
class Traced:
    """A network, to be traced with an example.

    Attributes:
        module: called with the inputs in order.
        inputs: an example of each by name. A size of one in it would be taken for a constant.
        free: the axes of each that may have other sizes, by the name of the size.
    """

    module: "nn.Module"
    inputs: "Mapping[str, Tensor]"
    free: Mapping[str, Mapping[int, str]]


def open_session(key: str, trace: Callable[[], Traced], *, threads: int = 0) -> onnxruntime.InferenceSession:
    """A session that runs a network on a CPU, in so many threads, 0 for all; the other arguments as ``opened``'s."""
    return opened(partial(session_of, threads=threads), key, trace)


def session_of(path: Path, *, threads: int = 0) -> onnxruntime.InferenceSession:
    """A session that runs the network of a file on a CPU, in so many threads, 0 for all."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = threads
    # Threads that wait for the next run at full speed would take a core from what is done between two runs.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    logger.debug("Opening the network in %s", path)
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def opened(reader: Callable[[Path], Opened], key: str, trace: Callable[[], Traced]) -> Opened:
    """What ``reader`` makes of the ONNX file of a network, which is exported once and kept in the cache.

    A file of the cache that cannot be read is made again.

    Args:
        reader: opens the file.
        key: names the network and its weights; it is exported again when this or the version of torch changes.
        trace: makes the network, where it has to be exported.
    """
    path = exported_path(key)
    kept = _kept(reader, path)
    if kept is not None:
        return kept
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):  # of two commands that come first one exports, and the other waits
            kept = _kept(reader, path)
            if kept is not None:
                return kept
            _announce("Preparing the networks for this machine, which is done once and takes some seconds ...")
            logger.info("Exporting a network to %s, which is done once", path)
            replace_file(path, partial(export, trace()))
            return reader(path)
    except OSError as error:
        _announce(f"The cache folder {path.parent} cannot be used ({error}), so that networks are prepared each time.")
        with TemporaryDirectory() as folder:
            export(trace(), Path(folder) / path.name)
            return reader(Path(folder) / path.name)


def _kept(reader: Callable[[Path], Opened], path: Path) -> Opened | None:
    """What the cache has; None where that is nothing, or nothing that can be read."""
    if not is_kept(path, _LARGEST):
        return None
    try:
        return reader(path)
    except Exception as error:  # ONNX Runtime and OpenVINO have no common one
        logger.info("%s is damaged and is made again: %s", path, error)
        return None


@cache
def _announce(text: str) -> None:
    logger.warning(text)


def export(traced: Traced, path: Path, *, external_data: bool = False) -> None:
    """Write a network to a file; with ``external_data`` its weights to one beside it, which a large one needs."""
    import torch
    from torch.export import Dim

    sizes = {name: Dim(name, min=0, max=MOST) for axes in traced.free.values() for name in axes.values()}
    for name in ("torch.onnx", "onnxscript", "onnx_ir"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            traced.module, tuple(traced.inputs.values()), path, dynamo=True, external_data=external_data, verbose=False,
            input_names=list(traced.inputs),
            dynamic_shapes={
                name: {axis: sizes[size] for axis, size in axes.items()} for name, axes in traced.free.items()
            },
        )  # fmt: skip
    assert program is not None
    for node in program.model.graph.inputs:
        for axis in traced.free.get(node.name or "", {}):
            if node.shape is not None and isinstance(node.shape[axis], int):
                raise RuntimeError(f"axis {axis} of {node.name} was traced as the constant {node.shape[axis]}")
