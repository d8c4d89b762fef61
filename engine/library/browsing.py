"""The photos of a library in groups, to look through without a question: folders, months, places and themes."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from math import floor
from pathlib import Path
from statistics import fmean
from typing import get_args

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans, vq  # type: ignore[import-untyped]

from engine.language.function_words import FUNCTION_WORDS, content_words
from engine.language.tokens import tokenize
from index import DatePrecision, LibraryReader, StoredPhoto
from index.scoring.maxsim import at_unit_length, records_per_block

CELL_DEGREES = 0.1
"""Side of the cells that places are made of; 11 km from south to north."""

MOST_SAMPLED = 20_000  # photos that themes are learned from; the others are put to the nearest
STARTS = 10  # of k-means, the best of which is taken

SPOKEN = 12  # photos of a theme, the most central ones, that name it
SAID = ("description", "keyword", "city", "country")
LEAST_SHARE = 1 / 3
NAME_WORDS = 3


@dataclass(frozen=True, slots=True)
class Group:
    """Photos by their numbers, and what they have in common: a folder, a month ("2024-05"), a year alone, or words.

    ``name`` is None for photos without a date, and for themes whose photos share no word.
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

    Photos of which only the year is known are a group behind the months of that year, those of which only the month is
    known stand behind the others of it, and those without a date are the last group, in the order given.
    """
    precisions = get_args(DatePrecision)

    def latest(photo: StoredPhoto) -> tuple[bool, datetime, int]:
        return photo.taken_at is not None, photo.taken_at or datetime.min, precisions.index(photo.taken_precision)

    ordered = sorted(photos, key=latest, reverse=True)
    return _grouped((photo.taken and photo.taken[:7], photo.photo_id) for photo in ordered)


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

    The photos of each are in order of their distance from its centre, the most central first. Words that many of these
    share, and photos of other themes do not, name the theme, see ``theme_names``. The same seed gives the same themes.

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
    names = theme_names([_words_about(reader, cluster[:SPOKEN].tolist()) for cluster in clusters])
    return [Group(name, tuple(cluster.tolist())) for name, cluster in zip(names, clusters, strict=True)]


def theme_names(themes: Sequence[Sequence[Set[str]]]) -> list[str | None]:
    """Names for themes, of each of which the words about some photos are given.

    At most ``NAME_WORDS`` that a third of its photos share, and two where there are; those first that photos of other
    themes share least. None where there are none.

    >>> theme_names([[{"a", "dog"}, {"a", "dog", "snow"}, {"a", "snow"}], [{"a", "cup"}, {"a", "cup"}], [set()]])
    ['dog, snow', 'cup', None]
    """
    shares: list[dict[str, float]] = []
    for photos in themes:
        counts = Counter(word for words in photos for word in words)
        shares.append({word: count / len(photos) for word, count in counts.items() if count >= min(2, len(photos))})
    names: list[str | None] = []
    for at, share in enumerate(shares):
        others = [*shares[:at], *shares[at + 1 :]]
        elsewhere = {word: max((other.get(word, 0.0) for other in others), default=0.0) for word in share}
        own = {word: value - elsewhere[word] for word, value in share.items()}
        words = [word for word, value in share.items() if value >= LEAST_SHARE and own[word] > 0]
        names.append(", ".join(sorted(words, key=lambda word: (-own[word], word))[:NAME_WORDS]) or None)
    return names


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


def _words_about(reader: LibraryReader, photo_ids: Sequence[int]) -> list[set[str]]:
    """The words about photos: of what is written about each, and of the indexed sentence that describes it best."""
    records = reader.photo_vectors(photo_ids)
    found = []
    for record, texts in zip(records, reader.texts(photo_ids), strict=True):
        said = [text.text for text in texts if text.field in SAID]
        if hits := reader.search_sentences(record, 1):
            said.append(reader.sentence_texts([hits[0][0]])[0])
        words = {word for text in said for word in content_words(tokenize(text).words)}
        found.append({word for word in words if word.isalpha() and word not in FUNCTION_WORDS})
    return found
