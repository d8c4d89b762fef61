"""What may score all photos in the place of numpy, such as a GPU: given to a reader from outside."""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index.values import BuildSpec, Query


class Scan(Protocol):
    """Exact scores of all records of a snapshot, within the rounding of single precision."""

    @property
    def replaces_candidates(self) -> bool:
        """Whether a scan of all is so quick that candidates of an index are not worth having."""

    def best(
        self, query: Query, limit: int, records: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The best (m,) of records (n,), each once and ascending, and what `maxsim.score_records` says of them (m,).

        They are those with at least the score of the `limit`-th, ascending: more than `limit` where scores are equal.
        """

    def best_by_regions(
        self, query: Query, limit: int, records: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The records (m,) of the `limit` best regions, and what `maxsim.region_scorer` says of each of them (m, R)."""


WORTH_A_NETWORK = 1000
"""Photos from which a scan by a network of its own is sooner than numpy's, with the time that it takes to open."""

MakeScan = Callable[[Sequence[NDArray[np.float16]], BuildSpec], Scan | None]
"""A scan of the rows of segments (rows, D), each of whole records; None where it has no room for them."""
