"""Keeps photos, sentences and their vectors in a folder, and finds them again. It knows no model."""

from index.catalogue.filters import Coverage, PhotoFilter
from index.catalogue.reading import Catalogue, read_catalogue, read_current_build, read_photos, read_roots, read_status
from index.errors import (
    EngineError,
    LibraryChangedError,
    LibraryDamagedError,
    LibraryError,
    LibraryLockedError,
    LibraryMissingError,
    LibraryReadOnlyError,
    WrongModelError,
)
from index.maintenance.compact import CompactionReport, compact_library
from index.maintenance.problems import Problem
from index.maintenance.verify import verify_library
from index.reader import LibraryReader
from index.scoring.exhaustive import Scan
from index.values import (
    FLAT_LIMIT,
    BuildInfo,
    BuildSpec,
    CaptionRow,
    Copies,
    DatePrecision,
    Generated,
    KnownPhoto,
    LibraryStatus,
    Move,
    PhotoMetadata,
    PhotoRow,
    PhotoText,
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
    "CompactionReport",
    "Copies",
    "Coverage",
    "DatePrecision",
    "EngineError",
    "Generated",
    "KnownPhoto",
    "LibraryChangedError",
    "LibraryDamagedError",
    "LibraryError",
    "LibraryLockedError",
    "LibraryMissingError",
    "LibraryReadOnlyError",
    "LibraryReader",
    "LibraryStatus",
    "LibraryWriter",
    "Move",
    "PhotoFilter",
    "PhotoMetadata",
    "PhotoRow",
    "PhotoText",
    "Problem",
    "Query",
    "Scan",
    "SearchParams",
    "StoredPhoto",
    "WrongModelError",
    "compact_library",
    "read_catalogue",
    "read_current_build",
    "read_photos",
    "read_roots",
    "read_status",
    "verify_library",
]
