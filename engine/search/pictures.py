"""One hit a picture: of photos with the same content or the same pixels, the best stands for all."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from engine.photos.location import path_at
from engine.search.caption_ranking import RankedPhoto
from engine.search.grouping import with_alike
from index import Reader, SearchParams

SPARE = 8  # photos more than asked for: those of equal pixels are found beside each other, up to the last hit
WINDOW = 4  # photos for each group that is asked for, and times so many where these were too few
MOST_RANKED = 4096  # photos in which groups and copies are looked for

Rank = Callable[[int], list[RankedPhoto]]
"""Ranks as many photos as it is told to."""


def rank_pictures(
    reader: Reader, rank: Rank, limit: int, params: SearchParams, examples: Collection[int], *, group: bool
) -> tuple[list[RankedPhoto], dict[int, list[int]]]:
    """The ``limit`` best pictures, and the copies of ``examples``, which are left out with them.

    A photo of equal content or pixels as a better one, or with ``group`` one that is almost the same picture, is no hit
    of its own and stands with the better one, its copies behind it.
    """
    if params.copies == "all" and not group:
        return rank(limit), {}
    count = WINDOW * limit if group else limit + SPARE
    while True:
        found = rank(count)
        pictures, of_examples = (found, {}) if params.copies == "all" else _without_copies(reader, found, examples)
        found_copies = {picture.photo_id: picture.copies for picture in pictures}
        if group:
            pictures = with_alike(pictures, reader.photos([picture.photo_id for picture in pictures]))
        if len(pictures) >= limit or len(found) < count or count >= MOST_RANKED:
            break
        count = min(WINDOW * count, MOST_RANKED)
    if params.copies == "all":
        return pictures[:limit], {}
    shown = {picture.photo_id: picture for picture in pictures[:limit]}
    alike = {number: found_copies[number] for picture in shown.values() for number in picture.group}
    copies = all_copies(reader, of_examples | {number: found_copies[number] for number in shown} | alike)
    best = [
        replace(
            _with_copies(picture, copies[number]),
            group=tuple(same for other in picture.group for same in (other, *copies[other])),
        )
        for number, picture in shown.items()
    ]
    return best, {number: copies[number] for number in of_examples}


def _with_copies(photo: RankedPhoto, copies: Sequence[int]) -> RankedPhoto:
    return replace(photo, copies=tuple(copies)) if copies else photo


def _without_copies(
    reader: Reader, found: Sequence[RankedPhoto], examples: Collection[int]
) -> tuple[list[RankedPhoto], dict[int, Sequence[int]]]:
    """Ranked photos without copies of better ones and of examples, and the examples, each with those found of it."""
    by_number = {photo.photo_id: photo for photo in found}
    pictures = same_pictures(reader, [*examples, *by_number])
    of_examples = {number: pictures.pop(number) for number in examples if number in pictures}
    return [_with_copies(by_number[number], same) for number, same in pictures.items()], dict(of_examples)


def same_pictures(reader: Reader, photo_ids: Iterable[int]) -> dict[int, list[int]]:
    """The photos that show a picture that none before shows, in their order, each with those after it that do."""
    numbers = list(dict.fromkeys(photo_ids))
    first: dict[str, int] = {}
    pictures: dict[int, list[int]] = {}
    for number, hashes in zip(numbers, reader.hashes(numbers), strict=True):
        known = [value for value in hashes if value is not None]
        shown = next((first[value] for value in known if value in first), number)
        for value in known:
            first.setdefault(value, shown)
        if shown == number:
            pictures[number] = []
        else:
            pictures[shown].append(number)
    return pictures


def all_copies(reader: Reader, pictures: Mapping[int, Sequence[int]]) -> dict[int, list[int]]:
    """The copies of photos: those given, and all others of the library with the content of one of these."""
    together = [[number, *same] for number, same in pictures.items()]
    shared = iter(reader.copies([number for numbers in together for number in numbers]))
    return {
        numbers[0]: sorted({*numbers, *(other for _ in numbers for other in next(shared))} - {numbers[0]})
        for numbers in together
    }


def paths_of(reader: Reader, photo_ids: Sequence[int]) -> dict[int, Path]:
    """Where photos lie, by number."""
    return {photo.photo_id: path_at(photo.path) for photo in reader.photos(photo_ids)} if photo_ids else {}
