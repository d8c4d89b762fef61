"""The features of regions: the mean of a RoIAlign grid, as one matrix product."""

import numpy as np
from numpy.typing import NDArray

from index.scoring.maxsim import products

NUM_SAMPLES = 6  # a side: three bins of two samples


def pool_regions(feature_map: NDArray[np.float32], boxes: NDArray[np.float32]) -> NDArray[np.float32]:
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
    batch, channels, height, width = feature_map.shape
    cells = feature_map.reshape(batch, channels, height * width)
    weights = region_weights(boxes, height, width).transpose(0, 2, 1)  # (B, h·w, R)
    return np.stack([products(own, columns).T for own, columns in zip(cells, weights, strict=True)])


def region_weights(boxes: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """How much each cell of a map counts in the mean of each region of boxes (B, R, 4): (B, R, height · width)."""
    columns = _cell_weights(boxes[..., 0], boxes[..., 2], width)  # (B, R, w)
    rows = _cell_weights(boxes[..., 1], boxes[..., 3], height)  # (B, R, h)
    return (rows[..., :, None] * columns[..., None, :]).reshape(*boxes.shape[:2], height * width)


def _cell_weights(low: NDArray[np.float32], high: NDArray[np.float32], num_cells: int) -> NDArray[np.float32]:
    """How much each of n cells counts in the mean of samples between ``low`` and ``high`` (B, R) → (B, R, n)."""
    low, high = low * num_cells - np.float32(0.5), high * num_cells - np.float32(0.5)  # centres are whole numbers
    steps = (np.arange(NUM_SAMPLES, dtype=np.float32) + np.float32(0.5)) / NUM_SAMPLES
    places = (low[..., None] + (high - low)[..., None] * steps).clip(0, num_cells - 1)
    distances = np.abs(places[..., None] - np.arange(num_cells, dtype=np.float32))
    weights: NDArray[np.float32] = (1 - distances).clip(min=0).mean(axis=-2)
    return weights
