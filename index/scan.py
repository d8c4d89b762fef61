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

    def scores(self, query: Query) -> NDArray[np.float32]:
        """What `exact.score_records` says of all records (n,)."""

    def region_scores(self, query: Query) -> NDArray[np.float32]:
        """What `exact.score_regions` says of all regions of all records (n, R)."""


MakeScan = Callable[[Sequence[NDArray[np.float16]], BuildSpec], Scan | None]
"""A scan of the rows of segments (rows, D), each of whole records; None where it has no room for them."""
