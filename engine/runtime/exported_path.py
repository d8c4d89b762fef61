"""Where the cache keeps a network that was exported."""

import hashlib
from importlib.metadata import version
from pathlib import Path

from engine.runtime.settings import cache_folder


def exported_path(key: str) -> Path:
    """The ONNX file of the network that ``key`` names, there or not; it is another for another version of torch."""
    digest = hashlib.sha256(f"{key}|torch {version('torch')}".encode()).hexdigest()
    return cache_folder() / "onnx" / f"{digest[:16]}.onnx"
