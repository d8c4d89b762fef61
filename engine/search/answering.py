"""A question on its way to an answer: read, ranked, cut, and explained as far as it is shown."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path

import numpy as np

from engine.errors import QueryError
from engine.language.tokens import tokenize
from engine.models.multimodal import MultimodalModel
from engine.search.by_example import rank_by_example
from engine.search.caption_ranking import RankedPhoto, rank_described, require_choice
from engine.search.combination import ReadPart, combined, probability_of_all
from engine.search.explain import phrases_of
from engine.search.question import Question
from engine.search.wording import read_question
from engine.types import Correction, Hit, Phrase
from index import Generated, LibraryReader, PhotoFilter, SearchParams


@dataclass(frozen=True, slots=True)
class Ranking:
    """The photos for a question, best first, before any of them is explained.

    Attributes:
        photos: those that are likely to match, and where none is, the closest; with a least probability, those that
            reach it.
        likely: whether any of them is.
        cut: the least probability of a likely photo; 0 where no probability is known.
        why_nothing: why there is no photo, or that these are only the closest, in a sentence; else None.
        warnings: what a user should know about the question, a sentence each.
        reader: the state of the library that was asked.
        texts: the texts of the question, as the model reads them.
        generated: what captions counted for.
        corrections: the words that were read as others.
    """

    photos: tuple[RankedPhoto, ...]
    likely: bool
    cut: float
    why_nothing: str | None
    warnings: tuple[str, ...]
    reader: LibraryReader
    texts: tuple[ReadPart, ...]
    generated: Generated
    corrections: tuple[Correction, ...] = ()


def default_cut(model: MultimodalModel, question: Question) -> float:
    """The probability from which on a photo is a likely answer; 0 where no probabilities are known.

    The model's own cut is for one text, and another one for a single word: of several texts it is the geometric mean,
    as their probability is.
    """
    if model.calibration is None or question.examples:
        return 0.0
    cuts = [model.calibration.cut_of(len(tokenize(part.text).words)) for part in question.wanted]
    return prod(cuts) ** (1 / len(cuts))


def rank(
    reader: LibraryReader,
    model: MultimodalModel,
    question: Question,
    limit: int,
    params: SearchParams,
    min_probability: float | None,
    generated: Generated,
    where: PhotoFilter | None,
) -> Ranking:
    """The ``limit`` best photos for a question, and which of them are likely; see ``Engine.rank``.

    Raises:
        QueryError: a text has no word that the model knows, or ``generated`` is no choice, or none for an example.
        PhotoError: an example cannot be read.
    """
    require_choice(generated)
    if question.examples and generated == "only":
        raise QueryError("Example photos are compared with what is seen, not with captions; do not ask for these only.")
    reading = read_question(model, question)
    question, texts, warnings = reading.question, reading.texts, list(reading.warnings)
    if min_probability and model.calibration is None:
        warnings.append(f"The model {model.name} knows no probabilities, so a least probability leaves nothing out.")
    allowed = None if where is None else reader.passing_photos(where)
    if question.examples:
        query = combined(texts) if texts else None
        photos = rank_by_example(reader, model, question, query, limit, params, allowed)
    else:
        photos = rank_described(reader, combined(texts), limit, params, generated, allowed=allowed)
        photos = _with_probabilities(reader, model, photos, texts)
    cut = default_cut(model, question)
    photos = [replace(photo, likely=_reaches(photo, cut)) for photo in photos]
    least = cut if min_probability is None else min_probability
    kept, reason = [photo for photo in photos if _reaches(photo, least)], None
    if not photos:
        reason = why_nothing(reader, where, generated, with_example=bool(question.examples))
    elif not kept:
        closest = f"{100 * max(photo.probability or 0 for photo in photos):.0f} %"
        if min_probability is None:
            kept = photos
            reason = f"Nothing matches {question.name!r}: these are the closest photos, at best {closest} likely."
        else:
            reason = (
                f"Nothing matches {question.name!r} with a probability of at least {100 * min_probability:g} %: "
                f"the closest photo has a probability of {closest}. Lower the least probability, or leave it out."
            )
    likely = any(photo.likely for photo in kept)
    return Ranking(tuple(kept), likely, cut, reason, tuple(warnings), reader, texts, generated, reading.corrections)


def _reaches(photo: RankedPhoto, cut: float) -> bool:
    return photo.probability is None or photo.probability >= cut


def why_nothing(
    reader: LibraryReader, where: PhotoFilter | None, generated: Generated = "include", *, with_example: bool = False
) -> str:
    """Why a search found no photo at all, in a sentence that says what to do."""
    known = reader.coverage()
    if where is not None and not where.is_empty and known.photos:
        return (
            f"No photo passes the filter: of {known.photos} photos, {known.dated} have a date, {known.placed} a place "
            f"and {known.with_camera} a camera. Widen a filter, or leave one out."
        )
    if generated == "only":
        return "This library holds no generated sentences yet; run `engine index --captions FOLDER` first."
    return f"The library holds no {'other ' * with_example}photos yet; run `engine index FOLDER` first."


def explain(model: MultimodalModel, ranking: Ranking, photos: Sequence[RankedPhoto]) -> tuple[Hit, ...]:
    """Some photos of a ranking as hits: with the phrases of what should be seen, their boxes, and a caption."""
    reader, ids = ranking.reader, [photo.photo_id for photo in photos]
    stored = reader.photos(ids)
    phrases: list[tuple[Phrase, ...]] = [()] * len(ids)
    if ids and (wanted := [text for text in ranking.texts if text.weight > 0]):
        vectors = reader.photo_vectors(ids)[:, : model.num_regions]  # (B, R, D)
        phrases = [
            sum((phrases_of(model, text, regions, boxes, (photo.width, photo.height)) for text in wanted), ())
            for photo, regions, boxes in zip(stored, vectors, reader.boxes(ids), strict=True)
        ]
    captions = [[]] * len(ids) if ranking.generated == "exclude" else reader.captions(ids)
    return tuple(
        Hit(
            Path(photo.path), ranked.score, of, ranked.probability, own[0].text if own else None, photo.photo_id,
            likely=ranked.likely,
        )
        for ranked, photo, of, own in zip(photos, stored, phrases, captions, strict=True)
    )  # fmt: skip


def _with_probabilities(
    reader: LibraryReader, model: MultimodalModel, photos: Sequence[RankedPhoto], texts: Sequence[ReadPart]
) -> list[RankedPhoto]:
    """Photos with how likely each matches the wanted texts and no unwanted one, where the model is calibrated."""
    if not photos:
        return []
    if len(texts) == 1 and texts[0].weight == 1:
        seen = np.array([photo.seen for photo in photos], np.float32)
        probabilities = model.probabilities(texts[0].tokens.words, texts[0].vector.query, seen)
    else:
        probabilities = probability_of_all(model, texts, reader.photo_vectors([photo.photo_id for photo in photos]))
    if probabilities is None:
        return list(photos)
    return [replace(photo, probability=own) for photo, own in zip(photos, probabilities.tolist(), strict=True)]
