"""How the phrases that a model cuts a sentence into agree with those that people marked, and which β suits that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.alignment.segments import best_assignment
from engine.data.boxes import OVERLAPS, overlaps, union_box
from engine.data.entities import PhraseBoxes
from engine.evaluation.percent import percent

BETAS = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.8, 1.2, 2.0)


@dataclass(frozen=True, slots=True)
class SegmentAgreement:
    """Text segments with one β beside the annotated phrases.

    ``uncut``: percent of the annotated phrases that lie in one segment. ``per_sentence``: segments a sentence, on
    average. ``accuracy``: percent of the phrases where the region of most of the words has IoU ≥ 0.5 with the box
    around all boxes of the entity.
    """

    beta: float
    uncut: float
    per_sentence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class BetaChoice:
    """One row for each β; ``best`` is the β whose segments are closest in number to the phrases that people marked.

    ``marked_per_sentence`` is how many those are in a sentence, on average.
    """

    rows: tuple[SegmentAgreement, ...]
    marked_per_sentence: float
    best: float


def segment_agreement(
    scores: Mapping[int, NDArray[np.float32]],
    phrases: Sequence[PhraseBoxes],
    boxes: NDArray[np.float32],
    image_of_sentence: Sequence[int],
    beta: float,
) -> SegmentAgreement:
    """Cut sentences into segments (eqs. 10–12) and compare.

    Args:
        scores: v_i · s_t of each sentence by row, (T, R).
        phrases: of those sentences.
        boxes: (B, R, 4) of the regions of every image, x0 y0 x1 y1 from 0 to 1.
        image_of_sentence: (N,) row of each sentence's image.
        beta: as a share of what a word scores on average in its best region, as in ``engine.search.explain``.
    """
    paths = {
        row: best_assignment(unary, beta * float(np.abs(unary.max(axis=1)).mean())) for row, unary in scores.items()
    }
    num_segments = [1 + np.count_nonzero(np.diff(path)) for path in paths.values()]
    uncut, accurate = [], []
    for phrase in phrases:
        own = paths[phrase.sentence_row][phrase.start : phrase.end]
        regions, first, counts = np.unique(own, return_index=True, return_counts=True)
        majority = int(regions[np.lexsort((first, -counts))[0]])  # of equals the earlier
        uncut.append(len(regions) == 1)
        box = boxes[image_of_sentence[phrase.sentence_row], majority][None]
        accurate.append(bool(overlaps(box, union_box(phrase.boxes)[None])[0, 0] >= OVERLAPS))
    return SegmentAgreement(beta, percent(uncut), round(float(np.mean(num_segments)), 2), percent(accurate))


def choose_beta(
    scores: Mapping[int, NDArray[np.float32]],
    phrases: Sequence[PhraseBoxes],
    boxes: NDArray[np.float32],
    image_of_sentence: Sequence[int],
    marked_per_sentence: float,
    betas: Sequence[float] = BETAS,
) -> BetaChoice:
    """Try values of β; shapes as in ``segment_agreement``.

    Args:
        scores: see there.
        phrases: see there.
        boxes: see there.
        image_of_sentence: see there.
        marked_per_sentence: how many phrases people marked in a sentence, on average.
        betas: to try, one or more.
    """
    rows = tuple(segment_agreement(scores, phrases, boxes, image_of_sentence, beta) for beta in betas)
    best = min(rows, key=lambda row: abs(row.per_sentence - marked_per_sentence))
    return BetaChoice(rows, round(marked_per_sentence, 2), best.beta)
