"""How much phrases may count in an encoder's score: as much as makes nothing worse on a split."""

from dataclasses import astuple
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.encoders.clip_encoder import ClipEncoder
from engine.research.data.caption_sets import load_captions
from engine.research.data.encoded import cosines, encoded_photos, encoded_texts, phrase_scores
from engine.research.data.features import Report, no_report
from engine.research.evaluation.retrieval import RetrievalResult, retrieval

WEIGHTS = (0.0, 0.05, 0.1, 0.2, 0.3)


def measure_phrase_weights(
    encoder: ClipEncoder, data: Path, split: str, report: Report = no_report
) -> dict[float, RetrievalResult]:
    """Retrieval on a split with each weight λ of phrases.

    Raises:
        DatasetError: the set or the split cannot be read.
        PhotoError: one of its photos cannot be decoded.
    """
    captions = load_captions(data, split)
    records = encoded_photos(encoder, [image.path for image in captions.images], report).records
    texts = encoded_texts(encoder, captions.sentences, report)
    photo, phrases = cosines(records, texts), phrase_scores(records, texts)
    return {weight: retrieval(photo + np.float32(weight) * phrases, captions.image_of_sentence) for weight in WEIGHTS}


def choose_phrase_weight(measured: dict[float, RetrievalResult]) -> float:
    """The largest weight with which no recall is below that without phrases."""
    least = _recalls(measured[0.0])
    return max(weight for weight, found in measured.items() if (_recalls(found) >= least).all())


def _recalls(found: RetrievalResult) -> NDArray[np.float64]:
    """R@1, 5 and 10 in both directions: (6,)."""
    sides = (found.image_to_sentence, found.sentence_to_image)
    return np.array([recall for side in sides for recall in astuple(side)[:3]])
