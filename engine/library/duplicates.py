"""Photos that are the same picture: the same bytes, the same pixels, or resized and encoded again.

By hashes, never by vectors: two photos of one scene have vectors as close as two copies of one photo.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.errors import PhotoError
from engine.photos.appearance import FEWEST_SET, MOST_BITS, RATIO
from engine.photos.loading import LoadedPhoto, load_photos
from engine.photos.walk import FoundPhoto
from index import LibraryAddress, StoredPhoto, read_marks, read_photos

Reason = Literal["same bytes", "same pixels", "resized or re-encoded"]

AT_ONCE = 1024


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Photos that show the same picture, the best first (most pixels, then most bytes), and in which way."""

    reason: Reason
    photos: tuple[StoredPhoto, ...]


def find_duplicates(folder: LibraryAddress) -> list[Duplicates]:
    """The groups of photos of a library that show the same picture, in order of the path of their first photo.

    A group is as alike as its least alike: a copy and a smaller version of a photo are one group, "resized or
    re-encoded".

    Raises:
        LibraryMissingError: there is no library in the folder.
        LibraryError: it cannot be read.
    """
    return duplicates_of(read_photos(folder))


def shown_duplicates(folder: LibraryAddress) -> list[Duplicates]:
    """The same of photos that are not hidden. Raises the same."""
    groups = find_duplicates(folder)
    marks = read_marks(folder, [photo.photo_id for group in groups for photo in group.photos])
    hidden = {number for number, said in marks.values() if said.hidden}
    shown = [[photo for photo in group.photos if photo.photo_id not in hidden] for group in groups]
    return [Duplicates(_reason(photos), tuple(photos)) for photos in shown if len(photos) > 1]


def duplicates_of(photos: Sequence[StoredPhoto]) -> list[Duplicates]:
    """The same for photos in memory."""
    # Imported here: `copies_of` need not wait half a second for it.
    from scipy.cluster.hierarchy import DisjointSet  # type: ignore[import-untyped]

    joined = DisjointSet(range(len(photos)))
    for key in ("content_hash", "pixel_hash"):
        first: dict[str, int] = {}
        for row, photo in enumerate(photos):
            value = getattr(photo, key)
            if value is not None:
                joined.merge(first.setdefault(value, row), row)
    for one, other in _alike(photos):
        joined.merge(one, other)
    groups = [sorted((photos[row] for row in rows), key=_quality) for rows in joined.subsets() if len(rows) > 1]
    return sorted(
        (Duplicates(_reason(group), tuple(group)) for group in groups), key=lambda group: group.photos[0].path
    )


def copies_of(image: Path, photos: Sequence[StoredPhoto], target: int) -> list[tuple[Reason, StoredPhoto]]:
    """Which photos show the same picture as a file, each with the way, in order of path.

    ``target`` is the size in pixels that the library's photos were decoded for, ``image_size`` of its model.

    Raises:
        PhotoError: the file cannot be read.
    """
    (loaded,) = load_photos([FoundPhoto.at(str(image))], target, workers=1)
    if not isinstance(loaded, LoadedPhoto):
        raise PhotoError(str(image), getattr(loaded, "reason", "it cannot be read"))
    perceptual_bits, ratio = int(loaded.perceptual_hash, 16), loaded.width / loaded.height
    copies: list[tuple[Reason, StoredPhoto]] = []
    for photo in photos:
        if photo.content_hash == loaded.content_hash:
            copies.append(("same bytes", photo))
        elif photo.pixel_hash == loaded.pixel_hash:
            copies.append(("same pixels", photo))
        elif (
            photo.perceptual_hash is not None
            and perceptual_bits.bit_count() >= FEWEST_SET
            and (int(photo.perceptual_hash, 16) ^ perceptual_bits).bit_count() <= MOST_BITS
            and abs(photo.width / photo.height / ratio - 1) <= RATIO
        ):
            copies.append(("resized or re-encoded", photo))
    return sorted(copies, key=lambda item: item[1].path)


def _quality(photo: StoredPhoto) -> tuple[int, int, str]:
    return -photo.width * photo.height, -photo.size, photo.path


def _reason(group: Sequence[StoredPhoto]) -> Reason:
    if len({photo.content_hash for photo in group}) == 1:
        return "same bytes"
    if len({photo.pixel_hash for photo in group}) == 1 and group[0].pixel_hash is not None:
        return "same pixels"
    return "resized or re-encoded"


def _alike(photos: Sequence[StoredPhoto]) -> Iterator[tuple[int, int]]:
    """Pairs of rows whose perceptual hashes and aspect ratios are almost the same."""
    rows = np.array([row for row, photo in enumerate(photos) if photo.perceptual_hash is not None], np.int64)
    hashes = np.array([int(photos[row].perceptual_hash or "0", 16) for row in rows], np.uint64)
    clear = np.bitwise_count(hashes) >= FEWEST_SET
    rows, hashes = rows[clear], hashes[clear]
    ratios = np.array([photos[row].width / photos[row].height for row in rows])
    for start in range(0, len(rows), AT_ONCE):
        block: NDArray[np.uint64] = hashes[start : start + AT_ONCE, None] ^ hashes[None, start:]
        ones, others = np.nonzero(np.bitwise_count(block) <= MOST_BITS)
        ones, others = ones[ones < others] + start, others[ones < others] + start
        same_shape = np.abs(ratios[ones] / ratios[others] - 1) <= RATIO
        yield from zip(rows[ones[same_shape]].tolist(), rows[others[same_shape]].tolist(), strict=True)
