"""A question on its way to an answer: read, ranked, cut, and explained as far as it is shown."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from engine.errors import QueryError
from engine.language.tokens import tokenize
from engine.models.protocol import EmbeddingModel, rare_note
from engine.photos.given import Photo
from engine.photos.location import path_at
from engine.results.hits import Hit
from engine.search.by_example import rank_by_example, unchanged
from engine.search.caption_ranking import CANDIDATES, RankedPhoto, rank_described, require_choice
from engine.search.combination import ReadPart, combined, probability_of_all
from engine.search.explain import phrases_of
from engine.search.pictures import paths_of, rank_pictures
from engine.search.question import Question
from engine.search.standing_out import outstanding_score
from engine.search.wording import read_question
from engine.search.written import allowed_photos, evidence, joined, not_written, strongest, words_of, written_about
from engine.types import Basis, Correction, Phrase
from index import Generated, PhotoFilter, Reader, SearchParams
from index.scoring.maxsim import score_records
from index.word_folding import folded

MOST_NAMED = 3  # copies of an example
ENOUGH_WRITTEN = 0.1  # about a photo, for it to be likely where no probability is known


class SearchOptions(TypedDict, total=False):
    """The options of ``Engine.search`` that one by one or together are the same."""

    params: SearchParams | None
    min_probability: float
    generated: Generated
    where: PhotoFilter | None
    basis: Basis
    group: bool


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
        words: folded, that were looked for in what is written about photos.
        corrections: the words that were read as others.
    """

    photos: tuple[RankedPhoto, ...]
    likely: bool
    cut: float
    why_nothing: str | None
    warnings: tuple[str, ...]
    reader: Reader
    texts: tuple[ReadPart, ...]
    generated: Generated
    words: tuple[str, ...] = ()
    corrections: tuple[Correction, ...] = ()


def default_cut(model: EmbeddingModel, question: Question) -> float:
    """The probability from which on a photo is a likely answer; 0 where no probabilities are known.

    The model's own cut is for one text, and another one for a single word: of several texts it is the geometric mean,
    as their probability is.
    """
    if question.examples:
        return 0.0
    cuts = [model.cut_of(len(tokenize(part.text).words)) for part in question.wanted]
    return prod(cuts) ** (1 / len(cuts))


def rank(
    reader: Reader,
    model: EmbeddingModel,
    question: Question,
    limit: int,
    params: SearchParams,
    min_probability: float | None,
    generated: Generated,
    where: PhotoFilter | None,
    basis: Basis = "both",
    *,
    group: bool = False,
) -> Ranking:
    """The ``limit`` best pictures for a question, and which of them are likely; see ``Engine.rank``.

    Raises:
        QueryError: a text has no word that the model knows, or ``generated`` is no choice, or none for an example.
        PhotoError: an example cannot be read.
    """
    require_choice(generated)
    if question.examples and generated == "only":
        raise QueryError("Example photos are compared with what is seen, not with captions; do not ask for these only.")
    try:
        reading = read_question(model, question, reader.written_words)
    except QueryError:  # words that the model cannot read may be written all the same
        found = rank_written(reader, question, limit, params, where, group=group)
        if basis == "both" and not question.examples and found.photos:
            return found
        raise
    question, texts, warnings = reading.question, reading.texts, list(reading.warnings)
    if min_probability and not model.has_probabilities:
        warnings.append(f"The model {model.name} knows no probabilities, so a least probability leaves nothing out.")
    allowed = allowed_photos(reader, question, where)
    query = combined(texts) if texts else None
    words = () if basis == "seen" or question.examples else words_of(question.wanted)
    words = tuple(word for word in words if word not in reading.saying_little)
    written = evidence(reader, words, model.counts(words)).among(reader, allowed)
    warnings += rare_note([word for word in reading.rare if folded(word) not in written.words])

    def ranked(count: int) -> list[RankedPhoto]:
        if query is None or question.examples:
            return rank_by_example(reader, model, question, query, count, params, allowed)
        if not len(written.photo_ids):
            photos = rank_described(reader, query, count, params, generated, allowed=allowed)
            return _with_probabilities(reader, model, photos, texts)
        many = max(CANDIDATES, count)
        besides = strongest(reader, written, many, query, params)
        photos = rank_described(reader, query, many, params, generated, allowed=allowed, besides=besides)
        photos = _with_probabilities(reader, model, photos, texts)
        return joined(photos, written, _spared(reader, model, photos, texts))[:count]

    examples = {number: image for image in question.examples if (number := unchanged(reader, image)) is not None}
    photos, of_examples = rank_pictures(reader, ranked, limit, params, examples, group=group)
    warnings += [_copies_named(reader, examples[number], copies) for number, copies in of_examples.items() if copies]
    cut = default_cut(model, question)
    if model.has_probabilities or query is None or question.examples:
        photos = [replace(photo, likely=_reaches(photo, cut)) for photo in photos]
    else:
        score = outstanding_score(reader, query)
        photos = [replace(photo, likely=_stands_out(photo, score)) for photo in photos]
    least = cut if min_probability is None else min_probability
    kept = [photo for photo in photos if (photo.likely if min_probability is None else _reaches(photo, least))]
    reason = None
    if not photos:
        reason = not_written(question) or why_nothing(reader, where, generated, with_example=bool(question.examples))
    elif not kept:
        best = max(photo.probability or 0 for photo in photos)
        closest = "less than 1 %" if best < 0.005 else f"{100 * best:.0f} %"
        if min_probability is None and not model.has_probabilities:
            kept = photos
            reason = f"Nothing stands out for {question.name!r}: these are the closest photos."
        elif min_probability is None:
            kept = photos
            reason = f"Nothing matches {question.name!r}: these are the closest photos, at best {closest} likely."
        else:
            reason = (
                f"Nothing matches {question.name!r} with a probability of at least {100 * min_probability:g} %: "
                f"the closest photo has a probability of {closest}. Lower the least probability, or leave it out."
            )
    likely = any(photo.likely for photo in kept)
    return Ranking(
        tuple(kept), likely, cut, reason, tuple(warnings), reader, texts, generated, words, reading.corrections
    )


def _reaches(photo: RankedPhoto, cut: float) -> bool:
    return photo.probability is None or photo.probability >= cut


def _stands_out(photo: RankedPhoto, score: float | None) -> bool:
    """Whether a photo is likely by what is seen, from a score on, or by what is written; all are where it is None."""
    return score is None or photo.seen >= score or photo.written >= ENOUGH_WRITTEN


def rank_written(
    reader: Reader,
    question: Question,
    limit: int,
    params: SearchParams,
    where: PhotoFilter | None,
    *,
    group: bool = False,
) -> Ranking:
    """The ``limit`` pictures about which most of a question is written; no model is asked, and no probability known."""
    words = words_of(question.wanted)
    written = evidence(reader, words, [0] * len(words), common=None)
    written = written.among(reader, allowed_photos(reader, question, where))
    for part in question.parts:
        if part.weight < 0 and (unwanted := words_of([part])):
            saying = reader.photos_with_words(unwanted)
            written = written.without(saying)
    strength = dict(zip(written.photo_ids.tolist(), written.strength.tolist(), strict=True))

    def ranked(count: int) -> list[RankedPhoto]:
        found = strongest(reader, written, count, None, params)
        return [RankedPhoto(number, strength[number], 0.0, written=strength[number]) for number in found]

    photos = tuple(rank_pictures(reader, ranked, limit, params, (), group=group)[0])
    reason = None
    if not photos:
        of_filter = "" if where is None or where.is_empty else " that passes the filter"
        reason = not_written(question) or f"No word of {question.name!r} is written about a photo{of_filter}."
    return Ranking(photos, bool(photos), 0.0, reason, (), reader, (), "exclude", words)


def why_nothing(
    reader: Reader, where: PhotoFilter | None, generated: Generated = "include", *, with_example: bool = False
) -> str:
    """Why a search found no photo at all, in a sentence that says what to do."""
    known = reader.coverage()
    if where is not None and not where.is_empty and known.photos:
        folder = f" The folder was read as {where.folder}" if where.folder is not None else ""
        return (
            f"No photo passes the filter: of {known.photos} photos, {known.dated} have a date, {known.placed} a place "
            f"and {known.with_camera} a camera. Widen a filter, or leave one out.{folder}"
        )
    if generated == "only":
        return "This library holds no generated sentences yet; run `engine index --captions FOLDER` first."
    if reader.num_photos and not reader.num_passing(PhotoFilter()):
        return "All photos of this library are hidden; ask for them too (--hidden include)."
    return f"The library holds no {'other ' * with_example}photos yet; run `engine index FOLDER` first."


def explain(model: EmbeddingModel | None, ranking: Ranking, photos: Sequence[RankedPhoto]) -> tuple[Hit, ...]:
    """Some photos of a ranking as hits: phrases with their boxes, a caption, and what is written about them.

    ``model`` may be None where the ranking has no texts.
    """
    reader, ids = ranking.reader, [photo.photo_id for photo in photos]
    stored = reader.photos(ids)
    paths = paths_of(reader, [other for photo in photos for other in (*photo.copies, *photo.group)])
    phrases: list[tuple[Phrase, ...]] = [()] * len(ids)
    if ids and model is not None and (wanted := [text for text in ranking.texts if text.weight > 0]):
        vectors = reader.photo_vectors(ids)[:, : model.num_regions]  # (B, R, D)
        phrases = [
            sum((phrases_of(model, text, regions, boxes, (photo.width, photo.height)) for text in wanted), ())
            for photo, regions, boxes in zip(stored, vectors, reader.boxes(ids), strict=True)
        ]
    captions = [[]] * len(ids) if ranking.generated == "exclude" else reader.captions(ids)
    texts = reader.texts(ids) if ranking.words else [[]] * len(ids)
    return tuple(
        Hit(
            path_at(photo.path),
            ranked.score,
            of,
            ranked.probability,
            own[0].text if own else None,
            photo.photo_id,
            likely=ranked.likely,
            copies=tuple(sorted(paths[other] for other in ranked.copies)),
            group=tuple(paths[other] for other in ranked.group),
            written=written_about(ranking.words, photo, said),
        )
        for ranked, photo, of, own, said in zip(photos, stored, phrases, captions, texts, strict=True)
    )


def _spared(
    reader: Reader, model: EmbeddingModel, photos: Sequence[RankedPhoto], texts: Sequence[ReadPart]
) -> NDArray[np.float64] | None:
    """How likely photos show none of the unwanted texts, (n,); None where there is none."""
    unwanted = [text for text in texts if text.weight < 0]
    if not model.has_probabilities or not unwanted:
        return None
    records = reader.photo_vectors([photo.photo_id for photo in photos])
    likely = [
        model.probabilities(
            text.tokens.words, text.vector.query, score_records(records, text.vector.query), reader.num_photos
        )
        for text in unwanted
    ]
    spared: NDArray[np.float64] = np.prod(1 - np.array(likely, np.float64), axis=0)
    return spared


def _copies_named(reader: Reader, image: Photo, copies: Sequence[int]) -> str:
    """That a library has copies of an example, which are no answer, in a sentence."""
    paths = sorted(map(str, paths_of(reader, copies).values()))
    named = ", ".join(paths[:MOST_NAMED]) + (f" and {len(paths) - MOST_NAMED} more" if paths[MOST_NAMED:] else "")
    return f"The library has {'another copy' if len(paths) == 1 else f'{len(paths)} copies'} of {image}: {named}."


def _with_probabilities(
    reader: Reader, model: EmbeddingModel, photos: Sequence[RankedPhoto], texts: Sequence[ReadPart]
) -> list[RankedPhoto]:
    """Photos with how likely each matches the wanted texts and no unwanted one, where the model is calibrated."""
    if not photos:
        return []
    if len(texts) == 1 and texts[0].weight == 1:
        seen = np.array([photo.seen for photo in photos], np.float32)
        probabilities = model.probabilities(texts[0].tokens.words, texts[0].vector.query, seen, reader.num_photos)
    else:
        records = reader.photo_vectors([photo.photo_id for photo in photos])
        probabilities = probability_of_all(model, texts, records, reader.num_photos)
    if probabilities is None:
        return list(photos)
    return [replace(photo, probability=own) for photo, own in zip(photos, probabilities.tolist(), strict=True)]
