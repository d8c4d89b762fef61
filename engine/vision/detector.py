"""Learned region proposals: a class-agnostic detector on the feature maps that the backbone makes anyway."""

from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.image_list import ImageList
from torchvision.ops import box_iou, clip_boxes_to_image, nms

from engine.vision.backbone import FeatureMaps
from engine.vision.proposals import WHOLE_IMAGE

# Anchors in shares of the image's side; one row a level (strides 16 and 32). Annotated boxes are large: half of them
# are wider than a quarter of the photo, half taller than a third.
SIZES = ((0.12, 0.2, 0.32), (0.45, 0.62, 0.85))
ASPECT_RATIOS = (0.45, 1.0, 2.2)
LARGEST_STEP = 4.0  # logarithm of how much larger than its anchor a box can be; keeps exp() finite
PROBABLE = 600  # boxes that are looked at
CANDIDATES = 100  # boxes that the last choice is made from
SAME = 0.7  # IoU above which two boxes are the same
SOFTNESS = 0.7  # of the soft suppression
UNSURE = -4.0  # the first objectness of every anchor, before the sigmoid: most hold nothing


class ProposalHead(nn.Module):
    """Maps of strides 8, 16 and 32 → an objectness and a box for each of A anchors.

    A small feature pyramid with two levels. The convolutions after it are shared between the levels.

    Args:
        channels: of the three maps.
        width: channels inside.
    """

    def __init__(self, channels: tuple[int, int, int], width: int) -> None:
        super().__init__()
        self.channels, self.width = channels, width
        fine, middle, coarse = channels
        self.fine = nn.Conv2d(fine, width, 3, stride=2, padding=1)
        self.middle = nn.Conv2d(middle, width, 1)
        self.coarse = nn.Conv2d(coarse, width, 1)
        self.down = _block(width, stride=2)
        self.tower = nn.Sequential(_block(width), _block(width))
        num_anchors = len(SIZES[0]) * len(ASPECT_RATIOS)
        self.objectness = nn.Conv2d(width, num_anchors, 1)
        self.steps = nn.Conv2d(width, 4 * num_anchors, 1)
        nn.init.constant_(self.objectness.bias, UNSURE)  # type: ignore[arg-type]
        nn.init.zeros_(self.steps.weight)
        nn.init.zeros_(self.steps.bias)  # type: ignore[arg-type]

    def forward(self, maps: FeatureMaps) -> tuple[Tensor, Tensor]:
        """Maps (B, C, h, w), finest first → objectness before the sigmoid (B, A), boxes (B, A, 4) from 0 to 1."""
        fine, middle, coarse = maps
        top = self.coarse(coarse)
        level16 = (self.fine(fine) + self.middle(middle) + F.interpolate(top, scale_factor=2.0)).relu()
        level32 = (top + self.down(level16)).relu()
        levels = [self.tower(level) for level in (level16, level32)]
        objectness = [_by_anchor(self.objectness(level), 1).squeeze(2) for level in levels]
        steps = [_by_anchor(self.steps(level), 4) for level in levels]
        return torch.cat(objectness, dim=1), boxes_of(torch.cat(steps, dim=1), anchors(levels))


def _block(width: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False), nn.GroupNorm(8, width), nn.ReLU()
    )


def _by_anchor(output: Tensor, values: int) -> Tensor:
    """(B, a · values, h, w) → (B, h · w · a, values), the order of torchvision's anchors."""
    batch, _, height, width = output.shape
    return output.view(batch, -1, values, height, width).permute(0, 3, 4, 1, 2).reshape(batch, -1, values)


def anchors(levels: list[Tensor]) -> Tensor:
    """The anchors (A, 4) of feature levels (B, C, h, w), x0 y0 x1 y1 from 0 to 1."""
    return _anchors(tuple((level.shape[2], level.shape[3]) for level in levels)).to(levels[0].device)


@lru_cache(maxsize=4)
@torch.inference_mode(mode=False)  # kept for training too, where a tensor of inference mode could not be used
def _anchors(grids: tuple[tuple[int, int], ...]) -> Tensor:
    """Of levels with so many rows and columns: they take longer to make than to use, and are always the same."""
    side = 1024  # any number of pixels: torchvision's anchors are whole pixels, and shares come out
    generator = AnchorGenerator(
        tuple(tuple(round(size * side) for size in sizes) for sizes in SIZES), (ASPECT_RATIOS,) * len(SIZES)
    )
    image = ImageList(torch.zeros(1, 3, side, side), [(side, side)])
    made: Tensor = generator(image, [torch.zeros(1, 1, *grid) for grid in grids])[0]
    # Centres of cells, where torchvision's stand at their corners.
    offsets = torch.cat([
        torch.tensor([side / columns / 2, side / rows / 2]).expand(
            rows * columns * len(SIZES[0]) * len(ASPECT_RATIOS), 2
        )
        for rows, columns in grids
    ])  # fmt: skip
    return (made + offsets.repeat(1, 2)) / side


def boxes_of(steps: Tensor, anchor_boxes: Tensor) -> Tensor:
    """Steps (B, A, 4) from anchors (A, 4) → boxes (B, A, 4): centres by shares of the size, sizes by logarithms."""
    size = anchor_boxes[:, 2:] - anchor_boxes[:, :2]
    centre = anchor_boxes[:, :2] + size / 2 + steps[..., :2] * size
    half = steps[..., 2:].clamp(max=LARGEST_STEP).exp() * size / 2
    return torch.cat([centre - half, centre + half], dim=-1)


def best_boxes(objectness: Tensor, boxes: Tensor, num_boxes: int) -> tuple[Tensor, Tensor]:
    """The boxes that together are most likely to hold what can be named: probable ones that differ from each other.

    Near copies are dropped (non-maximum suppression); of what is left the most probable box is taken again and again,
    and each time the others lose the more the more they overlap it (soft suppression, Bodla et al. 2017).

    Args:
        objectness: (B, A), before the sigmoid.
        boxes: (B, A, 4) from 0 to 1.
        num_boxes: at most ``CANDIDATES``.

    Returns:
        boxes (B, num_boxes, 4) and objectness (B, num_boxes) from 0 to 1, in the order in which they were taken.
    """
    scores, rows = objectness.sigmoid().topk(PROBABLE, dim=1)
    boxes = clip_boxes_to_image(_take(boxes, rows), (1, 1))  # (B, P, 4)
    different = torch.full_like(scores, -1.0)
    for row, (own, score) in enumerate(zip(boxes, scores, strict=True)):
        kept = nms(own, score, SAME)
        different[row, kept] = score[kept]
    rows = different.topk(CANDIDATES, dim=1).indices  # (B, K)
    boxes, scores = _take(boxes, rows), scores.gather(1, rows)
    decay = torch.stack([torch.exp(-(box_iou(own, own) ** 2) / SOFTNESS) for own in boxes])  # (B, K, K)
    left, taken = scores.clone(), []
    batch = torch.arange(len(scores), device=scores.device)
    for _ in range(num_boxes):
        best = left.argmax(dim=1)  # (B,)
        taken.append(best)
        left = left * decay[batch, best]
        left[batch, best] = -1.0
    chosen = torch.stack(taken, dim=1)
    return _take(boxes, chosen), scores.gather(1, chosen)


def with_whole_image(boxes: Tensor, objectness: Tensor) -> tuple[Tensor, Tensor]:
    """Proposals (B, R − 1, 4), (B, R − 1) and the whole image after them, which is certain: (B, R, 4), (B, R)."""
    whole = torch.tensor(WHOLE_IMAGE, device=boxes.device).expand(len(boxes), 1, 4)
    certain = torch.ones(len(boxes), 1, device=boxes.device)
    return torch.cat([boxes, whole], dim=1), torch.cat([objectness, certain], dim=1)


def _take(boxes: Tensor, rows: Tensor) -> Tensor:
    """Boxes (B, A, 4) at rows (B, K) → (B, K, 4)."""
    return boxes.gather(1, rows[..., None].expand(-1, -1, 4))
