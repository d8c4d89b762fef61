"""Opens a library for searches, with what scans all of its photos here."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.runtime.device import choose_device
from engine.search.cpu_scan import OnnxScan
from engine.types import Warn
from index import BuildSpec, LibraryAddress, Reader, Scan
from index import open_reader as open_library
from index.scoring.exhaustive import WORTH_A_NETWORK


def open_reader(library: LibraryAddress, warn: Warn, device_name: str) -> Reader:
    """Open a library whose photos are all scanned on a GPU where it has room for their vectors, else on the CPU.

    Raises as `Reader.open`; a search raises EngineError for a device that cannot be had.
    """

    def make_scan(segments: Sequence[NDArray[np.float16]], spec: BuildSpec) -> Scan | None:
        if choose_device(device_name) == "cuda":
            from engine.search.gpu_scan import scan_on_gpu

            return scan_on_gpu(segments, spec)
        num_rows = sum(len(rows) for rows in segments)
        return OnnxScan(segments, spec) if num_rows > WORTH_A_NETWORK * spec.rows_per_photo else None

    return open_library(library, warn, make_scan=make_scan)
