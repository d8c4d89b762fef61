"""Which photos may answer a question, as a value that a store makes of it what it needs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.catalogue.filters import PhotoFilter


@dataclass(frozen=True, slots=True)
class WrittenPhrase:
    """Folded words, one after the other, that must be written about a photo; or must not, where they are unwanted."""

    words: tuple[str, ...]
    wanted: bool = True


@dataclass(frozen=True, slots=True)
class Passing:
    """Photos that pass a filter, and about which phrases are written: a condition that a server looks at itself."""

    where: PhotoFilter
    phrases: tuple[WrittenPhrase, ...] = ()


Allowed = NDArray[np.int64] | Passing
"""The photos that may answer: their numbers (n,), or what they pass."""


def as_numbers(photo_ids: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    """Numbers of photos as an array (n,)."""
    return np.asarray(photo_ids, np.int64)
