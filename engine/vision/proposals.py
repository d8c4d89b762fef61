"""Where to look in a photo: 19 proposals and the whole image."""

from typing import Protocol

import torch
from torch import Tensor

from engine.errors import ModelError

WHOLE_IMAGE = (0.0, 0.0, 1.0, 1.0)


class Proposer(Protocol):
    """Feature map (B, C, h, w) → boxes (B, R, 4), x0 y0 x1 y1 from 0 to 1, and objectness (B, R) from 0 to 1.

    The last region is the whole image.
    """

    num_regions: int
    identity: str

    def __call__(self, feature_map: Tensor) -> tuple[Tensor, Tensor]:
        """Propose regions for a batch."""
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
        self.num_regions = len(windows)

    def __call__(self, feature_map: Tensor) -> tuple[Tensor, Tensor]:
        """Feature map (B, C, h, w) → boxes (B, R, 4) and objectness (B, R), all 1: nothing is known of the windows."""
        batch = feature_map.shape[0]
        boxes = self._boxes.to(feature_map.device).expand(batch, -1, -1)
        return boxes, torch.ones(batch, self.num_regions, device=feature_map.device)


def create_proposer(name: str) -> Proposer:
    """The proposer a model's configuration names.

    Raises:
        ModelError: an unknown name.
    """
    if name == "fixed_windows":
        return FixedWindows()
    raise ModelError(f"The proposer {name!r} is not known; use fixed_windows.")
