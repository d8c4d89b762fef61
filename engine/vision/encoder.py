"""Photos → region features: resize, one forward pass, proposals, RoIAlign. W_m belongs to the alignment model."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from engine.vision.backbone import FeatureMaps, create_backbone
from engine.vision.inference import create_extractor
from engine.vision.pixels import pixels_of
from engine.vision.proposals import Proposer
from engine.vision.proposers import create_proposer

NUM_SAMPLES = 6  # a side: three bins of two samples


@dataclass(frozen=True, slots=True)
class RegionFeatures:
    """Features (B, R, C) of the regions of a batch, their boxes (B, R, 4) from 0 to 1 and their objectness (B, R)."""

    features: Tensor
    boxes: Tensor
    objectness: Tensor


def pool_regions(feature_map: Tensor, boxes: Tensor) -> Tensor:
    """Mean of a RoIAlign grid for each box, as one matrix product.

    Bilinear samples, and their mean, are linear in the map, and their weights separate into rows and columns. So the
    mean is a weighted sum over the cells of the map: what ``torchvision.ops.roi_align`` and a mean over its bins give,
    many times as fast (docs/decisions).

    Args:
        feature_map: (B, C, h, w).
        boxes: (B, R, 4), x0 y0 x1 y1 from 0 to 1.

    Returns:
        (B, R, C).
    """
    height, width = feature_map.shape[2:]
    columns = _cell_weights(boxes[..., 0], boxes[..., 2], width)  # (B, R, w)
    rows = _cell_weights(boxes[..., 1], boxes[..., 3], height)  # (B, R, h)
    weights = (rows[..., :, None] * columns[..., None, :]).flatten(2)  # (B, R, h·w)
    return torch.bmm(weights, feature_map.flatten(2).transpose(1, 2))


def _cell_weights(low: Tensor, high: Tensor, num_cells: int) -> Tensor:
    """How much each of n cells counts in the mean of samples between ``low`` and ``high`` (B, R) → (B, R, n)."""
    low, high = low * num_cells - 0.5, high * num_cells - 0.5  # centres of cells are whole numbers
    steps = (torch.arange(NUM_SAMPLES, device=low.device) + 0.5) / NUM_SAMPLES
    places = (low[..., None] + (high - low)[..., None] * steps).clamp(0, num_cells - 1)
    cells = torch.arange(num_cells, device=low.device)
    return (1 - (places[..., None] - cells).abs()).clamp(min=0).mean(dim=-2)


class RegionEncoder:
    """Everything between pixels and W_m, built from the names in a model's configuration.

    Only with ``may_download`` are weights fetched that these names ask for and that are not on this machine yet.
    """

    def __init__(
        self, backbone: str, image_size: int, proposer: str, device: torch.device, *, may_download: bool = False
    ) -> None:
        network = create_backbone(backbone, image_size, may_download=may_download)
        self.image_size = image_size
        self.device = device
        self.extract = create_extractor(network, image_size, device)
        self.proposer: Proposer = create_proposer(proposer, device, may_download=may_download)
        self.extractor_identity = f"{network.identity}|{image_size}"
        key = f"{self.extractor_identity}|{self.proposer.identity}|{NUM_SAMPLES}"
        self.identity = hashlib.sha256(key.encode()).hexdigest()

    @torch.inference_mode()
    def encode_pixels(self, pixels: Tensor) -> RegionFeatures:
        """Pixels (B, 3, H, W) uint8 → features of R regions each."""
        return self.regions_of(pixels, self.extract(pixels))

    @torch.inference_mode()
    def regions_of(self, pixels: Tensor, maps: FeatureMaps) -> RegionFeatures:
        """Pixels (B, 3, H, W) and the feature maps of them → features (B, R, C), boxes and objectness of proposals."""
        boxes, objectness = self.proposer(pixels, maps)
        return RegionFeatures(pool_regions(maps[-1], boxes), boxes, objectness)

    @torch.inference_mode()
    def features_of(self, pixels: Tensor, boxes: NDArray[np.float32]) -> Tensor:
        """Pixels (B, 3, H, W) and boxes (B, R, 4) of one's own → features (B, R, C)."""
        return pool_regions(self.extract(pixels)[-1], torch.from_numpy(boxes).to(self.device))

    def encode(self, images: Sequence[Image.Image]) -> RegionFeatures:
        """RGB photos → features of R regions each."""
        return self.encode_pixels(pixels_of(images, self.image_size))
