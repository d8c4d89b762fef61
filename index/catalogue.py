"""What a library knows about photos, read without its vectors: so it can be asked of one whose vectors are damaged."""

from dataclasses import dataclass
from pathlib import Path

from index.failures import explained
from index.photo_repository import PhotoRepository
from index.repository import BuildRepository
from index.root_repository import RootRepository
from index.session import DATABASE, open_for_reading
from index.values import KnownPhoto


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every photo by its path, those whose file has disappeared too, and the paths that were indexed by name."""

    photos: dict[str, KnownPhoto]
    roots: list[str]


def read_catalogue(folder: Path) -> Catalogue:
    """The catalogue of a library as it is now.

    Raises LibraryMissingError, LibraryDamagedError, LibraryReadOnlyError or LibraryError.
    """
    engine = open_for_reading(folder)
    with explained(folder, DATABASE), engine.connect() as connection:
        build = BuildRepository(connection).current_build()
        photos = PhotoRepository(connection).known_photos(None if build is None else build.build_id)
        return Catalogue(photos, RootRepository(connection).roots())
