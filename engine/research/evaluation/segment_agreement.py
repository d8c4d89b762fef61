"""How the phrases that a model cuts a sentence into agree with those that people marked, and which β suits that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.alignment.localisation import located_segments
from engine.alignment.segments import Segment
from engine.boxes import OVERLAPS, overlaps, union_box
from engine.research.data.entities import PhraseBoxes
from engine.research.evaluation.percent import percent

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
    sharpness: float,
) -> SegmentAgreement:
    """Cut sentences into segments (eqs. 10–12) and compare.

    Args:
        scores: v_i · s_t of each sentence by row, (T, R).
        phrases: of those sentences.
        boxes: (B, R, 4) of the regions of every image, x0 y0 x1 y1 from 0 to 1.
        image_of_sentence: (N,) row of each sentence's image.
        beta: see ``engine.alignment.localisation``.
        sharpness: see there.
    """
    cuts = {
        row: list(located_segments(unary, boxes[image_of_sentence[row]], beta, sharpness))
        for row, unary in scores.items()
    }
    num_segments = [len(cut) for cut in cuts.values()]
    uncut, accurate = [], []
    for phrase in phrases:
        # Of segments with as many of its words the earlier.
        most = max(cuts[phrase.sentence_row], key=lambda segment: _shared(segment, phrase))
        uncut.append(_shared(most, phrase) == phrase.end - phrase.start)
        box = boxes[image_of_sentence[phrase.sentence_row], most.region][None]
        accurate.append(bool(overlaps(box, union_box(phrase.boxes)[None])[0, 0] >= OVERLAPS))
    return SegmentAgreement(beta, percent(uncut), round(float(np.mean(num_segments)), 2), percent(accurate))


def _shared(segment: Segment, phrase: PhraseBoxes) -> int:
    """How many words of a phrase lie in a segment of its sentence, if any do; else a number ≤ 0."""
    return min(segment.end, phrase.end) - max(segment.start, phrase.start)


def choose_beta(
    scores: Mapping[int, NDArray[np.float32]],
    phrases: Sequence[PhraseBoxes],
    boxes: NDArray[np.float32],
    image_of_sentence: Sequence[int],
    marked_per_sentence: float,
    sharpness: float,
    betas: Sequence[float] = BETAS,
) -> BetaChoice:
    """Try values of β; shapes as in ``segment_agreement``.

    Args:
        scores: see there.
        phrases: see there.
        boxes: see there.
        image_of_sentence: see there.
        marked_per_sentence: how many phrases people marked in a sentence, on average.
        sharpness: see there.
        betas: to try, one or more.
    """
    rows = tuple(segment_agreement(scores, phrases, boxes, image_of_sentence, beta, sharpness) for beta in betas)
    best = min(rows, key=lambda row: abs(row.per_sentence - marked_per_sentence))
    return BetaChoice(rows, round(marked_per_sentence, 2), best.beta)
