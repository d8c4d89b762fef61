"""Why a photo was found: the phrases of a sentence and the box of each."""

import numpy as np
from numpy.typing import NDArray

from engine.alignment.localisation import located_segments
from engine.language.tokens import Tokens
from engine.models.multimodal import SentenceVector
from engine.types import Phrase


def phrases_of(
    tokens: Tokens,
    vector: SentenceVector,
    regions: NDArray[np.float32],
    boxes: NDArray[np.float32],
    size: tuple[int, int],
    beta: float,
    sharpness: float,
) -> tuple[Phrase, ...]:
    """Cut a sentence into phrases, each tied to one region of a photo (eqs. 10–12).

    Args:
        tokens: the sentence, T words.
        vector: its words (T, D).
        regions: (R, D).
        boxes: (R, 4), x0 y0 x1 y1 from 0 to 1.
        size: width and height of the upright photo in pixels.
        beta: how long the phrases are, see ``located_segments``.
        sharpness: how much the best region counts against the others, see there.
    """
    unary = vector.words @ regions.T  # ψU_j(i), (T, R)
    scale = np.array([*size, *size])
    return tuple(
        Phrase(
            tokens.phrase(segment.start, segment.end),
            tuple((boxes[segment.region] * scale).tolist()),
            segment.score,
        )
        for segment in located_segments(unary, boxes, beta, sharpness)
    )
