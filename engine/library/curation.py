"""Albums, favourites, ratings, hidden photos and saved searches of a library: what people keep beside their photos."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import index
from typing import Any, SupportsIndex

from engine.errors import CollectionError, PhotoPathError
from engine.library.roots import LARGEST_ID
from engine.library.shared_albums import hash_of, new_token
from engine.photos.location import normal_path
from index import Album as Album
from index import (
    CurationWriter,
    LibraryAddress,
    MarkChange,
    PhotoMarks,
    SharedLink,
    StoredPhoto,
    curating,
    read_album,
    read_album_photos,
    read_albums,
    read_marks,
    read_saved_search,
    read_saved_searches,
    read_shared_links,
)
from index import SavedSearch as StoredSearch
from index.curated import LONGEST_SHARED

PhotoName = int | str | os.PathLike[str]
"""A photo of a library by its number or path; the path of a folder stands for all photos in it."""


@dataclass(frozen=True, slots=True)
class Changed:
    """How many photos something was to be done with, and with how many it was done; for the others it was so."""

    photos: int
    changed: int


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """A question with a name, as the service's `/search` takes it, and when it was saved (UTC)."""

    name: str
    question: dict[str, Any]
    created_at: str


class Curation:
    """What is kept in the library in a folder. Every call reads or writes it as it is at that moment.

    Args:
        folder: that of the library.
        timeout_s: how long a write waits for another process that writes.

    Raises:
        LibraryMissingError: there is no library; of every method.
        LibraryError: it cannot be read or written, or another process writes to it; of every method.
    """

    def __init__(self, folder: LibraryAddress, *, timeout_s: float = 10.0) -> None:
        self._folder = folder
        self._timeout_s = timeout_s

    def albums(self) -> list[Album]:
        """The albums, by name."""
        return read_albums(self._folder)

    def album(self, name: str) -> Album:
        """The album of a name. Raises UnknownNameError."""
        return read_album(self._folder, name)

    def album_photos(self, name: str) -> list[StoredPhoto]:
        """The photos of an album as they were added, those whose file is missing too. Raises UnknownNameError."""
        return read_album_photos(self._folder, name)

    def create_album(self, name: str, description: str = "") -> None:
        """Make an empty album. Raises CollectionError for such a name, NameTakenError."""
        with self._writing() as writer:
            writer.create_album(name, description)

    def change_album(
        self,
        name: str,
        *,
        new_name: str | None = None,
        description: str | None = None,
        cover: PhotoName | None = None,
    ) -> None:
        """Give an album another name, description or cover; a cover becomes one of its photos.

        Raises UnknownNameError, NameTakenError, CollectionError, PhotoPathError.
        """
        with self._writing() as writer:
            cover_id = None if cover is None else self._ids(writer, [cover])[0]
            writer.change_album(name, new_name=new_name, description=description, cover_id=cover_id)

    def delete_album(self, name: str) -> None:
        """Remove an album; its photos stay in the library. Raises UnknownNameError."""
        with self._writing() as writer:
            writer.delete_album(name)

    def add_to_album(self, name: str, photos: Iterable[PhotoName] | PhotoName) -> Changed:
        """Add photos to an album, behind the others. Raises UnknownNameError, PhotoPathError."""
        with self._writing() as writer:
            ids = self._ids(writer, photos)
            return Changed(len(ids), writer.add_to_album(name, ids))

    def remove_from_album(self, name: str, photos: Iterable[PhotoName] | PhotoName) -> Changed:
        """Take photos out of an album; they stay in the library. Raises UnknownNameError, PhotoPathError."""
        with self._writing() as writer:
            ids = self._ids(writer, photos)
            return Changed(len(ids), writer.remove_from_album(name, ids))

    def share_album(self, name: str, ends_at: datetime, *, originals: bool = False) -> str:
        """Make a link that shows an album to whoever has it, until some time; returns its token.

        The token is kept nowhere: the library has its hash. Hidden photos are not shown; with ``originals`` the files
        themselves are given too, with place and camera.

        Raises:
            UnknownNameError: there is no such album.
            CollectionError: that time is over, more than ten years ahead, or has no zone.
        """
        now = datetime.now(UTC)
        if ends_at.tzinfo is None or not now < ends_at <= now + LONGEST_SHARED:
            raise CollectionError(
                f"A link cannot end at {ends_at.isoformat()}; give a time within ten years, with its zone."
            )
        token = new_token()
        with self._writing() as writer:
            writer.share_album(name, hash_of(token), ends_at.astimezone(UTC).replace(tzinfo=None), originals=originals)
        return token

    def shared_links(self) -> list[SharedLink]:
        """The links that show albums at present, by album."""
        now = datetime.now(UTC).replace(tzinfo=None)
        return [link for link in read_shared_links(self._folder) if link.ends_at > now]

    def unshare_album(self, name: str, number: int | None = None) -> int:
        """End all links to an album, or the one of a number; returns how many still worked. Raises UnknownNameError."""
        with self._writing() as writer:
            return writer.unshare_album(name, number)

    def mark(
        self,
        photos: Iterable[PhotoName] | PhotoName,
        *,
        favourite: bool | None = None,
        hidden: bool | None = None,
        rating: int | None = None,
        label: str | None = None,
        from_file: bool = False,
    ) -> Changed:
        """Say something of photos in the library, and in no file; None leaves it as it is.

        Args:
            photos: their paths or numbers, or folders.
            favourite: whether they are favourites.
            hidden: whether searches leave them out.
            rating: 0 (none) to 5; it wins over that of the file.
            label: a colour or another word; "" is none. It wins over that of the file.
            from_file: take back a rating and a label given before, so that those of the file count again.

        Raises:
            PhotoPathError: the library knows no photo there; nothing is changed.
            CollectionError: there is no such rating or label.
        """
        with self._writing() as writer:
            ids = self._ids(writer, photos)
            return Changed(len(ids), writer.mark(ids, MarkChange(favourite, hidden, rating, label, from_file)))

    def marks(self, photos: Iterable[PhotoName] | PhotoName) -> list[PhotoMarks]:
        """What is said of photos, each with the rating and the label of its file, in the order given.

        Raises PhotoPathError.
        """
        return [marks for _, marks in self._known(photos)]

    def numbers(self, photos: Iterable[PhotoName] | PhotoName) -> list[int]:
        """The numbers of photos, in the order given. Raises PhotoPathError."""
        return [number for number, _ in self._known(photos)]

    def saved_searches(self) -> list[SavedSearch]:
        """The saved searches, by name."""
        return [_read(saved) for saved in read_saved_searches(self._folder)]

    def saved_search(self, name: str) -> SavedSearch:
        """The saved search of a name. Raises UnknownNameError."""
        return _read(read_saved_search(self._folder, name))

    def save_search(self, name: str, question: Mapping[str, Any], *, replace: bool = False) -> None:
        """Keep a question, as the service's `/search` takes it, under a name: ``{"q": "a dog", "after": "2019"}``.

        Raises CollectionError where it cannot be kept, NameTakenError unless it may ``replace`` another.
        """
        try:
            text = json.dumps(dict(question), ensure_ascii=False, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise CollectionError(f"The question {question!r} cannot be kept as JSON: {error}.") from error
        with self._writing() as writer:
            writer.save_search(name, text, replace=replace)

    def delete_search(self, name: str) -> None:
        """Forget a saved search. Raises UnknownNameError."""
        with self._writing() as writer:
            writer.delete_search(name)

    def _writing(self) -> AbstractContextManager[CurationWriter]:
        return curating(self._folder, timeout_s=self._timeout_s)

    def _known(self, photos: Iterable[PhotoName] | PhotoName) -> list[tuple[int, PhotoMarks]]:
        named = [_path(photo) if (number := _number(photo)) is None else number for photo in _several(photos)]
        found = read_marks(self._folder, named)
        for photo in named:
            if photo not in found:
                raise self._unknown(str(photo))
        return [found[photo] for photo in named]

    def _ids(self, writer: CurationWriter, photos: Iterable[PhotoName] | PhotoName) -> list[int]:
        """The numbers of photos, each once, those of folders in order of their paths."""
        named = _several(photos)
        numbers = [number for photo in named if (number := _number(photo)) is not None]
        if unknown := set(numbers) - writer.known(numbers):
            raise self._unknown(str(min(unknown)))
        ids: dict[int, None] = {}
        for photo in named:
            number = _number(photo)
            own = writer.photos_at(_path(photo)) if number is None else [number]
            if not own:
                raise self._unknown(_path(photo))
            ids.update(dict.fromkeys(own))
        return list(ids)

    def _unknown(self, photo: str) -> PhotoPathError:
        return PhotoPathError(photo, f"the library in {self._folder} knows no photo there; `engine index` adds photos")


def _several(photos: Iterable[PhotoName] | PhotoName) -> Sequence[PhotoName]:
    named = [photos] if isinstance(photos, int | str | os.PathLike) else list(photos)
    if not named:
        raise CollectionError("No photo was named; give the paths or the numbers of some.")
    return named


def _number(photo: PhotoName) -> int | None:
    """The number that a photo is named by, None for a path."""
    if isinstance(photo, str | os.PathLike):
        return None
    if not isinstance(photo, SupportsIndex) or not 0 <= index(photo) <= LARGEST_ID:
        raise CollectionError(f"{photo!r} names no photo; give its path, or its number as hits have it.")
    return index(photo)


def _path(photo: PhotoName) -> str:
    assert not isinstance(photo, int)
    return normal_path(photo)


def _read(saved: StoredSearch) -> SavedSearch:
    return SavedSearch(saved.name, json.loads(saved.question), saved.created_at.isoformat())
