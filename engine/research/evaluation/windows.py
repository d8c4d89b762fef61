"""The best fixed windows for a data set, chosen on its training boxes: what a proposer that sees nothing can reach."""

from itertools import product

import numpy as np
from numpy.typing import NDArray

from engine.boxes import OVERLAPS, overlaps
from engine.vision.proposals import WHOLE_IMAGE

SIDES = (0.15, 0.25, 0.35, 0.45, 0.55, 0.7, 0.85, 1.0)  # widths and heights of candidate windows
STEP = 0.25  # of a window's own side, from one candidate to the next
BLOCK = 4096  # annotated boxes that are compared at a time


def candidate_windows() -> NDArray[np.float32]:
    """A generous grid of windows (K, 4): every width with every height, at steps of a quarter of each."""
    spans = [
        (start, start + side)
        for side in SIDES
        for start in np.linspace(0, 1 - side, 1 + int(np.ceil((1 - side) / (STEP * side))))
    ]
    return np.array([(x0, y0, x1, y1) for (x0, x1), (y0, y1) in product(spans, spans)], dtype=np.float32)


def greedy_windows(
    annotated: NDArray[np.float32], candidates: NDArray[np.float32], num_windows: int
) -> NDArray[np.float32]:
    """Windows of the candidates (K, 4) that together overlap the most annotated boxes (M, 4), IoU ≥ 0.5, chosen one by
    one; and the whole image last → (num_windows + 1, 4).

    The first is the one that adds most to the whole image, each next the one that adds most to those before. That
    reaches at least 63 % of what the best set would (the cover is submodular: Nemhauser et al. 1978).
    """
    whole = np.array([WHOLE_IMAGE], dtype=np.float32)
    hits = np.concatenate([
        overlaps(candidates, annotated[start : start + BLOCK]) >= OVERLAPS for start in range(0, len(annotated), BLOCK)
    ], axis=1)  # (K, M)  # fmt: skip
    missed = overlaps(whole, annotated)[0] < OVERLAPS
    gains = np.count_nonzero(hits[:, missed], axis=1)  # what each candidate would add
    chosen = []
    for _ in range(num_windows):
        best = int(gains.argmax())
        chosen.append(best)
        found = hits[best] & missed
        gains -= np.count_nonzero(hits[:, found], axis=1)
        missed &= ~found
    return np.concatenate([candidates[chosen], whole])
