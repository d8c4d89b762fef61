"""Example photos in the place of a text, or beside one."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.errors import QueryError
from engine.models.protocol import EmbeddingModel
from engine.photos.given import Photo, PhotoInMemory
from engine.photos.location import normal_path
from engine.search.caption_ranking import RankedPhoto
from engine.search.question import Question
from engine.search.standing_out import SAMPLE
from engine.types import Box
from index import Allowed, Query, Reader, SearchParams
from index.scoring.maxsim import at_unit_length, best, score_records

CANDIDATES = 1000  # photos, found by the vectors as they are, that are compared by cosine

TEXT_WEIGHT = 1.5
"""How much words count beside example photos, both in deviations from the ordinary photo; docs/decisions."""

BOXES_TOGETHER = 256  # of one photo that are embedded at once


def photo_id_at(reader: Reader, image: Photo) -> int | None:
    """The number of the photo that the catalogue has at a path; None for one in memory."""
    return None if isinstance(image, PhotoInMemory) else reader.photo_id_of_path(normal_path(image))


def record_of(reader: Reader, model: EmbeddingModel, image: Photo) -> NDArray[np.float32]:
    """The record (S, D) of a photo: the stored one where the file is indexed and unchanged, else computed now.

    Raises:
        PhotoError: the photo cannot be read.
    """
    from engine.photos.decode import decode  # a search for words alone does without

    photo_id = unchanged(reader, image)
    if photo_id is not None:
        stored: NDArray[np.float32] = reader.photo_vectors([photo_id])[0]
        return stored
    computed: NDArray[np.float32] = model.embed_photos([decode(image, target=model.image_size).image]).records[0]
    return computed.astype(np.float16).astype(np.float32)  # as it would be stored


def unchanged(reader: Reader, image: Photo) -> int | None:
    """The number of an indexed photo whose file is as it was; None for any other file, and a photo in memory."""
    photo_id = photo_id_at(reader, image)
    from engine.photos.walk import FoundPhoto

    if isinstance(image, PhotoInMemory) or photo_id is None or not reader.holds_photo(photo_id):
        return None
    (photo,) = reader.photos([photo_id])
    try:
        now = FoundPhoto.at(photo.path)
    except OSError:
        return None
    return photo_id if (photo.size, photo.mtime_ns) == (now.size, now.mtime_ns) else None


def example_query(reader: Reader, model: EmbeddingModel, images: Sequence[Photo], box: Box | None = None) -> Query:
    """What finds photos like these, the mean over them; of records at unit length, where an equal photo scores 1.

    The score is that of words with each region of the photo in the place of a word: the mean over its regions of the
    best cosine in the other photo (and the cosine of the photo vectors, where the model has them, for half of it).
    With a box it is the best cosine of the box alone. Lengths are left out, because in a model with plain dot products
    long vectors would win every time.

    Raises:
        PhotoError: a photo cannot be read.
        QueryError: the box does not lie in the photo.
    """
    if box is not None:
        region = at_unit_length(region_vectors(model, images[0], [box])[0])
        return Query(region[None], np.zeros_like(region) if model.has_global else None)
    units = np.stack([at_unit_length(record_of(reader, model, image)) for image in images])  # (B, S, D)
    share = 0.5 if model.has_global else 1.0
    regions = units[:, : model.num_regions]
    words = regions.reshape(-1, regions.shape[-1]) * (share / (len(images) * model.num_regions))
    return Query(words, units[:, -1].mean(axis=0) * (1 - share) if model.has_global else None)


def rank_by_example(
    reader: Reader,
    model: EmbeddingModel,
    question: Question,
    text: Query | None,
    limit: int,
    params: SearchParams,
    allowed: Allowed | None,
) -> list[RankedPhoto]:
    """The ``limit`` best photos that look like the examples of a question and, if it is given, that a text describes.

    Raises:
        PhotoError: an example cannot be read.
        QueryError: the box does not lie in the photo.
    """
    query = example_query(reader, model, question.examples, question.box)
    if text is None:
        hits = _rank_alike(reader, query, limit, params, allowed, question.examples)
    else:
        hits = _rank_alike_and_described(reader, query, text, limit, params, allowed, question.examples)
    return [RankedPhoto(photo_id, score, score) for photo_id, score in hits]


def _rank_alike(
    reader: Reader,
    query: Query,
    limit: int,
    params: SearchParams,
    allowed: Allowed | None,
    images: Sequence[Photo],
) -> list[tuple[int, float]]:
    """The ``limit`` best photos for an ``example_query``, without the examples themselves."""
    own = {photo_id_at(reader, image) for image in images}
    found = reader.search_photos(query, CANDIDATES + limit + len(own), params, allowed)
    candidates = [photo_id for photo_id, _ in found if photo_id not in own]
    if not candidates:
        return []
    return best(_alike(reader.photo_vectors(candidates), query), np.array(candidates, np.int64), limit)


def _rank_alike_and_described(
    reader: Reader,
    query: Query,
    text: Query,
    limit: int,
    params: SearchParams,
    allowed: Allowed | None,
    images: Sequence[Photo],
) -> list[tuple[int, float]]:
    """The ``limit`` best photos that look like examples and that a text describes.

    Cosines and scores of texts have no common scale. So both are counted in deviations from the ordinary photo of the
    library, and added, the text ``TEXT_WEIGHT`` times.
    """
    found = dict(_rank_alike(reader, query, max(CANDIDATES, limit), params, allowed, images))
    own = {photo_id_at(reader, image) for image in images}
    described = reader.search_photos(text, max(CANDIDATES, limit), params, allowed)
    candidates = sorted((found.keys() | {photo_id for photo_id, _ in described}) - own)
    if not candidates:
        return []
    records, usual = reader.photo_vectors(candidates), reader.photo_vectors(reader.sample(SAMPLE))
    looks = _standard(_alike(records, query), _alike(usual, query))
    words = _standard(score_records(records, text), score_records(usual, text))
    return best(looks + np.float32(TEXT_WEIGHT) * words, np.array(candidates, np.int64), limit)


def _alike(records: NDArray[np.float32], query: Query) -> NDArray[np.float32]:
    return score_records(at_unit_length(records), query)


def _standard(scores: NDArray[np.float32], ordinary: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scores (n,) in deviations from the mean of ordinary ones; as they are where those are all equal."""
    standard: NDArray[np.float32] = (scores - ordinary.mean()) / (ordinary.std() or np.float32(1))
    return standard


def region_vectors(model: EmbeddingModel, image: Photo, boxes: Sequence[Box]) -> NDArray[np.float32]:
    """The vectors (N, D) of parts of a photo; boxes are in pixels of the upright photo.

    Raises:
        PhotoError: the photo cannot be read.
        QueryError: a box does not lie in the photo.
    """
    from engine.photos.decode import decode

    decoded = decode(image, target=model.image_size)
    size = (decoded.width, decoded.height)
    for x0, y0, x1, y1 in boxes:
        if not (0 <= x0 < x1 <= decoded.width and 0 <= y0 < y1 <= decoded.height):
            raise QueryError(
                f"The box {','.join(f'{value:g}' for value in (x0, y0, x1, y1))} does not lie in {image}, which has "
                f"{decoded.width} × {decoded.height} pixels; give left, top, right and bottom in pixels of the upright "
                "photo."
            )
    vectors = [np.empty((0, model.dimension), np.float32)]
    for start in range(0, len(boxes), BOXES_TOGETHER):
        scaled = np.array(boxes[start : start + BOXES_TOGETHER]) / np.array([*size, *size])
        vectors.append(model.embed_boxes(decoded.image, scaled))
    return np.concatenate(vectors)
