"""One photo and one sentence: the score of the pair, the box of each phrase, and each word against each region."""

from pathlib import Path

from engine.boxes import in_pixels
from engine.models.multimodal import MultimodalModel
from engine.photos.decode import decode
from engine.search.explain import phrases_of
from engine.types import Alignment, Warn, WordScores
from index.scoring.maxsim import score_records


def align(model: MultimodalModel, image: Path, sentence: str, warn: Warn) -> Alignment:
    """The score of one photo and one sentence, and the phrases of the sentence with their boxes.

    Raises:
        PhotoError: the photo cannot be read.
        QueryError: the sentence has no word that the model knows.
    """
    text = model.read(sentence)
    for warning in text.warnings:
        warn(warning)
    decoded = decode(image, target=model.image_size)
    vectors = model.embed_photos([decoded.image])
    scores = score_records(vectors.records, text.vector.query)  # (1,)
    probability = None
    if model.calibration is not None:
        probability = float(model.calibration.probabilities(scores, text.vector.query)[0])
    size = (decoded.width, decoded.height)
    phrases = phrases_of(model, text, vectors.records[0, : model.num_regions], vectors.boxes[0], size)
    return Alignment(image, sentence, float(scores[0]), *size, phrases, probability)


def word_scores(model: MultimodalModel, image: Path, sentence: str) -> WordScores:
    """The products v_i · s_t of the regions of a photo and the words of a sentence, which eq. 8 takes the maxima of.

    Raises:
        PhotoError: the photo cannot be read.
        QueryError: the sentence has no word that the model knows.
    """
    text = model.read(sentence)
    decoded = decode(image, target=model.image_size)
    vectors = model.embed_photos([decoded.image])
    scores = text.vector.words @ vectors.records[0, : model.num_regions].T  # (T, R)
    words = tuple(text.tokens.phrase(position, position + 1) for position in range(len(scores)))
    boxes = tuple(in_pixels(box, (decoded.width, decoded.height)) for box in vectors.boxes[0])
    return WordScores(words, boxes, tuple(map(tuple, scores.tolist())))
