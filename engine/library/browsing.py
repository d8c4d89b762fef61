"""The photos of a library in groups, to look through without a question: folders, months, places and themes."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from math import floor
from pathlib import Path
from statistics import fmean

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans, vq  # type: ignore[import-untyped]

from index import LibraryReader, StoredPhoto
from index.scoring.maxsim import at_unit_length, records_per_block

CELL_DEGREES = 0.1
"""Side of the cells that places are made of; 11 km from south to north."""

MOST_SAMPLED = 20_000  # photos that themes are learned from; the others are put to the nearest
STARTS = 10  # of k-means, the best of which is taken


@dataclass(frozen=True, slots=True)
class Group:
    """Photos by their numbers, and what they have in common: a folder, a month ("2024-05"), or a sentence.

    ``name`` is None for photos without a date, and for themes of a library without sentences.
    """

    name: str | None
    photo_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Photos that were taken near each other, and the mean of their coordinates in degrees, north and east positive."""

    latitude: float
    longitude: float
    photo_ids: tuple[int, ...]


def by_folder(photos: Iterable[StoredPhoto]) -> list[Group]:
    """A group for each folder that holds photos itself, in order of path, and so are the photos of each."""
    rows = sorted((str(Path(photo.path).parent), photo.path, photo.photo_id) for photo in photos)
    return _grouped((folder, photo_id) for folder, _, photo_id in rows)


def by_month(photos: Iterable[StoredPhoto]) -> list[Group]:
    """A group for each month by the camera's clock, the newest first, and so are the photos of each.

    Photos without a date are the last group, in the order given.
    """
    ordered = sorted(
        photos, key=lambda photo: (photo.taken_at is not None, photo.taken_at or datetime.min), reverse=True
    )
    return _grouped((photo.taken_at.isoformat()[:7] if photo.taken_at else None, photo.photo_id) for photo in ordered)


def by_place(photos: Iterable[StoredPhoto], cell_degrees: float = CELL_DEGREES) -> list[Place]:
    """Photos with coordinates, by the cell of a grid that they lie in: the largest place first.

    The cells are ``cell_degrees`` of latitude and longitude wide, so a town may lie in two of them. The photos of a
    place are in the order given.
    """
    cells: dict[tuple[int, int], list[tuple[float, float, int]]] = defaultdict(list)
    for photo in photos:
        latitude, longitude = photo.latitude, photo.longitude
        if latitude is not None and longitude is not None and abs(latitude) <= 90 and abs(longitude) <= 180:
            cell = floor(latitude / cell_degrees), floor(longitude / cell_degrees)
            cells[cell].append((latitude, longitude, photo.photo_id))
    places = []
    for members in cells.values():
        latitudes, longitudes, photo_ids = zip(*members, strict=True)
        places.append(Place(fmean(latitudes), fmean(longitudes), photo_ids))
    return sorted(places, key=lambda place: (-len(place.photo_ids), place.latitude, place.longitude))


def themes(reader: LibraryReader, num_themes: int = 12, seed: int = 0) -> list[Group]:
    """Photos that show something alike, by k-means on their vectors: at most ``num_themes`` (1 or more), largest first.

    The photos of each are in order of their distance from its centre, the most central first. The indexed sentence
    that describes this one best, a person's or a caption model's, names the theme. The same seed gives the same themes.

    Raises:
        LibraryError: the library cannot be read.
    """
    ids = reader.photo_ids
    if not len(ids):
        return []
    chosen = np.random.default_rng(seed).permutation(ids)[:MOST_SAMPLED] if len(ids) > MOST_SAMPLED else ids
    sample = np.concatenate([*_vectors(reader, np.sort(chosen))])
    centres, _ = kmeans(sample, min(num_themes, len(sample)), iter=STARTS, rng=seed)
    blocks = [sample] if len(sample) == len(ids) else _vectors(reader, ids)
    assigned = [vq(block, centres) for block in blocks]
    nearest, distances = (np.concatenate(parts) for parts in zip(*assigned, strict=True))
    order = np.lexsort((ids, distances, nearest))
    clusters = np.split(ids[order], np.flatnonzero(np.diff(nearest[order])) + 1)
    clusters.sort(key=len, reverse=True)
    return [Group(_best_sentence(reader, int(cluster[0])), tuple(cluster.tolist())) for cluster in clusters]


def _grouped(rows: Iterable[tuple[str | None, int]]) -> list[Group]:
    """Groups by name, in the order in which names and photos come."""
    members: dict[str | None, list[int]] = defaultdict(list)
    for name, photo_id in rows:
        members[name].append(photo_id)
    return [Group(name, tuple(photo_ids)) for name, photo_ids in members.items()]


def _vectors(reader: LibraryReader, photo_ids: NDArray[np.int64]) -> Iterator[NDArray[np.float32]]:
    """One vector a photo, at unit length, in blocks (n, D): the photo vector, or else the mean of the regions."""
    build = reader.build
    if build is None:
        return
    step = records_per_block(build.rows_per_photo, build.dimension)
    for start in range(0, len(photo_ids), step):
        records = reader.photo_vectors(photo_ids[start : start + step].tolist())
        yield at_unit_length(records[:, -1] if build.has_global else records.mean(axis=1))


def _best_sentence(reader: LibraryReader, photo_id: int) -> str | None:
    """The indexed sentence that describes a photo best."""
    hits = reader.search_sentences(reader.photo_vectors([photo_id])[0], 1)
    return reader.sentence_texts([hits[0][0]])[0] if hits else None
