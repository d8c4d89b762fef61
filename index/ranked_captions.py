"""How well the captions of photos answer a query: those of all, or of as many as are asked for."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index.scoring.maxsim import best


class RankedCaptions(Protocol):
    """The best caption of each photo that may answer, by how well it answers; see `maxsim.score_captions`."""

    def best(self, limit: int) -> list[tuple[int, float]]:
        """The `limit` best (photo, score), best first; equal scores in order of photo."""
        ...

    def of(self, photo_ids: Sequence[int]) -> dict[int, float]:
        """The scores of those of some photos that have a caption."""
        ...


class ScoredCaptions:
    """The photos (C,) that have a caption, ascending, and their scores (C,)."""

    def __init__(self, photo_ids: NDArray[np.int64], scores: NDArray[np.float32]) -> None:
        self._photo_ids = photo_ids
        self._scores = scores
        self._score_of = dict(zip(photo_ids.tolist(), scores.tolist(), strict=True))

    def best(self, limit: int) -> list[tuple[int, float]]:
        """The `limit` best (photo, score), best first; equal scores in order of photo."""
        return best(self._scores, self._photo_ids, limit)

    def of(self, photo_ids: Sequence[int]) -> dict[int, float]:
        """The scores of those of some photos that have a caption."""
        return {number: self._score_of[number] for number in photo_ids if number in self._score_of}
