"""Asks a disk ahead for the rows of a mapped file that will be read."""

import mmap

import numpy as np
from numpy.typing import NDArray

_CLOSE = 7  # times the length of a run, from its end to the next one


def ask_ahead(rows: NDArray[np.float16], starts: NDArray[np.int64], ends: NDArray[np.int64]) -> None:
    """Tell the system which runs of a segment's rows will be read, so that a disk is asked for all of them at once.

    Else each would be waited for before the next is asked for. What lies close together is asked for in one piece.
    """
    mapped = rows.base
    if not isinstance(mapped, mmap.mmap) or not hasattr(mmap, "MADV_WILLNEED") or not len(starts):
        return
    gaps = starts[1:] - ends[:-1]
    breaks = np.flatnonzero((gaps < 0) | (gaps > _CLOSE * (ends - starts)[:-1])) + 1
    firsts = starts[np.concatenate([[0], breaks])] * rows.strides[0] // mmap.PAGESIZE * mmap.PAGESIZE
    lasts = ends[np.concatenate([breaks, [len(ends)]]) - 1] * rows.strides[0]
    for first, length in zip(firsts.tolist(), (lasts - firsts).tolist(), strict=True):
        if length:
            mapped.madvise(mmap.MADV_WILLNEED, first, length)
