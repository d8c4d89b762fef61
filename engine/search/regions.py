"""Regions for a text: each a hit of its own, several of a photo where they do not overlap."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.boxes import in_pixels, overlaps
from engine.errors import QueryError
from engine.models.protocol import EmbeddingModel, rare_note
from engine.photos.location import path_at
from engine.results.hits import RegionHit, RegionHits
from engine.search.combination import ReadPart, combined_of_regions
from engine.search.pictures import SPARE, all_copies, paths_of, same_pictures
from engine.search.question import Question
from engine.search.wording import read_question, showing
from engine.search.written import allowed_photos
from engine.types import Warn
from index import Allowed, PhotoFilter, Query, Reader, SearchParams

MOST_OVERLAP = 0.5  # as intersection over union, between two hits in one photo
_ASKED_FOR = 8  # regions for each hit: boxes of one thing crowd together

Found = tuple[int, int, float]
"""A photo, the position of the region in it, and the score."""


def search_regions(
    reader: Reader,
    model: EmbeddingModel,
    question: Question,
    limit: int,
    params: SearchParams,
    warn: Warn,
    where: PhotoFilter | None,
) -> RegionHits:
    """Regions that texts describe, best first: several of a photo where they do not overlap.

    Raises:
        QueryError: a text has no word that the model knows, or the question has examples.
    """
    if question.examples:
        raise QueryError("Regions are found by texts alone; leave out the example photo.")
    reading = read_question(model, question, reader.written_words)
    for notice in (*showing(reading.corrections), *reading.warnings, *rare_note(reading.rare)):
        warn(notice)
    wanted = [text for text in reading.texts if text.weight > 0]
    allowed = allowed_photos(reader, question, where)
    ranked, copies = rank_regions(reader, combined_of_regions(reading.texts), limit, params, allowed)
    ids = [photo_id for photo_id, _, _ in ranked]
    if not ids:
        return RegionHits()
    vectors = reader.photo_vectors(ids)[:, : model.num_regions]  # (B, R, D)
    paths = paths_of(reader, [other for photo_id in set(ids) for other in copies[photo_id]])
    return RegionHits(
        RegionHit(
            path_at(photo.path),
            in_pixels(boxes[region], (photo.width, photo.height)),
            score,
            phrase_in_region(wanted, regions, region),
            photo.photo_id,
            copies=tuple(sorted(paths[other] for other in copies[photo.photo_id])),
        )
        for (_, region, score), photo, regions, boxes in zip(
            ranked, reader.photos(ids), vectors, reader.boxes(ids), strict=True
        )
    )


def rank_regions(
    reader: Reader, query: Query, limit: int, params: SearchParams, allowed: Allowed | None
) -> tuple[list[Found], dict[int, list[int]]]:
    """The ``limit`` best regions, best first, without those that overlap a better one of their photo.

    And the copies of each photo, which has the regions of all of them.
    """
    count = _ASKED_FOR * limit
    while True:
        found = reader.search_regions(query, count, params, allowed)
        kept = _without_overlaps(reader, found)
        if params.copies == "all":
            pictures: dict[int, list[int]] = {photo_id: [] for photo_id, _, _ in kept}
        else:
            kept = kept if len(found) < count else kept[: limit + SPARE]
            pictures = same_pictures(reader, [photo_id for photo_id, _, _ in kept])
            kept = [region for region in kept if region[0] in pictures]
        if len(kept) >= limit or len(found) < count:
            return kept[:limit], pictures if params.copies == "all" else all_copies(reader, pictures)
        count *= _ASKED_FOR


def phrase_in_region(parts: Sequence[ReadPart], regions: NDArray[np.float32], region: int) -> str:
    """The words, in a row and of one text, that fit a region better than they fit the others of its photo.

    Each word counts what it scores in the region above its mean over the photo's regions (R, D). Without such a word,
    the first text as it is.
    """
    best_phrase, best_gain = parts[0].tokens.text, 0.0
    for part in parts:
        scores = part.weight * (part.vector.words @ regions.T)  # (T, R)
        start, end, gain = best_run(scores[:, region] - scores.mean(axis=1))
        if gain > best_gain:
            best_phrase, best_gain = part.tokens.phrase(start, end), gain
    return best_phrase


def best_run(gains: NDArray[np.floating]) -> tuple[int, int, float]:
    """The run of numbers (T,) with the largest sum: its start, its end (exclusive), the sum; empty if none is above 0.

    >>> best_run(np.array([-1.0, 2.0, -0.5, 3.0, -4.0, 1.0]))
    (1, 4, 4.5)
    """
    best = (0, 0, 0.0)
    start, total = 0, 0.0
    for place, gain in enumerate(gains.tolist()):
        if total <= 0:
            start, total = place, 0.0
        total += gain
        if total > best[2]:
            best = (start, place + 1, total)
    return best


def _without_overlaps(reader: Reader, found: Sequence[Found]) -> list[Found]:
    photo_ids = sorted({photo_id for photo_id, _, _ in found})
    boxes = dict(zip(photo_ids, reader.boxes(photo_ids), strict=True)) if photo_ids else {}
    kept: list[Found] = []
    taken: dict[int, list[NDArray[np.float32]]] = {}
    for photo_id, region, score in found:
        box = boxes[photo_id][region]
        others = taken.setdefault(photo_id, [])
        if not others or overlaps(box[None], np.stack(others)).max() < MOST_OVERLAP:
            others.append(box)
            kept.append((photo_id, region, score))
    return kept
