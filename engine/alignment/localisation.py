"""Which of a photo's regions to show for a phrase."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.alignment.segments import Segment, segments
from engine.boxes import overlaps


def likely_regions(scores: NDArray[np.float32], boxes: NDArray[np.float32], sharpness: float) -> NDArray[np.int64]:
    """The region of each phrase that is expected to overlap most with where the phrase is.

    The largest score alone often picks the part that tells most, a head or a wheel. So the scores are read as
    probabilities, p_j = softmax_j(sharpness · z_j) with z the scores of the photo's regions at mean 0 and deviation 1,
    and the answer is argmax_i Σ_j p_j · IoU(i, j), the choice of least expected loss.

    Args:
        scores: Σ_t v_i · s_t over the words of each phrase, (N, R).
        boxes: of the photo's regions (R, 4), x0 y0 x1 y1.
        sharpness: 0 looks at the boxes alone, a large one at the largest score alone.

    Returns:
        (N,).

    >>> boxes = np.float32([[0, 0, 1, 1], [0, 0, 1, 0.9], [0.4, 0.1, 0.6, 0.3], [0, 0, 0.2, 0.2]])
    >>> scores = np.float32([[0.9, 0.95, 1.0, 0.1]])  # twice a dog, its nose, something else
    >>> likely_regions(scores, boxes, 2.0).tolist(), likely_regions(scores, boxes, 100.0).tolist()
    ([1], [2])
    """
    deviation = np.maximum(scores.std(axis=1, keepdims=True), np.finfo(np.float32).eps)
    standard = sharpness * (scores - scores.max(axis=1, keepdims=True)) / deviation
    expected = np.exp(standard) @ overlaps(boxes, boxes)  # (N, R) @ (R, R)
    chosen: NDArray[np.int64] = expected.argmax(axis=1)
    return chosen


def located_segments(
    unary: NDArray[np.float32], boxes: NDArray[np.float32], beta: float, sharpness: float
) -> Iterator[Segment]:
    """Cut a sentence into phrases (eqs. 10–12), each with the region of a photo to show for it.

    Args:
        unary: ψU_j(i) = v_i · s_j, (T, R), T ≥ 1.
        boxes: (R, 4), x0 y0 x1 y1.
        beta: reward for keeping the region from one word to the next, as a share of what a word scores on average in
            its best region. So it means the same for every model, whatever the length of its vectors.
        sharpness: see ``likely_regions``.
    """
    cut = list(segments(unary, beta * float(np.abs(unary.max(axis=1)).mean())))
    scores = np.stack([unary[segment.start : segment.end].sum(axis=0) for segment in cut])  # (N, R)
    for segment, own, region in zip(cut, scores, likely_regions(scores, boxes, sharpness).tolist(), strict=True):
        yield replace(segment, region=region, score=float(own[region]))
