"""How boxes compare with each other, and where they lie in a photo. Boxes are x0 y0 x1 y1 from 0 to 1."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.errors import QueryError
from engine.types import Box

OVERLAPS = 0.5  # IoU from which a box counts as found, as Flickr30k Entities has it (Plummer et al. 2015)


def overlaps(boxes: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Intersection over union of boxes (n, 4) and others (m, 4) → (n, m).

    torchvision has it too, but to import that takes longer than a query.

    >>> overlaps(np.float32([[0, 0, 2, 1]]), np.float32([[1, 0, 3, 1], [0, 0, 2, 1], [5, 5, 6, 6]])).round(2).tolist()
    [[0.33000001311302185, 1.0, 0.0]]
    """
    intersection = _shared(boxes, others)
    union = _areas(boxes)[:, None] + _areas(others)[None, :] - intersection
    found: NDArray[np.float32] = intersection / np.maximum(union, np.finfo(np.float32).tiny)
    return found


def covered(boxes: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """The share of the smaller of two boxes that lies in the larger: boxes (n, 4) and others (m, 4) → (n, m).

    >>> covered(np.float32([[0, 0, 4, 4]]), np.float32([[1, 1, 2, 2], [3, 0, 5, 4]])).tolist()
    [[1.0, 0.5]]
    """
    smaller = np.minimum(_areas(boxes)[:, None], _areas(others)[None, :]).clip(np.finfo(np.float32).tiny)
    found: NDArray[np.float32] = _shared(boxes, others) / smaller
    return found


def _shared(boxes: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    ends, starts = (
        np.minimum(boxes[:, None, 2:], others[None, :, 2:]),
        np.maximum(boxes[:, None, :2], others[None, :, :2]),
    )
    sides: NDArray[np.float32] = (ends - starts).clip(0)
    areas: NDArray[np.float32] = sides[:, :, 0] * sides[:, :, 1]
    return areas


def _areas(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    areas: NDArray[np.float32] = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    return areas


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


def in_pixels(box: NDArray[np.float32], size: tuple[int, int]) -> Box:
    """A box (4,) in pixels of a photo of this width and height.

    >>> in_pixels(np.array([0, 0.5, 1, 1], np.float32), (640, 480))
    (0.0, 240.0, 640.0, 480.0)
    """
    x0, y0, x1, y1 = (box * np.array([*size, *size])).tolist()
    return x0, y0, x1, y1


def boxes_of(given: Iterable[Sequence[float]]) -> list[Box]:
    """Boxes as a caller gives them.

    Raises:
        QueryError: one is none.
    """
    found: list[Box] = []
    for one in given if isinstance(given, Iterable) else [given]:
        try:
            x0, y0, x1, y1 = map(float, one)
        except (TypeError, ValueError) as error:
            raise QueryError(f"A box was expected, as (x0, y0, x1, y1) in pixels, not {one!r}.") from error
        found.append((x0, y0, x1, y1))
    return found
