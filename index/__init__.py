"""The shelf: keeps photos, sentences and their vectors in a folder, and finds them again. It knows no model."""

from index.catalogue import Catalogue, read_catalogue
from index.errors import (
    EngineError,
    LibraryDamagedError,
    LibraryError,
    LibraryLockedError,
    LibraryMissingError,
    LibraryReadOnlyError,
    WrongModelError,
)
from index.reader import LibraryReader
from index.values import (
    FLAT_LIMIT,
    BuildInfo,
    BuildSpec,
    CaptionRow,
    Generated,
    KnownPhoto,
    LibraryStatus,
    Move,
    PhotoRow,
    Query,
    SearchParams,
    StoredPhoto,
)
from index.writer import LibraryWriter

__all__ = [
    "FLAT_LIMIT",
    "BuildInfo",
    "BuildSpec",
    "CaptionRow",
    "Catalogue",
    "EngineError",
    "Generated",
    "KnownPhoto",
    "LibraryDamagedError",
    "LibraryError",
    "LibraryLockedError",
    "LibraryMissingError",
    "LibraryReadOnlyError",
    "LibraryReader",
    "LibraryStatus",
    "LibraryWriter",
    "Move",
    "PhotoRow",
    "Query",
    "SearchParams",
    "StoredPhoto",
    "WrongModelError",
    "read_catalogue",
]
