"""What a library knows about photos, read without its vectors: so it can be asked of one whose vectors are damaged."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from index.address import LibraryAddress
from index.catalogue.builds import BuildRepository
from index.catalogue.captions import CaptionRepository
from index.catalogue.curation import CurationRepository
from index.catalogue.filters import Coverage, coverage
from index.catalogue.names import key_of, unknown
from index.catalogue.photos import PhotoRepository
from index.catalogue.read_once import read_once
from index.catalogue.roots import RootRepository
from index.catalogue.sharing import SharingRepository
from index.curated import Album, PhotoMarks, SavedSearch, SharedLink
from index.values import BuildInfo, StoredPhoto


@dataclass(frozen=True, slots=True)
class RootCounts:
    """A path that was indexed by name, and how many of the photos at it and below are there and are missing."""

    path: str
    present: int
    missing: int


@dataclass(frozen=True, slots=True)
class SharedAlbum:
    """What a shared link shows: an album, those of its photos that others may see, with their best captions.

    `roots` are those of the library: of a photo elsewhere no file is to be opened.
    """

    album: Album
    photos: list[StoredPhoto]
    captions: dict[int, str]
    roots: list[str]
    ends_at: datetime
    originals: bool


def read_root_counts(library: LibraryAddress) -> list[RootCounts]:
    """The paths that were indexed by name, in order, with their photos.

    Raises LibraryMissingError, LibraryDamagedError, LibraryReadOnlyError or LibraryError.
    """

    def ask(connection: Connection) -> list[RootCounts]:
        photos = PhotoRepository(connection)
        return [RootCounts(path, *photos.counts_below(path)) for path in RootRepository(connection).roots()]

    return read_once(library, ask)


def read_current_build(library: LibraryAddress) -> BuildInfo | None:
    """The build that answers searches, None where nothing was indexed. Raises the same."""
    return read_once(library, lambda connection: BuildRepository(connection).current_build())


def read_roots(library: LibraryAddress) -> list[str]:
    """The paths that were indexed by name, in order. Raises the same."""
    return read_once(library, lambda connection: RootRepository(connection).roots())


def read_photos(library: LibraryAddress) -> list[StoredPhoto]:
    """Everything about the photos of a library whose file is there, in order of their numbers. Raises the same."""
    return read_once(library, lambda connection: PhotoRepository(connection).present_photos())


def read_coverage(library: LibraryAddress) -> Coverage:
    """How many of the photos of a library have a date, a place and a camera to filter by. Raises the same."""
    return read_once(library, coverage)


def read_albums(library: LibraryAddress) -> list[Album]:
    """The albums of a library, by name. Raises the same."""
    return read_once(library, lambda connection: CurationRepository(connection).albums())


def read_album(library: LibraryAddress, name: str) -> Album:
    """The album of a name. Raises the same, and UnknownNameError."""

    def ask(connection: Connection) -> Album:
        rows = CurationRepository(connection)
        (album,) = rows.albums(rows.album_id(name))
        return album

    return read_once(library, ask)


def read_album_photos(library: LibraryAddress, name: str) -> list[StoredPhoto]:
    """The photos of an album as they were added, those that are missing too. Raises the same, and UnknownNameError."""

    def ask(connection: Connection) -> list[StoredPhoto]:
        rows = CurationRepository(connection)
        ids = rows.members(rows.album_id(name))
        found = PhotoRepository(connection).photos(ids)
        return [found[number] for number in ids]

    return read_once(library, ask)


def read_marks(library: LibraryAddress, photos: Sequence[int | str]) -> dict[int | str, tuple[int, PhotoMarks]]:
    """Those of the photos, named by number or path, that are in the library: the number, and what is said of it.

    Raises the same.
    """

    def ask(connection: Connection) -> dict[int | str, tuple[int, PhotoMarks]]:
        paths = [photo for photo in photos if isinstance(photo, str)]
        numbers: dict[int | str, int] = {photo: photo for photo in photos if isinstance(photo, int)}
        numbers |= {path: found[0] for path, found in PhotoRepository(connection).ids_and_hashes(paths).items()}
        marks = CurationRepository(connection).marks(list(numbers.values()))
        return {photo: (number, marks[number]) for photo, number in numbers.items() if number in marks}

    return read_once(library, ask)


def read_saved_searches(library: LibraryAddress) -> list[SavedSearch]:
    """The saved searches of a library, by name. Raises the same."""
    return read_once(library, lambda connection: CurationRepository(connection).saved_searches())


def read_saved_search(library: LibraryAddress, name: str) -> SavedSearch:
    """The saved search of a name. Raises the same, and UnknownNameError."""
    saved = read_saved_searches(library)
    found = next((one for one in saved if key_of(one.name) == key_of(name)), None)
    if found is None:
        raise unknown("saved search", name, [one.name for one in saved])
    return found


def read_shared_links(library: LibraryAddress) -> list[SharedLink]:
    """The links that show albums of a library to others, those that have ended too. Raises the same."""
    return read_once(library, lambda connection: SharingRepository(connection).links())


def read_shared_album(library: LibraryAddress, token_hash: bytes, photo_id: int | None = None) -> SharedAlbum | None:
    """What a token shows now, or of it one photo; None where it shows nothing. Raises the same."""

    def ask(connection: Connection) -> SharedAlbum | None:
        rows = SharingRepository(connection)
        link = rows.open_link(token_hash)
        if link is None:
            return None
        ids = rows.shown(link.album_id, photo_id)
        photos = PhotoRepository(connection).photos(ids)
        captions = CaptionRepository(connection).captions(ids)
        return SharedAlbum(
            album=CurationRepository(connection).albums(link.album_id)[0],
            photos=[photos[number] for number in ids],
            captions={number: own[0].text for number, own in captions.items() if own},
            roots=RootRepository(connection).roots(),
            ends_at=link.ends_at,
            originals=link.originals,
        )

    return read_once(library, ask)
