"""What a library knows about photos, read without its vectors: so it can be asked of one whose vectors are damaged."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from index.catalogue.builds import BuildRepository
from index.catalogue.connection import read_once
from index.catalogue.photos import PhotoRepository
from index.catalogue.roots import RootRepository
from index.values import BuildInfo, KnownPhoto, StoredPhoto


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every photo by its path, those whose file has disappeared too, and the paths that were indexed by name."""

    photos: dict[str, KnownPhoto]
    roots: list[str]


def read_catalogue(folder: Path) -> Catalogue:
    """The catalogue of a library as it is now.

    Raises LibraryMissingError, LibraryDamagedError, LibraryReadOnlyError or LibraryError.
    """

    def ask(connection: Connection) -> Catalogue:
        build = BuildRepository(connection).current_build()
        photos = PhotoRepository(connection).known_photos(None if build is None else build.build_id)
        return Catalogue(photos, RootRepository(connection).roots())

    return read_once(folder, ask)


def read_current_build(folder: Path) -> BuildInfo | None:
    """The build that answers searches, None where nothing was indexed. Raises the same."""
    return read_once(folder, lambda connection: BuildRepository(connection).current_build())


def read_roots(folder: Path) -> list[str]:
    """The paths that were indexed by name, in order. Raises the same."""
    return read_once(folder, lambda connection: RootRepository(connection).roots())


def read_photos(folder: Path) -> list[StoredPhoto]:
    """Everything about the photos of a library whose file is there, in order of their numbers. Raises the same."""
    return read_once(folder, lambda connection: PhotoRepository(connection).present_photos())
