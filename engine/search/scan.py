"""The exact scan of all photos in torch: on a GPU that holds their vectors, or on the CPU where they are mapped.

On a GPU no index is asked: its memory is read once for a query, in half precision as the vectors are stored. Products
are summed in single precision, and each word goes in as two halves, what half precision takes of it and the rest, so
that the scores are those of the CPU within rounding.
"""

import logging
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.device import choose_device
from engine.types import Warn
from index import BuildSpec, LibraryReader, Query, Scan
from index.exact import whole_query
from index.threads import NUM_THREADS

logger = logging.getLogger(__name__)

_SHARE_OF_FREE = 0.8  # of a GPU's free memory that vectors may take
_PRODUCT_BYTES = 2**28  # on a GPU: products of words and regions are never written whole
_RECORDS = 128  # on a CPU: what is worked on stays near a core
_BLOCKS = 8  # of so many records, that a thread scores before it asks for more


class TorchScan:
    """Scores of all records, block by block.

    Args:
        segments: their rows (rows, D), whole records each.
        spec: R, D and whether the last row of a record is its photo vector.
        device: where products are computed; other than the CPU it gets a copy of the rows.
    """

    def __init__(self, segments: Sequence[NDArray[np.float16]], spec: BuildSpec, device: torch.device) -> None:
        self._spec = spec
        self._device = device
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="The given NumPy array is not writable")  # nothing writes to it
            mapped = [torch.from_numpy(np.asarray(rows)) for rows in segments]
        self._segments = [rows.to(device) for rows in mapped]

    @property
    def replaces_candidates(self) -> bool:
        """Whether a scan of all is quicker than an index, as on a GPU."""
        return self._device.type != "cpu"

    def scores(self, query: Query) -> NDArray[np.float32]:
        """The scores (n,) of all records, see `index.exact.score_records`."""
        num_regions, num_words = self._spec.num_regions, len(query.words)
        weights = np.ones(num_words, np.float32) if query.weights is None else query.weights.astype(np.float32)
        weighted = torch.from_numpy(weights).to(self._device)
        rows = query.words if query.sentence is None else np.vstack([query.words, query.sentence[None]])

        def score(found: Tensor) -> Tensor:  # (b, S, C) -> (b,)
            best = found[:, :num_regions, :num_words].amax(dim=1) @ weighted
            return best if query.sentence is None else best + found[:, num_regions, num_words]

        return self._of_all(rows, score)

    def region_scores(self, query: Query) -> NDArray[np.float32]:
        """The scores (n, R) of all regions, see `index.exact.score_regions`."""
        return self._of_all(whole_query(query)[None], lambda found: found[:, : self._spec.num_regions, 0].clone())

    def _of_all(self, rows: NDArray[np.float32], score: Callable[[Tensor], Tensor]) -> NDArray[np.float32]:
        """What `score` makes of the products (b, S, C) of each block of records with the rows (C, D) of a query."""
        columns = torch.from_numpy(np.ascontiguousarray(rows.T, np.float32)).to(self._device)  # (D, C)
        size, width = self._spec.rows_per_photo, columns.shape[1]
        on_cpu = self._device.type == "cpu"
        at_once = _RECORDS if on_cpu else max(1, _PRODUCT_BYTES // (8 * size * max(1, width)))

        @torch.inference_mode()
        def work(some: Tensor) -> Tensor:
            products = _in_single_precision(columns) if on_cpu else _by_halves(columns)
            parts = torch.split(some, at_once * size)
            return torch.cat([score(products(part).view(len(part) // size, size, width)) for part in parts])

        if on_cpu:
            jobs = [job for segment in self._segments for job in torch.split(segment, _BLOCKS * at_once * size)]
            found = list(_threads().map(work, jobs))
        else:
            found = [work(segment) for segment in self._segments]
        scores: NDArray[np.float32] = torch.cat(found).cpu().numpy()
        return scores


@cache
def _threads() -> ThreadPoolExecutor:
    """Threads in which torch begins no more of them: those would wait for each other wherever others have work."""
    return ThreadPoolExecutor(NUM_THREADS, "scan", initializer=lambda: torch.set_num_threads(1))


def _in_single_precision(columns: Tensor) -> Callable[[Tensor], Tensor]:
    """Products of rows (n, D) of half precision with columns (D, C), in memory that is used again."""
    memory: list[Tensor] = []

    def products(rows: Tensor) -> Tensor:
        if not memory or len(memory[0]) < len(rows):
            memory[:] = [
                rows.new_empty(rows.shape, dtype=torch.float32),
                columns.new_empty(len(rows), columns.shape[1]),
            ]
        wide, found = (some[: len(rows)] for some in memory)
        wide.copy_(rows)
        return torch.mm(wide, columns, out=found)

    return products


def _by_halves(columns: Tensor) -> Callable[[Tensor], Tensor]:
    """The same without widening the rows: columns are given in halves, whose products are summed."""
    halves = in_halves(columns)

    def products(rows: Tensor) -> Tensor:
        found = torch.mm(rows, halves, out_dtype=torch.float32)
        return found[:, : columns.shape[1]] + found[:, columns.shape[1] :]

    return products


def in_halves(columns: Tensor) -> Tensor:
    """What half precision takes of columns (D, C), and beside it the rest, in half precision too: (D, 2 C)."""
    high = columns.half()
    return torch.cat([high, (columns - high).half()], dim=1)


def open_reader(folder: Path, warn: Warn, device_name: str) -> LibraryReader:
    """Open a library whose photos are all scanned on a device, where it has room for their vectors.

    Raises as `LibraryReader.open`; a search raises EngineError for a device that cannot be had.
    """

    def make_scan(segments: Sequence[NDArray[np.float16]], spec: BuildSpec) -> Scan | None:
        device = choose_device(device_name)
        if device.type == "cuda":
            size, free = sum(rows.nbytes for rows in segments), torch.cuda.mem_get_info(device)[0]
            if size > _SHARE_OF_FREE * free:
                logger.info(
                    "The vectors take %d bytes, and the GPU has %d free: they are searched by codes", size, free
                )
                return None
        return TorchScan(segments, spec, device)

    return LibraryReader.open(folder, warn, make_scan=make_scan)
