"""Why a photo matches a text: phrases with their boxes, the score of the pair, and each word against each region."""

import numpy as np
from numpy.typing import NDArray

from engine.boxes import in_pixels, union_box
from engine.models.protocol import EmbeddingModel, ReadQuery
from engine.photos.given import Photo, path_named
from engine.types import Alignment, Phrase, Warn, WordScores
from index.scoring.maxsim import score_records


def phrases_of(
    model: EmbeddingModel,
    text: ReadQuery,
    regions: NDArray[np.float32],
    boxes: NDArray[np.float32],
    size: tuple[int, int],
) -> tuple[Phrase, ...]:
    """Cut a text into phrases, each with its box in a photo, or with several where it names several things.

    Args:
        model: says how to cut.
        text: T units.
        regions: (R, D).
        boxes: (R, 4), x0 y0 x1 y1 from 0 to 1.
        size: width and height of the upright photo in pixels.
    """
    unary = text.vector.words @ regions.T  # ψU_j(i), (T, R)
    return tuple(
        Phrase(
            text.tokens.phrase(found.start, found.end),
            in_pixels(union_box(found.boxes), size),
            found.score,
            tuple(in_pixels(box, size) for box in found.boxes),
        )
        for found in model.phrases(text.tokens.words, unary, boxes)
    )


def align(model: EmbeddingModel, image: Photo, sentence: str, warn: Warn) -> Alignment:
    """The score of one photo and one sentence, and the phrases of the sentence with their boxes.

    Raises:
        PhotoError: the photo cannot be read.
        QueryError: the sentence has no word that the model knows.
    """
    from engine.photos.decode import decode  # a search, which explains its hits too, does without

    text = model.read(sentence)
    for warning in text.warnings:
        warn(warning)
    decoded = decode(image, target=model.image_size)
    vectors = model.embed_photos([decoded.image])
    scores = score_records(vectors.records, text.vector.query)  # (1,)
    probabilities = model.probabilities(text.tokens.words, text.vector.query, scores)
    probability = None if probabilities is None else float(probabilities[0])
    size = (decoded.width, decoded.height)
    phrases = phrases_of(model, text, vectors.records[0, : model.num_regions], vectors.boxes[0], size)
    return Alignment(path_named(image), sentence, float(scores[0]), *size, phrases, probability)


def word_scores(model: EmbeddingModel, image: Photo, sentence: str) -> WordScores:
    """The products v_i · s_t of the regions of a photo and the words of a sentence, which eq. 8 takes the maxima of.

    Raises:
        PhotoError: the photo cannot be read.
        QueryError: the sentence has no word that the model knows.
    """
    from engine.photos.decode import decode

    text = model.read(sentence)
    decoded = decode(image, target=model.image_size)
    vectors = model.embed_photos([decoded.image])
    scores = text.vector.words @ vectors.records[0, : model.num_regions].T  # (T, R)
    words = tuple(text.tokens.phrase(position, position + 1) for position in range(len(scores)))
    boxes = tuple(in_pixels(box, (decoded.width, decoded.height)) for box in vectors.boxes[0])
    return WordScores(words, boxes, tuple(map(tuple, scores.tolist())))
