"""Networks of torch in ONNX Runtime, which runs them several times as fast on a CPU (docs/decisions)."""

import hashlib
import logging
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

import onnxruntime
import torch
from torch import Tensor, nn

from engine.runtime.plain_files import is_kept
from engine.runtime.settings import cache_folder
from index.store.atomic import replace_file

logger = logging.getLogger(__name__)

_LARGEST = 2**31  # bytes; no file of the format can be larger

Dimensions = Mapping[int, torch.export.Dim]
Opened = TypeVar("Opened")


def open_session(
    key: str, module: nn.Module, inputs: Mapping[str, Tensor], free: Mapping[str, Dimensions]
) -> onnxruntime.InferenceSession:
    """A session that runs ``module`` on a CPU; the arguments are those of ``opened``."""
    return opened(_session, key, module, inputs, free)


def _session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    # Threads that wait for the next run at full speed would take a core from what torch does between two runs.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    logger.debug("Opening the network in %s", path)
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def opened(
    reader: Callable[[Path], Opened],
    key: str,
    module: nn.Module,
    inputs: Mapping[str, Tensor],
    free: Mapping[str, Dimensions],
) -> Opened:
    """What ``reader`` makes of the ONNX file of ``module``, which is exported once and kept in the cache.

    A file of the cache that cannot be read is made again.

    Args:
        reader: opens the file.
        key: names the network and its weights; it is exported again when this or the version of torch changes.
        module: the network, called with the inputs in order.
        inputs: an example of each by name. A size of one in it would be taken for a constant.
        free: the axes of each that may have other sizes.
    """
    digest = hashlib.sha256(f"{key}|torch {torch.__version__}".encode()).hexdigest()
    path = cache_folder() / "onnx" / f"{digest[:16]}.onnx"
    if is_kept(path, _LARGEST):
        try:
            return reader(path)
        except Exception as error:  # ONNX Runtime and OpenVINO have no common one
            logger.info("%s is damaged and is made again: %s", path, error)
    logger.info("Exporting a network to %s, which is done once", path)
    replace_file(path, partial(_export, module, inputs, free))
    return reader(path)


def _export(module: nn.Module, inputs: Mapping[str, Tensor], free: Mapping[str, Dimensions], path: Path) -> None:
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module, tuple(inputs.values()), path, dynamo=True, external_data=False, verbose=False,
            input_names=list(inputs), dynamic_shapes={name: dict(axes) for name, axes in free.items()},
        )  # fmt: skip
