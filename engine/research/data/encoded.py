"""What an encoder of CLIP's kind says of a data set: vectors of photos and texts, and the scores of all their pairs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.encoders.clip_encoder import ClipEncoder
from engine.models.multimodal import MultimodalModel
from engine.photos.decode import decode
from engine.research.data.features import ArrayCache, Report, no_report

MeasuredModel = MultimodalModel | ClipEncoder
"""What can be measured: a model of this project, or an encoder."""

IMAGE_BATCH = 16
TEXT_BATCH = 256
PHRASE_BLOCK = 512


@dataclass(frozen=True, slots=True)
class EncodedPhotos:
    """Records (B, R + 1, D) and boxes (B, R, 4) from 0 to 1 of photos, memory-mapped."""

    records: NDArray[np.float16]
    boxes: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class EncodedTexts:
    """Sentence vectors (N, D), the vectors (W, D) of all their phrases, and which of these are whose (N + 1,)."""

    sentences: NDArray[np.float32]
    phrases: NDArray[np.float32]
    starts: NDArray[np.int64]


def encoded_photos(encoder: ClipEncoder, paths: Sequence[Path], report: Report = no_report) -> EncodedPhotos:
    """The vectors of photos; computed on the first call, which goes on where it was stopped.

    Raises:
        PhotoError: a photo cannot be decoded.
    """

    def compute(start: int) -> list[NDArray[np.generic]]:
        images = [decode(path, target=encoder.image_size).image for path in paths[start : start + IMAGE_BATCH]]
        found = encoder.embed_photos(images)
        return [found.records.astype(np.float16), found.boxes.astype(np.float32)]

    cache = ArrayCache.of_photos("encoded", encoder.fingerprint, paths, 0)
    records, boxes = cache.arrays(len(paths), IMAGE_BATCH, compute, report)
    return EncodedPhotos(records, boxes)  # type: ignore[arg-type]


def encoded_texts(encoder: ClipEncoder, texts: Sequence[str], report: Report = no_report) -> EncodedTexts:
    """The vectors of N texts and of their noun phrases.

    Raises:
        QueryError: there is no word in one of them.
    """
    units = [encoder.usable(text).words for text in texts]
    strings = list(dict.fromkeys([*texts, *(word for words in units for word in words)]))
    row_of = {string: row for row, string in enumerate(strings)}
    vectors = np.empty((len(strings), encoder.dimension), np.float32)
    for start in range(0, len(strings), TEXT_BATCH):
        some = strings[start : start + TEXT_BATCH]
        vectors[start : start + len(some)] = encoder.embed_strings(some)
        report("texts", start + len(some), len(strings))
    return EncodedTexts(
        vectors[[row_of[text] for text in texts]],
        vectors[[row_of[word] for words in units for word in words]],
        np.cumsum([0, *map(len, units)]),
    )


def cosines(records: NDArray[np.floating], texts: EncodedTexts) -> NDArray[np.float32]:
    """photo · sentence of records (B, R + 1, D) and N texts: (B, N)."""
    found: NDArray[np.float32] = records[:, -1].astype(np.float32) @ texts.sentences.T
    return found


def phrase_scores(records: NDArray[np.floating], texts: EncodedTexts) -> NDArray[np.float32]:
    """The mean over the phrases of each text of what the best region scores: (B, N)."""
    best = np.empty((len(records), len(texts.phrases)), np.float32)
    for row, record in enumerate(records):
        regions = record[:-1].astype(np.float32)  # (R, D)
        for start in range(0, len(texts.phrases), PHRASE_BLOCK):
            some = texts.phrases[start : start + PHRASE_BLOCK]
            best[row, start : start + len(some)] = (some @ regions.T).max(axis=1)
    sums = np.add.reduceat(best, texts.starts[:-1], axis=1)
    return np.asarray(sums / np.diff(texts.starts), np.float32)


def encoder_scores(encoder: ClipEncoder, records: NDArray[np.floating], texts: EncodedTexts) -> NDArray[np.float32]:
    """What photos score for texts (B, N), as a search has it: with λ of the encoder."""
    weight = encoder.config.scoring.phrase_weight
    scores = cosines(records, texts)
    return scores + np.float32(weight) * phrase_scores(records, texts) if weight else scores
