"""Answers from an open library and a model that fits it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import QueryError
from engine.models.multimodal import MultimodalModel, SentenceVector
from engine.photos.decode import decode
from engine.search.by_example import example_query, rank_alike, rank_alike_and_described, record_of
from engine.search.caption_ranking import Ranked, rank, require_choice
from engine.search.combination import ReadPart, combined, probability_of_all, read_parts
from engine.search.explain import phrases_of
from engine.search.question import Question
from engine.search.regions import phrase_in_region, rank_regions
from engine.types import Alignment, Box, Hit, Phrase, RegionHit, SentenceHit, Warn, WordScores
from index import Generated, LibraryReader, PhotoFilter, SearchParams
from index.scoring.maxsim import score_records


def search(
    reader: LibraryReader,
    model: MultimodalModel,
    question: Question,
    limit: int,
    params: SearchParams,
    warn: Warn,
    min_probability: float = 0.0,
    generated: Generated = "include",
    where: PhotoFilter | None = None,
) -> list[Hit]:
    """Photos that answer a question, best first, with the phrases of what should be seen and their boxes.

    Those that match with less than ``min_probability`` are left out, if a probability is known: not beside an example.
    ``generated`` says what captions count for, see ``rank``; beside an example they count nothing.

    Raises:
        QueryError: a text has no word that the model knows, or ``generated`` is no choice, or none for an example.
        PhotoError: an example cannot be read.
    """
    require_choice(generated)
    if question.examples and generated == "only":
        raise QueryError("Example photos are compared with what is seen, not with captions; do not ask for these only.")
    parts = read_parts(model, question.parts, warn)
    allowed = _allowed(reader, where)
    if question.examples:
        found = _ranked_by_example(reader, model, question, parts, limit, params, allowed)
        probabilities: list[float | None] = [None] * len(found)
    else:
        found = rank(reader, combined(parts), limit, params, generated, allowed=allowed)
        probabilities = _probabilities_of(reader, model, found, parts)
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
            _phrases(model, parts, vectors, boxes, (photo.width, photo.height)),
            probability,
            own[0].text if own else None,
            photo.photo_id,
        )
        for (ranked, probability), photo, vectors, boxes, own in hits
    ]


def search_regions(
    reader: LibraryReader,
    model: MultimodalModel,
    question: Question,
    limit: int,
    params: SearchParams,
    warn: Warn,
    where: PhotoFilter | None = None,
) -> list[RegionHit]:
    """Regions that texts describe, best first: several of a photo where they do not overlap.

    Raises:
        QueryError: a text has no word that the model knows, or the question has examples.
    """
    if question.examples:
        raise QueryError("Regions are found by texts alone; leave out the example photo.")
    parts = read_parts(model, question.parts, warn)
    wanted = [part for part in parts if part.weight > 0]
    found = rank_regions(reader, combined(parts), limit, params, _allowed(reader, where))
    ids = [photo_id for photo_id, _, _ in found]
    if not ids:
        return []
    vectors = reader.photo_vectors(ids)[:, : model.num_regions]
    hits = zip(found, reader.photos(ids), vectors, reader.boxes(ids), strict=True)
    return [
        RegionHit(
            Path(photo.path),
            _in_pixels(boxes[region], (photo.width, photo.height)),
            score,
            phrase_in_region(wanted, own, region),
            photo.photo_id,
        )
        for (_, region, score), photo, own, boxes in hits
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
    found = reader.search_sentences(record_of(reader, model, image), limit, generated)
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


def similar(
    reader: LibraryReader,
    model: MultimodalModel,
    images: Sequence[Path],
    limit: int,
    params: SearchParams,
    where: PhotoFilter | None = None,
) -> list[Hit]:
    """Photos that look like one photo or, on average, like several, without these; 1 is an equal photo.

    Raises:
        PhotoError: a photo cannot be read.
        QueryError: no photo, or too many.
    """
    question = Question(examples=tuple(images))
    found = _ranked_by_example(reader, model, question, (), limit, params, _allowed(reader, where))
    photos = reader.photos([photo.photo_id for photo in found])
    return [
        Hit(Path(photo.path), ranked.score, photo_id=photo.photo_id)
        for photo, ranked in zip(photos, found, strict=True)
    ]


def align(model: MultimodalModel, image: Path, sentence: str, warn: Warn) -> Alignment:
    """The score of one photo and one sentence, and the phrases of the sentence with their boxes.

    Raises:
        PhotoError: the photo cannot be read.
        QueryError: the sentence has no word that the model knows.
    """
    read = model.read(sentence)
    for warning in read.warnings:
        warn(warning)
    decoded = decode(image, target=model.image_size)
    vectors = model.embed_photos([decoded.image])
    regions = vectors.records[0, : model.num_regions]
    (score,) = score_records(vectors.records, read.vector.query).tolist()
    (probability,) = _probabilities(model, [score], read.vector)
    size = (decoded.width, decoded.height)
    phrases = phrases_of(read.tokens, read.vector, regions, vectors.boxes[0], size, model.beta, model.sharpness)
    return Alignment(image, sentence, score, *size, phrases, probability)


def word_scores(model: MultimodalModel, image: Path, sentence: str) -> WordScores:
    """The products v_i · s_t of the regions of a photo and the words of a sentence, which eq. 8 takes the maxima of.

    Raises:
        PhotoError: the photo cannot be read.
        QueryError: the sentence has no word that the model knows.
    """
    read = model.read(sentence)
    decoded = decode(image, target=model.image_size)
    vectors = model.embed_photos([decoded.image])
    scores = read.vector.words @ vectors.records[0, : model.num_regions].T
    words = tuple(read.tokens.phrase(place, place + 1) for place in range(len(scores)))
    boxes = tuple(_in_pixels(box, (decoded.width, decoded.height)) for box in vectors.boxes[0])
    return WordScores(words, boxes, tuple(map(tuple, scores.tolist())))


def _allowed(reader: LibraryReader, where: PhotoFilter | None) -> NDArray[np.int64] | None:
    return None if where is None else reader.passing_photos(where)


def _ranked_by_example(
    reader: LibraryReader,
    model: MultimodalModel,
    question: Question,
    parts: Sequence[ReadPart],
    limit: int,
    params: SearchParams,
    allowed: NDArray[np.int64] | None,
) -> list[Ranked]:
    query = example_query(reader, model, question.examples, question.box)
    if parts:
        text = combined(parts)
        found = rank_alike_and_described(reader, query, text, limit, params, allowed, question.examples)
    else:
        found = rank_alike(reader, query, limit, params, allowed, question.examples)
    return [Ranked(photo_id, score, score) for photo_id, score in found]


def _phrases(
    model: MultimodalModel,
    parts: Sequence[ReadPart],
    vectors: NDArray[np.float32],
    boxes: NDArray[np.float32],
    size: tuple[int, int],
) -> tuple[Phrase, ...]:
    """The phrases of all texts that should be seen, in the order of the texts."""
    return tuple(
        phrase
        for part in parts
        if part.weight > 0
        for phrase in phrases_of(part.tokens, part.vector, vectors, boxes, size, model.beta, model.sharpness)
    )


def _in_pixels(box: NDArray[np.float32], size: tuple[int, int]) -> Box:
    x0, y0, x1, y1 = (box * np.array([*size, *size])).tolist()
    return x0, y0, x1, y1


def _probabilities_of(
    reader: LibraryReader, model: MultimodalModel, found: Sequence[Ranked], parts: Sequence[ReadPart]
) -> list[float | None]:
    """How likely photos match all texts; None for each where the model has no calibration."""
    if len(parts) == 1 and parts[0].weight == 1:
        return _probabilities(model, [photo.seen for photo in found], parts[0].vector)
    if model.calibration is None or not found:
        return [None] * len(found)
    records = reader.photo_vectors([photo.photo_id for photo in found])
    return [*probability_of_all(model.calibration, parts, records).tolist()]


def _probabilities(model: MultimodalModel, scores: Sequence[float], vector: SentenceVector) -> list[float | None]:
    """How likely photos with these scores match a text; None for each where the model has no calibration."""
    if model.calibration is None:
        return [None] * len(scores)
    return [*model.calibration.probabilities(np.array(scores, dtype=np.float32), vector.query).tolist()]
