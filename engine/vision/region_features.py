"""The features of a photo's regions, and what every region encoder is, whatever runs it."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.vision.detail import IDENTITY as DETAIL
from engine.vision.detail import with_detail
from engine.vision.pooling import NUM_SAMPLES


@dataclass(frozen=True, slots=True)
class RegionFeatures:
    """Features (B, R, C) of the regions of a batch, their boxes (B, R, 4) from 0 to 1 and their objectness (B, R)."""

    features: NDArray[np.float32]
    boxes: NDArray[np.float32]
    objectness: NDArray[np.float32]


class RegionEncoder(Protocol):
    """Everything between pixels and W_m. Maps are (B, C, h, w) each, wherever they lie: a slice is of some photos.

    They are those of the backbone, finest first, and after them the further one, if there is one.
    """

    image_size: int
    extractor_identity: str
    identity: str

    def extract(self, pixels: NDArray[np.uint8]) -> tuple[Any, ...]:
        """Pixels (B, 3, H, W) → the maps."""
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


def own_maps(maps: tuple[Any, ...], *, further: bool) -> tuple[Any, ...]:
    """The backbone's maps without the further one, if there is one."""
    return maps[:-1] if further else maps


def joined_features(
    pool: Callable[[Any], NDArray[np.float32]],
    maps: tuple[Any, ...],
    pixels: NDArray[np.uint8],
    boxes: NDArray[np.float32],
    *,
    detail: bool,
    further: bool,
) -> NDArray[np.float32]:
    """The features (B, R, C) of boxes (B, R, 4): what ``pool`` has for them of the backbone's last map, detail beside
    it, and last of the further map.
    """
    own = own_maps(maps, further=further)
    features = with_detail([pool(map_) for map_ in own], pixels, boxes) if detail else pool(own[-1])
    return np.concatenate([features, pool(maps[-1])], axis=-1) if further else features
