"""How boxes compare with annotated ones. Boxes are x0 y0 x1 y1 from 0 to 1."""

import numpy as np
import torch
from numpy.typing import NDArray
from torchvision.ops import box_iou

OVERLAPS = 0.5  # IoU from which a box counts as found, as Flickr30k Entities has it (Plummer et al. 2015)


def overlaps(boxes: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Intersection over union of boxes (n, 4) and others (m, 4) → (n, m)."""
    found: NDArray[np.float32] = box_iou(torch.tensor(boxes), torch.tensor(others)).numpy()
    return found


def union_box(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """The smallest box (4,) around boxes (n, 4), n ≥ 1.

    >>> union_box(np.float32([[0.25, 0.5, 0.5, 0.75], [0.0, 0.625, 0.375, 1.0]])).tolist()
    [0.0, 0.5, 0.5, 1.0]
    """
    union: NDArray[np.float32] = np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])
    return union


def centre_inside(box: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Whether the centre of a box (4,) lies in each of others (m, 4) → (m,); the edge belongs to a box.

    >>> centre_inside(np.float32([0, 0, 1, 1]), np.float32([[0, 0, 0.5, 0.5], [0.6, 0, 1, 1]])).tolist()
    [True, False]
    """
    centre = (box[:2] + box[2:]) / 2
    within = (others[:, :2] <= centre) & (centre <= others[:, 2:])  # (m, 2)
    return np.logical_and(within[:, 0], within[:, 1])
