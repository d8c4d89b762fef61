"""Which regions of a photo an annotated phrase may be found in, as targets for training."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.boxes import overlaps, union_box
from engine.research.data.entities import PhraseBoxes
from engine.research.data.features import View

ENOUGH = 0.5  # IoU from which a region holds the phrase
LEAST = 0.1  # the share that a region at that IoU gets, beside one that fits exactly, which gets 0.6


def by_sentence(phrases: Sequence[PhraseBoxes], num_sentences: int) -> list[list[PhraseBoxes]]:
    """The phrases of each sentence."""
    rows: list[list[PhraseBoxes]] = [[] for _ in range(num_sentences)]
    for phrase in phrases:
        rows[phrase.sentence_row].append(phrase)
    return rows


def region_targets(boxes: NDArray[np.float32], view: View, regions: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """How probable each region (R, 4) of a view is as the place of a phrase with ``boxes`` (n, 4) → (R,), sum 1.

    A region counts by its overlap with the box around all of them, or with any one. None where no region fits.
    """
    shown = view.shown(boxes)
    if not len(shown):
        return None
    overlap = overlaps(np.concatenate([union_box(shown)[None], shown]), regions).max(axis=0)
    weights = np.where(overlap >= ENOUGH, overlap - ENOUGH + LEAST, 0.0)
    total = weights.sum()
    if total == 0:
        return None
    targets: NDArray[np.float32] = (weights / total).astype(np.float32)
    return targets
