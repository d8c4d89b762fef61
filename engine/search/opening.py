"""Opens a library for searches, with the scan of a GPU where there is one."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.runtime.device import choose_device
from engine.types import Warn
from index import BuildSpec, LibraryReader, Scan


def open_reader(folder: Path, warn: Warn, device_name: str) -> LibraryReader:
    """Open a library whose photos are all scanned on a GPU, where it is to be used and has room for their vectors.

    Raises as `LibraryReader.open`; a search raises EngineError for a device that cannot be had.
    """

    def make_scan(segments: Sequence[NDArray[np.float16]], spec: BuildSpec) -> Scan | None:
        if choose_device(device_name) == "cpu":
            return None
        from engine.search.exhaustive import scan_on_gpu

        return scan_on_gpu(segments, spec)

    return LibraryReader.open(folder, warn, make_scan=make_scan)
