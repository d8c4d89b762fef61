"""Which of a photo's regions to show for the phrases of a sentence."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.alignment.config import Architecture
from engine.alignment.segments import Segment, segments
from engine.boxes import covered, overlaps
from engine.language.noun_phrases import text_units

# Of the regions of a phrase in the plural (docs/decisions): how many deviations of the scores they may stay behind the
# best, and which share of the smaller of two may lie in the other.
WITHIN = 0.5
MOST_SHARED = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class LocatedPhrase:
    """Words ``start`` to ``end`` (exclusive) of a sentence, and the boxes (n, 4) to show for them in a photo, n ≥ 1.

    What they name begins at ``named``, after their prepositions. ``score`` is Σ_t v_i · s_t in the region of the first.
    """

    start: int
    named: int
    end: int
    boxes: NDArray[np.float32]
    score: float


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
    expected = _chances(scores, sharpness) @ overlaps(boxes, boxes)  # (N, R) @ (R, R)
    chosen: NDArray[np.int64] = expected.argmax(axis=1)
    return chosen


def _chances(scores: NDArray[np.float32], sharpness: float) -> NDArray[np.float32]:
    """p_j times a number that is the same for all regions of a phrase, (N, R)."""
    deviation = np.maximum(scores.std(axis=1, keepdims=True), np.finfo(np.float32).eps)
    chances: NDArray[np.float32] = np.exp(sharpness * (scores - scores.max(axis=1, keepdims=True)) / deviation)
    return chances


def likely_boxes(
    scores: NDArray[np.float32], boxes: NDArray[np.float32], regions: NDArray[np.int64], sharpness: float
) -> NDArray[np.float32]:
    """The box of each phrase around its region i: the mean of all boxes j, each with the weight p_j · IoU(i, j).

    A region is one of few and seldom ends where a thing ends; those that overlap it and score well, too, say where.

    Args:
        scores: (N, R), as in ``likely_regions``.
        boxes: (R, 4).
        regions: (N,), what that returns.
        sharpness: see there.

    Returns:
        (N, 4).

    >>> boxes = np.float32([[0, 0, 0.5, 1], [0.25, 0, 0.5, 1], [0.75, 0, 1, 1]])
    >>> likely_boxes(np.float32([[1, 1, 1]]), boxes, np.array([0]), 2.0).round(3).tolist()  # weights 1, 0.5 and 0
    [[0.08299999684095383, 0.0, 0.5, 1.0]]
    """
    weights = _chances(scores, sharpness) * overlaps(boxes[regions], boxes)
    means: NDArray[np.float32] = (weights @ boxes) / weights.sum(axis=1, keepdims=True).clip(np.finfo(np.float32).tiny)
    return means


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


def several_regions(scores: NDArray[np.float32], boxes: NDArray[np.float32], most: int) -> tuple[int, ...]:
    """The regions of what may be several things: those that score almost as well as the best and lie apart.

    Args:
        scores: of a phrase (R,).
        boxes: (R, 4), x0 y0 x1 y1.
        most: how many there are at the most.

    >>> boxes = np.float32([[0, 0, 0.4, 1], [0.6, 0, 1, 1], [0.1, 0, 0.4, 1], [0, 0, 1, 1]])  # a dog, a dog, its body
    >>> several_regions(np.float32([1.0, 0.9, 0.95, 0.2]), boxes, 2)
    (0, 1)
    """
    order = np.argsort(-scores, kind="stable")
    near = order[scores[order] >= scores.max() - WITHIN * scores.std()]
    shared = covered(boxes, boxes)
    chosen: list[int] = []
    for region in near.tolist():
        if len(chosen) < most and (shared[region, chosen] < MOST_SHARED).all():
            chosen.append(region)
    return tuple(chosen)


def located_phrases(
    words: Sequence[str], unary: NDArray[np.float32], boxes: NDArray[np.float32], architecture: Architecture
) -> list[LocatedPhrase]:
    """Cut a sentence into phrases, in order, each with the boxes to show for it in a photo.

    With ``phrases`` "chain" these are the segments of eqs. 10–12, which all words belong to. Else they are the noun
    phrases, and words between them belong to none. A preposition goes with the phrase but does not tell where it is.

    Args:
        words: T ≥ 1, in lower case.
        unary: v_i · s_t, (T, R).
        boxes: (R, 4), x0 y0 x1 y1.
        architecture: says how to cut, and how much the best region counts.
    """
    if architecture.phrases == "chain":
        return [
            LocatedPhrase(segment.start, segment.start, segment.end, boxes[[segment.region]], segment.score)
            for segment in located_segments(unary, boxes, architecture.beta, architecture.sharpness)
        ]
    named = [(unit, unit.named) for unit in text_units(words) if unit.named is not None]
    scores = np.stack([unary[first : unit.end].sum(axis=0) for unit, first in named])  # (N, R)
    found = []
    likely = likely_regions(scores, boxes, architecture.sharpness)
    means = likely_boxes(scores, boxes, likely, architecture.sharpness)
    for row, (unit, first) in enumerate(named):
        region, shown = int(likely[row]), means[[row]]
        if unit.most > 1 and len(several := several_regions(scores[row], boxes, unit.most)) > 1:
            region, shown = several[0], boxes[list(several)]
        score = float(unary[unit.start : unit.end, region].sum())
        found.append(LocatedPhrase(unit.start, first, unit.end, shown, score))
    return found
