"""The region encoder in torch itself: on a GPU, or with torchvision's Faster R-CNN."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from engine.vision.backbone import FeatureMaps, create_backbone
from engine.vision.backbone_names import FurtherMap, extractor_identity
from engine.vision.pixels import pixels_of
from engine.vision.pooling import region_weights
from engine.vision.proposals import NUM_REGIONS, WINDOWS_IDENTITY, fixed_windows
from engine.vision.region_features import RegionFeatures, encoder_identity, joined_features, own_maps


class TorchProposer(Protocol):
    """Boxes (B, R, 4), x0 y0 x1 y1 from 0 to 1, the whole image last, and their objectness (B, R) from 0 to 1."""

    identity: str

    def __call__(self, pixels: Tensor, maps: FeatureMaps) -> tuple[Tensor, Tensor]:
        """Propose regions for a batch: 8-bit pixels (B, 3, H, W) and the backbone's maps of them, finest first."""
        ...


class TorchWindows:
    """The same windows for every photo."""

    identity = WINDOWS_IDENTITY

    def __call__(self, pixels: Tensor, maps: FeatureMaps) -> tuple[Tensor, Tensor]:
        """Boxes (B, R, 4) and objectness (B, R), all 1: nothing is known of the windows."""
        batch, device = maps[-1].shape[0], maps[-1].device
        boxes = torch.from_numpy(fixed_windows()).to(device).expand(batch, -1, -1)
        return boxes, torch.ones(batch, NUM_REGIONS, device=device)


class TorchRegionEncoder:
    """See ``encoder.RegionEncoder``: maps stay on the device. Half precision where that is a GPU."""

    def __init__(
        self,
        backbone: str,
        image_size: int,
        proposer: str,
        device: str,
        *,
        detail: bool = False,
        further: FurtherMap | None = None,
        may_download: bool = False,
    ) -> None:
        network = create_backbone(backbone, image_size, may_download=may_download, further=further)
        self.image_size, self._detail, self._further = image_size, detail, further is not None
        self._device = torch.device(device)
        self._backbone = network.to(self._device).to(memory_format=torch.channels_last)
        self._propose = _create_proposer(proposer, self._device, may_download=may_download)
        self.extractor_identity = extractor_identity(network.identity, image_size, further)
        self.identity = encoder_identity(self.extractor_identity, self._propose.identity, detail=detail)

    @torch.inference_mode()
    def extract(self, pixels: NDArray[np.uint8]) -> FeatureMaps:
        """Pixels (B, 3, H, W) → the maps."""
        with torch.autocast(self._device.type, enabled=self._device.type == "cuda"):
            maps: FeatureMaps = self._backbone(self._moved(pixels))
        return tuple(features.float() for features in maps)

    @torch.inference_mode()
    def regions_of(self, pixels: NDArray[np.uint8], maps: FeatureMaps) -> RegionFeatures:
        """Pixels (B, 3, H, W) and the maps of them → features, boxes and objectness of R proposals."""
        own = own_maps(maps, further=self._further)
        boxes, objectness = (found.cpu().numpy() for found in self._propose(self._moved(pixels), own))
        return RegionFeatures(self._features(pixels, maps, boxes), boxes, objectness)

    @torch.inference_mode()
    def features_of(self, pixels: NDArray[np.uint8], boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Pixels (B, 3, H, W) and boxes (B, R, 4) of one's own → features (B, R, C)."""
        return self._features(pixels, self.extract(pixels), boxes)

    def encode(self, images: Sequence[Image.Image]) -> RegionFeatures:
        """RGB photos → features of R regions each."""
        pixels = pixels_of(images, self.image_size)
        return self.regions_of(pixels, self.extract(pixels))

    def _moved(self, pixels: NDArray[np.uint8]) -> Tensor:
        return torch.from_numpy(pixels).to(self._device, non_blocking=True)

    def _features(
        self, pixels: NDArray[np.uint8], maps: FeatureMaps, boxes: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        return joined_features(
            lambda map_: self._pooled(map_, boxes), maps, pixels, boxes, detail=self._detail, further=self._further
        )

    def _pooled(self, feature_map: Tensor, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        weights = torch.from_numpy(region_weights(boxes, *feature_map.shape[2:])).to(self._device)
        pooled: NDArray[np.float32] = torch.bmm(weights, feature_map.flatten(2).transpose(1, 2)).cpu().numpy()
        return pooled


def _create_proposer(name: str, device: torch.device, *, may_download: bool) -> TorchProposer:
    if name == "faster_rcnn":
        from engine.vision.faster_rcnn import FasterRcnn

        return FasterRcnn(device, may_download=may_download)
    if name == "learned":
        from engine.vision.learned import TorchDetector

        return TorchDetector.packaged(device)
    return TorchWindows()
