"""Photos → region features: resize, one forward pass, proposals, RoIAlign. W_m belongs to the alignment model."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.runtime.device import Device
from engine.runtime.onnx import Traced
from engine.vision.backbone_names import FurtherMap, extractor_identity, identity_of
from engine.vision.inference import Maps, create_extractor
from engine.vision.pixels import pixels_of
from engine.vision.pooling import pool_regions
from engine.vision.proposers import create_proposer
from engine.vision.region_features import (
    RegionEncoder,
    RegionFeatures,
    encoder_identity,
    joined_features,
    own_maps,
)


class OnnxRegionEncoder:
    """The one for a CPU, which does without torch."""

    def __init__(
        self,
        backbone: str,
        image_size: int,
        proposer: str,
        *,
        detail: bool = False,
        further: FurtherMap | None = None,
        may_download: bool = False,
    ) -> None:
        self.image_size, self._detail, self._further = image_size, detail, further
        self._backbone, self._may_download = backbone, may_download
        self.extractor_identity = extractor_identity(identity_of(backbone), image_size, further)
        self.extract = create_extractor(f"maps|{self.extractor_identity}", self._traced)
        self._propose = create_proposer(proposer)
        self.identity = encoder_identity(self.extractor_identity, self._propose.identity, detail=detail)

    def regions_of(self, pixels: NDArray[np.uint8], maps: Maps) -> RegionFeatures:
        """Pixels (B, 3, H, W) and the maps of them → features, boxes and objectness of R proposals."""
        boxes, objectness = self._propose(own_maps(maps, further=self._further is not None))
        return RegionFeatures(self._features(pixels, maps, boxes), boxes, objectness)

    def features_of(self, pixels: NDArray[np.uint8], boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Pixels (B, 3, H, W) and boxes (B, R, 4) of one's own → features (B, R, C)."""
        return self._features(pixels, self.extract(pixels), boxes)

    def encode(self, images: Sequence[Image.Image]) -> RegionFeatures:
        """RGB photos → features of R regions each."""
        pixels = pixels_of(images, self.image_size)
        return self.regions_of(pixels, self.extract(pixels))

    def _features(self, pixels: NDArray[np.uint8], maps: Maps, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        return joined_features(
            lambda map_: pool_regions(map_, boxes), maps, pixels, boxes,
            detail=self._detail, further=self._further is not None,
        )  # fmt: skip

    def _traced(self) -> Traced:
        from engine.vision.backbone import create_backbone, traced

        network = create_backbone(
            self._backbone, self.image_size, may_download=self._may_download, further=self._further
        )
        return traced(network, self.image_size)


def create_region_encoder(
    backbone: str,
    image_size: int,
    proposer: str,
    device: Device,
    *,
    detail: bool = False,
    further: FurtherMap | None = None,
    may_download: bool = False,
) -> RegionEncoder:
    """The region encoder of the names in a model's configuration, on a device.

    With ``detail`` regions have more than the last map's features, with a ``further`` map what that says of them too.

    Only with ``may_download`` are weights fetched that these names ask for and that are not on this machine yet.

    Raises:
        ModelError: an unknown name, or weights that are missing, damaged or cannot be downloaded.
    """
    if device == "cpu" and proposer != "faster_rcnn":
        return OnnxRegionEncoder(
            backbone, image_size, proposer, detail=detail, further=further, may_download=may_download
        )
    from engine.vision.torch_encoder import TorchRegionEncoder

    return TorchRegionEncoder(
        backbone, image_size, proposer, device, detail=detail, further=further, may_download=may_download
    )
