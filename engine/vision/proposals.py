"""Where to look in a photo: 19 proposals and the whole image."""

from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

if TYPE_CHECKING:
    from engine.vision.backbone import FeatureMaps

WHOLE_IMAGE = (0.0, 0.0, 1.0, 1.0)
NUM_REGIONS = 20  # R: 19 proposals and the whole image


class Proposer(Protocol):
    """Boxes (B, R, 4), x0 y0 x1 y1 from 0 to 1, the whole image last, and their objectness (B, R) from 0 to 1."""

    identity: str

    def __call__(self, pixels: Tensor, maps: "FeatureMaps") -> tuple[Tensor, Tensor]:
        """Propose regions for a batch: 8-bit pixels (B, 3, H, W) and the backbone's maps of them, finest first."""
        ...


def _grid(width: float, height: float, columns: int, rows: int) -> list[tuple[float, float, float, float]]:
    """Windows of one size, evenly spread over the image."""
    return [
        (x, y, x + width, y + height)
        for y in torch.linspace(0, 1 - height, rows).tolist()
        for x in torch.linspace(0, 1 - width, columns).tolist()
    ]


class FixedWindows:
    """The same windows for every photo: 9 of half the size, 4 of two thirds, 3 upright and 3 lying bands."""

    identity = "fixed_windows/1"

    def __init__(self) -> None:
        windows = [
            *_grid(1 / 2, 1 / 2, 3, 3),
            *_grid(2 / 3, 2 / 3, 2, 2),
            *_grid(1 / 2, 1, 3, 1),
            *_grid(1, 1 / 2, 1, 3),
            WHOLE_IMAGE,
        ]
        self._boxes = torch.tensor(windows)

    def __call__(self, pixels: Tensor, maps: "FeatureMaps") -> tuple[Tensor, Tensor]:
        """Boxes (B, R, 4) and objectness (B, R), all 1: nothing is known of the windows."""
        batch, device = maps[-1].shape[0], maps[-1].device
        boxes = self._boxes.to(device).expand(batch, -1, -1)
        return boxes, torch.ones(batch, NUM_REGIONS, device=device)


def with_whole_image(boxes: Tensor, objectness: Tensor) -> tuple[Tensor, Tensor]:
    """Proposals (B, R − 1, 4), (B, R − 1) and the whole image after them, which is certain: (B, R, 4), (B, R)."""
    whole = torch.tensor(WHOLE_IMAGE, device=boxes.device).expand(len(boxes), 1, 4)
    certain = torch.ones(len(boxes), 1, device=boxes.device)
    return torch.cat([boxes, whole], dim=1), torch.cat([objectness, certain], dim=1)
