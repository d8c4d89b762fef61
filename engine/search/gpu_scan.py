"""The exact scan of all photos on a GPU that holds their vectors; on a CPU see ``cpu_scan``.

No index is asked: its memory is read once for a query, in half precision as the vectors are stored. Products
are summed in single precision, and each word goes in as two halves, what half precision takes of it and the rest, so
that the scores are those of the CPU within rounding.
"""

import logging
import warnings
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.runtime.batching import Batcher
from engine.search.cpu_scan import word_weights
from index import BuildSpec, Query, Scan
from index.scoring.maxsim import whole_query

logger = logging.getLogger(__name__)

_QUERIES_TOGETHER = 64
_SHARE_OF_FREE = 0.8  # of a GPU's free memory that vectors may take
_PRODUCT_BYTES = 2**28  # products of words and regions are never written whole


class TorchScan:
    """Scores of all records, block by block.

    Args:
        segments: their rows (rows, D), whole records each.
        spec: R, D and whether the last row of a record is its photo vector.
        device: where products are computed, of a copy of the rows.
    """

    def __init__(self, segments: Sequence[NDArray[np.float16]], spec: BuildSpec, device: torch.device) -> None:
        self._spec = spec
        self._device = device
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="The given NumPy array is not writable")  # nothing writes to it
            mapped = [torch.from_numpy(np.asarray(rows)) for rows in segments]
        self._segments = [rows.to(device) for rows in mapped]
        self._scores_together: Batcher[Query, Tensor] = Batcher(self._scores, _QUERIES_TOGETHER)

    @property
    def replaces_candidates(self) -> bool:
        """A scan of all is quicker than an index."""
        return True

    def best(
        self, query: Query, limit: int, records: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The records of at least the `limit`-th best score, see `index.Scan`.

        Queries that come at the same time are scored together: the rows are read once for all of them.
        """
        found, scores = _best(self._scores_together(query)[:, None], limit, records)
        return found, scores[:, 0]

    def best_by_regions(
        self, query: Query, limit: int, records: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The records of the `limit` best regions, see `index.Scan`."""
        num_regions = self._spec.num_regions
        scores = self._of_all(whole_query(query)[None], lambda found: found[:, :num_regions, 0].clone())
        return _best(scores, limit, records)

    def _scores(self, queries: Sequence[Query]) -> Sequence[Tensor]:
        """The scores (n,) of all records for each query, on the device, see `index.scoring.maxsim.score_records`."""
        num_regions = self._spec.num_regions
        words = np.concatenate([query.words for query in queries])  # (C, D)
        weights = torch.from_numpy(word_weights(queries)).to(self._device)  # (C, Q)
        if self._spec.has_global:
            sentences = [query.sentence for query in queries if query.sentence is not None]
            words = np.concatenate([words, sentences])  # (C + Q, D)

        def score(found: Tensor) -> Tensor:  # (b, S, C) or (b, S, C + Q) -> (b, Q)
            best = found[:, :num_regions, : len(weights)].amax(dim=1) @ weights
            return best + found[:, num_regions, len(weights) :] if self._spec.has_global else best

        return self._of_all(words, score).T.contiguous().unbind()

    def _of_all(self, rows: NDArray[np.float32], score: Callable[[Tensor], Tensor]) -> Tensor:
        """What `score` makes of the products (b, S, C) of each block of records with the rows (C, D) of queries."""
        columns = torch.from_numpy(np.ascontiguousarray(rows.T, np.float32)).to(self._device)  # (D, C)
        size, width = self._spec.rows_per_photo, columns.shape[1]
        at_once = max(1, _PRODUCT_BYTES // (8 * size * max(1, width)))
        products = _by_halves(columns)
        with torch.inference_mode():
            parts = [part for segment in self._segments for part in torch.split(segment, at_once * size)]
            return torch.cat([score(products(part).view(len(part) // size, size, width)) for part in parts])


@torch.inference_mode()
def _best(scores: Tensor, limit: int, records: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The records (m,) of some (n,) that have one of their `limit` best scores, and theirs (m, C) of all (N, C)."""
    if len(records) < len(scores):
        scores = scores[torch.from_numpy(records).to(scores.device)]
    ranked = scores.nan_to_num(nan=-torch.inf, posinf=torch.inf, neginf=-torch.inf)
    kept = torch.arange(len(scores), device=scores.device)
    if limit < ranked.numel():
        least = ranked.flatten().topk(max(1, limit)).values[-1]
        kept = (ranked >= least).any(dim=1).nonzero()[:, 0]
    return records[kept.cpu().numpy()], scores[kept].cpu().numpy()


def _by_halves(columns: Tensor) -> Callable[[Tensor], Tensor]:
    """Products of rows (n, D) of half precision with columns (D, C), without widening the rows.

    The columns are given in halves, whose products are summed in single precision.
    """
    halves = in_halves(columns)

    def products(rows: Tensor) -> Tensor:
        # The second is for trials of this scan without a GPU.
        found = torch.mm(rows, halves, out_dtype=torch.float32) if rows.is_cuda else rows.float() @ halves.float()
        return found[:, : columns.shape[1]] + found[:, columns.shape[1] :]

    return products


def in_halves(columns: Tensor) -> Tensor:
    """What half precision takes of columns (D, C), and beside it the rest, in half precision too: (D, 2 C)."""
    high = columns.half()
    return torch.cat([high, (columns - high).half()], dim=1)


def scan_on_gpu(segments: Sequence[NDArray[np.float16]], spec: BuildSpec) -> Scan | None:
    """The scan of a GPU; None where it has no room for the vectors."""
    size, free = sum(rows.nbytes for rows in segments), torch.cuda.mem_get_info()[0]
    if size > _SHARE_OF_FREE * free:
        logger.info("The vectors take %d bytes, and the GPU has %d free: they are searched by codes", size, free)
        return None
    return TorchScan(segments, spec, torch.device("cuda"))
