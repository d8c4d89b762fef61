"""Answers from an open library and a model that fits it."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.multimodal import MultimodalModel, PhotoVectors, SentenceVector
from engine.photos.decode import Decoded, decode
from engine.search.captions import rank, require_choice
from engine.search.explain import phrases_of
from engine.types import Alignment, Hit, SentenceHit
from index import Generated, LibraryReader, Query, SearchParams
from index.exact import at_unit_length, best, score_records

Warn = Callable[[str], None]

CANDIDATES = 1000  # photos that `similar` compares by cosine


def search(
    reader: LibraryReader,
    model: MultimodalModel,
    text: str,
    limit: int,
    params: SearchParams,
    warn: Warn,
    min_probability: float = 0.0,
    generated: Generated = "include",
) -> list[Hit]:
    """Photos that a text describes, best first, with the phrases and their boxes.

    Those that match with less than ``min_probability`` are left out, if the model knows probabilities. ``generated``
    says what captions count for, see ``rank``.

    Raises:
        QueryError: the text has no word that the model knows, or ``generated`` is no choice.
    """
    require_choice(generated)
    read = model.read(text)
    for warning in read.warnings:
        warn(warning)
    found = rank(reader, read.vector.query, limit, params, generated)
    probabilities = _probabilities(model, [photo.seen for photo in found], read.vector)
    kept = [
        (photo, probability)
        for photo, probability in zip(found, probabilities, strict=True)
        if probability is None or probability >= min_probability
    ]
    if not kept:
        return []
    ids = [photo.photo_id for photo, _ in kept]
    regions = reader.photo_vectors(ids)[:, : model.num_regions]
    captions = [[]] * len(ids) if generated == "exclude" else reader.captions(ids)
    hits = zip(kept, reader.photos(ids), regions, reader.boxes(ids), captions, strict=True)
    return [
        Hit(
            Path(photo.path),
            ranked.score,
            phrases_of(
                read.tokens, read.vector, vectors, boxes, (photo.width, photo.height), model.beta, model.sharpness
            ),
            probability,
            own[0].text if own else None,
        )
        for (ranked, probability), photo, vectors, boxes, own in hits
    ]


def sentences(
    reader: LibraryReader, model: MultimodalModel, image: Path, limit: int, generated: Generated = "include"
) -> list[SentenceHit]:
    """The indexed sentences that describe a photo best; the photo need not be indexed.

    Raises:
        PhotoError: the photo cannot be read.
        QueryError: ``generated`` is no choice.
    """
    require_choice(generated)
    found = reader.search_sentences(_record(reader, model, image), limit, generated)
    ids = [sentence_id for sentence_id, _ in found]
    texts = reader.sentence_texts(ids)
    scores = [score for _, score in found]
    probabilities: list[float | None] = [None] * len(found)
    if model.calibration is not None and texts:
        vectors = model.embed_sentences([model.usable(text).words for text in texts])
        probabilities = [
            _probabilities(model, [score], vector)[0] for score, vector in zip(scores, vectors, strict=True)
        ]
    return [SentenceHit(*hit) for hit in zip(texts, scores, probabilities, reader.are_generated(ids), strict=True)]


def similar(reader: LibraryReader, model: MultimodalModel, image: Path, limit: int) -> list[Hit]:
    """Photos that look like a photo, without the photo itself; 1 is an equal photo.

    The score is that of words with each region of the photo in the place of a word: the mean over its regions of the
    best cosine in the other photo (and the cosine of the photo vectors, where the model has them, for half of it).
    Lengths are left out, because in a model with plain dot products long vectors would win every time.

    Raises:
        PhotoError: the photo cannot be read.
    """
    unit = at_unit_length(_record(reader, model, image))
    share = 0.5 if model.has_global else 1.0
    query = Query(
        unit[: model.num_regions] * (share / model.num_regions),
        unit[-1] * (1 - share) if model.has_global else None,
    )
    own = reader.photo_id_of_path(_absolute(image))
    candidates = [photo_id for photo_id, _ in reader.search_photos(query, CANDIDATES + limit) if photo_id != own]
    scores = score_records(at_unit_length(reader.photo_vectors(candidates)), query)
    found = best(scores, np.array(candidates, dtype=np.int64), limit)
    photos = reader.photos([photo_id for photo_id, _ in found])
    return [Hit(Path(photo.path), score) for photo, (_, score) in zip(photos, found, strict=True)]


def align(model: MultimodalModel, image: Path, sentence: str, warn: Warn) -> Alignment:
    """The score of one photo and one sentence, and the phrases of the sentence with their boxes.

    Raises:
        PhotoError: the photo cannot be read.
        QueryError: the sentence has no word that the model knows.
    """
    read = model.read(sentence)
    for warning in read.warnings:
        warn(warning)
    decoded, vectors = _embed(model, image)
    regions = vectors.records[0, : model.num_regions]
    (score,) = score_records(vectors.records, read.vector.query).tolist()
    (probability,) = _probabilities(model, [score], read.vector)
    size = (decoded.width, decoded.height)
    phrases = phrases_of(read.tokens, read.vector, regions, vectors.boxes[0], size, model.beta, model.sharpness)
    return Alignment(image, sentence, score, *size, phrases, probability)


def _probabilities(model: MultimodalModel, scores: Sequence[float], vector: SentenceVector) -> list[float | None]:
    """How likely photos with these scores match a text; None for each where the model has no calibration."""
    if model.calibration is None:
        return [None] * len(scores)
    return [*model.calibration.probabilities(np.array(scores, dtype=np.float32), vector.query).tolist()]


def _embed(model: MultimodalModel, image: Path) -> tuple[Decoded, PhotoVectors]:
    decoded = decode(image, target=model.image_size)
    return decoded, model.embed_photos([decoded.image])


def _absolute(image: Path) -> str:
    return os.path.normpath(image.absolute())  # as the catalogue writes paths


def _record(reader: LibraryReader, model: MultimodalModel, image: Path) -> NDArray[np.float32]:
    """The record (S, D) of a photo: the stored one where the file is indexed and unchanged, else computed now."""
    photo_id = reader.photo_id_of_path(_absolute(image))
    if photo_id is not None and image.is_file():
        (photo,) = reader.photos([photo_id])
        status = image.stat()
        if (photo.size, photo.mtime_ns) == (status.st_size, status.st_mtime_ns):
            stored: NDArray[np.float32] = reader.photo_vectors([photo_id])[0]
            return stored
    computed: NDArray[np.float32] = _embed(model, image)[1].records[0]
    return computed.astype(np.float16).astype(np.float32)  # as it would be stored
