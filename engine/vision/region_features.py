"""The features of a photo's regions, and what every region encoder is, whatever runs it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.vision.detail import IDENTITY as DETAIL
from engine.vision.pooling import NUM_SAMPLES


@dataclass(frozen=True, slots=True)
class RegionFeatures:
    """Features (B, R, C) of the regions of a batch, their boxes (B, R, 4) from 0 to 1 and their objectness (B, R)."""

    features: NDArray[np.float32]
    boxes: NDArray[np.float32]
    objectness: NDArray[np.float32]


class RegionEncoder(Protocol):
    """Everything between pixels and W_m. Maps are (B, C, h, w) each, wherever they lie: a slice is of some photos."""

    image_size: int
    extractor_identity: str
    identity: str

    def extract(self, pixels: NDArray[np.uint8]) -> tuple[Any, ...]:
        """Pixels (B, 3, H, W) → the backbone's maps, finest first."""
        ...

    def regions_of(self, pixels: NDArray[np.uint8], maps: tuple[Any, ...]) -> RegionFeatures:
        """Pixels (B, 3, H, W) and the maps of them → features, boxes and objectness of R proposals."""
        ...

    def features_of(self, pixels: NDArray[np.uint8], boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Pixels (B, 3, H, W) and boxes (B, R, 4) of one's own → features (B, R, C)."""
        ...

    def encode(self, images: Sequence[Image.Image]) -> RegionFeatures:
        """RGB photos → features of R regions each."""
        ...


def encoder_identity(extractor_identity: str, proposer_identity: str, *, detail: bool) -> str:
    """Names all that features depend on, for cache files."""
    parts = [extractor_identity, proposer_identity, str(NUM_SAMPLES), *([DETAIL] if detail else [])]
    return hashlib.sha256("|".join(parts).encode()).hexdigest()
