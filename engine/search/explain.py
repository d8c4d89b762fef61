"""Why a photo was found: the phrases of a sentence and the box of each."""

import numpy as np
from numpy.typing import NDArray

from engine.alignment.localisation import located_segments
from engine.boxes import in_pixels
from engine.models.multimodal import MultimodalModel, ReadQuery
from engine.types import Phrase


def phrases_of(
    model: MultimodalModel,
    text: ReadQuery,
    regions: NDArray[np.float32],
    boxes: NDArray[np.float32],
    size: tuple[int, int],
) -> tuple[Phrase, ...]:
    """Cut a text into phrases, each tied to one region of a photo (eqs. 10–12).

    Args:
        model: says how long phrases are and how much the best region counts, see ``located_segments``.
        text: T words.
        regions: (R, D).
        boxes: (R, 4), x0 y0 x1 y1 from 0 to 1.
        size: width and height of the upright photo in pixels.
    """
    unary = text.vector.words @ regions.T  # ψU_j(i), (T, R)
    return tuple(
        Phrase(text.tokens.phrase(segment.start, segment.end), in_pixels(boxes[segment.region], size), segment.score)
        for segment in located_segments(unary, boxes, model.beta, model.sharpness)
    )
