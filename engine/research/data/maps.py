"""Feature maps of a data set on disk: what the proposals are trained on."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from engine.research.data.features import Report, arrays_of_views, no_report
from engine.vision.backbone import FeatureMaps
from engine.vision.pixels import pixels_of
from engine.vision.region_features import RegionEncoder


class StoredMaps:
    """The feature maps of n photos, finest first, each (n, C, h, w), memory-mapped."""

    def __init__(self, arrays: Sequence[NDArray[np.float16]]) -> None:
        self._arrays = arrays

    def __len__(self) -> int:
        return len(self._arrays[0])

    @property
    def channels(self) -> tuple[int, ...]:
        """C of each map."""
        return tuple(array.shape[1] for array in self._arrays)

    def batch(self, rows: Sequence[int] | NDArray[np.int64]) -> FeatureMaps:
        """The maps (B, C, h, w) of the photos ``rows``."""
        return tuple(torch.from_numpy(array[rows].astype(np.float32)) for array in self._arrays)


def feature_maps(encoder: RegionEncoder, paths: Sequence[Path], view: int, report: Report = no_report) -> StoredMaps:
    """Compute the maps of a view of photos, or find them in the cache; half a megabyte a photo.

    Raises:
        PhotoError: a photo that cannot be decoded.
    """

    def compute(images: Sequence[Image.Image], _: slice) -> list[NDArray[np.float16]]:
        maps = encoder.extract(pixels_of(images, encoder.image_size))
        return [torch.as_tensor(map_).cpu().numpy().astype(np.float16) for map_ in maps]

    return StoredMaps(arrays_of_views("maps", encoder.extractor_identity, encoder, paths, view, compute, report))
