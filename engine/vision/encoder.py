"""Photos → region features: resize, one forward pass, proposals, RoIAlign. W_m belongs to the alignment model."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from PIL import Image
from torch import Tensor
from torchvision.ops import roi_align

from engine.vision.backbone import create_backbone
from engine.vision.pixels import pixels_of
from engine.vision.proposals import Proposer, create_proposer
from engine.vision.runtime import create_extractor

POOLED_SIZE = 3
SAMPLES_PER_BIN = 2


@dataclass(frozen=True, slots=True)
class RegionFeatures:
    """Features (B, R, C) of the regions of a batch, their boxes (B, R, 4) from 0 to 1 and their objectness (B, R)."""

    features: Tensor
    boxes: Tensor
    objectness: Tensor


def pool_regions(feature_map: Tensor, boxes: Tensor) -> Tensor:
    """Mean of a RoIAlign grid for each box.

    Args:
        feature_map: (B, C, h, w).
        boxes: (B, R, 4), x0 y0 x1 y1 from 0 to 1.

    Returns:
        (B, R, C).
    """
    batch, channels, height, width = feature_map.shape
    scale = torch.tensor([width, height, width, height], device=boxes.device)
    pooled: Tensor = roi_align(
        feature_map, list(boxes * scale), POOLED_SIZE, sampling_ratio=SAMPLES_PER_BIN, aligned=True
    )  # (B·R, C, 3, 3)
    return pooled.mean(dim=(2, 3)).view(batch, -1, channels)  # (B, R, C)


class RegionEncoder:
    """Everything between pixels and W_m, built from the names in a model's configuration."""

    def __init__(self, backbone: str, image_size: int, proposer: str, device: torch.device) -> None:
        network = create_backbone(backbone, image_size)
        self.image_size = image_size
        self.device = device
        self.extract = create_extractor(network, image_size, device)
        self.proposer: Proposer = create_proposer(proposer)
        key = f"{network.identity}|{image_size}|{self.proposer.identity}|{POOLED_SIZE}|{SAMPLES_PER_BIN}"
        self.identity = hashlib.sha256(key.encode()).hexdigest()

    @torch.inference_mode()
    def encode_pixels(self, pixels: Tensor) -> RegionFeatures:
        """Pixels (B, 3, H, W) uint8 → features of R regions each."""
        return self.regions_of(self.extract(pixels))

    @torch.inference_mode()
    def regions_of(self, feature_map: Tensor) -> RegionFeatures:
        """Feature map (B, C, h, w) → features (B, R, C), boxes and objectness of its proposals."""
        boxes, objectness = self.proposer(feature_map)
        return RegionFeatures(pool_regions(feature_map, boxes), boxes, objectness)

    def encode(self, images: Sequence[Image.Image]) -> RegionFeatures:
        """RGB photos → features of R regions each."""
        return self.encode_pixels(pixels_of(images, self.image_size))
