"""Keeps photos, sentences and their vectors in a folder, and finds them again. It knows no model."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from index.address import LibraryAddress, ServerAddress, address_of, require_folder
    from index.catalogue.allowed import Allowed, WrittenPhrase
    from index.catalogue.at_a_glance import read_status
    from index.catalogue.filters import Coverage, PhotoFilter
    from index.catalogue.reading import (
        RootCounts,
        SharedAlbum,
        read_album,
        read_album_photos,
        read_albums,
        read_coverage,
        read_current_build,
        read_marks,
        read_photos,
        read_root_counts,
        read_roots,
        read_saved_search,
        read_saved_searches,
        read_shared_album,
        read_shared_links,
    )
    from index.choices import Copies, DatePrecision, Generated, Hidden
    from index.curated import Album, MarkChange, PhotoMarks, SavedSearch, SharedLink
    from index.curation_writer import CurationWriter, curating
    from index.errors import (
        CollectionError,
        EngineError,
        LibraryChangedError,
        LibraryDamagedError,
        LibraryError,
        LibraryLockedError,
        LibraryMissingError,
        LibraryReadOnlyError,
        NameTakenError,
        UnknownNameError,
        WrongModelError,
    )
    from index.maintenance.compact import CompactionReport, compact_library
    from index.maintenance.problems import Problem
    from index.maintenance.verify import verify_library
    from index.maintenance.verify_vectors import verify_vectors
    from index.opening import open_reader, open_writer, require_possible
    from index.protocols import Reader, Writer
    from index.reader import LibraryReader
    from index.scoring.exhaustive import Scan
    from index.values import (
        FLAT_LIMIT,
        BuildInfo,
        BuildSpec,
        CaptionRow,
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
    "Album",
    "Allowed",
    "BuildInfo",
    "BuildSpec",
    "CaptionRow",
    "CollectionError",
    "CompactionReport",
    "Copies",
    "Coverage",
    "CurationWriter",
    "DatePrecision",
    "EngineError",
    "Generated",
    "Hidden",
    "KnownPhoto",
    "LibraryAddress",
    "LibraryChangedError",
    "LibraryDamagedError",
    "LibraryError",
    "LibraryLockedError",
    "LibraryMissingError",
    "LibraryReadOnlyError",
    "LibraryReader",
    "LibraryStatus",
    "LibraryWriter",
    "MarkChange",
    "Move",
    "NameTakenError",
    "PhotoFilter",
    "PhotoMarks",
    "PhotoMetadata",
    "PhotoRow",
    "PhotoText",
    "Problem",
    "Query",
    "Reader",
    "RootCounts",
    "SavedSearch",
    "Scan",
    "SearchParams",
    "ServerAddress",
    "SharedAlbum",
    "SharedLink",
    "StoredPhoto",
    "UnknownNameError",
    "Writer",
    "WrittenPhrase",
    "WrongModelError",
    "address_of",
    "compact_library",
    "curating",
    "open_reader",
    "open_writer",
    "read_album",
    "read_album_photos",
    "read_albums",
    "read_coverage",
    "read_current_build",
    "read_marks",
    "read_photos",
    "read_root_counts",
    "read_roots",
    "read_saved_search",
    "read_saved_searches",
    "read_shared_album",
    "read_shared_links",
    "read_status",
    "require_folder",
    "require_possible",
    "verify_library",
    "verify_vectors",
]

_MODULES = {
    "index.address": (
        "LibraryAddress",
        "ServerAddress",
        "address_of",
        "require_folder",
    ),
    "index.catalogue.allowed": (
        "Allowed",
        "WrittenPhrase",
    ),
    "index.opening": (
        "open_reader",
        "open_writer",
        "require_possible",
    ),
    "index.protocols": (
        "Reader",
        "Writer",
    ),
    "index.catalogue.at_a_glance": ("read_status",),
    "index.catalogue.filters": ("Coverage", "PhotoFilter"),
    "index.catalogue.reading": (
        "RootCounts",
        "SharedAlbum",
        "read_album",
        "read_album_photos",
        "read_albums",
        "read_coverage",
        "read_current_build",
        "read_marks",
        "read_photos",
        "read_root_counts",
        "read_roots",
        "read_saved_search",
        "read_saved_searches",
        "read_shared_album",
        "read_shared_links",
    ),
    "index.choices": ("Copies", "DatePrecision", "Generated", "Hidden"),
    "index.curated": ("Album", "MarkChange", "PhotoMarks", "SavedSearch", "SharedLink"),
    "index.curation_writer": ("CurationWriter", "curating"),
    "index.errors": (
        "CollectionError",
        "EngineError",
        "LibraryChangedError",
        "LibraryDamagedError",
        "LibraryError",
        "LibraryLockedError",
        "LibraryMissingError",
        "LibraryReadOnlyError",
        "NameTakenError",
        "UnknownNameError",
        "WrongModelError",
    ),
    "index.maintenance.compact": ("CompactionReport", "compact_library"),
    "index.maintenance.problems": ("Problem",),
    "index.maintenance.verify": ("verify_library",),
    "index.maintenance.verify_vectors": ("verify_vectors",),
    "index.reader": ("LibraryReader",),
    "index.scoring.exhaustive": ("Scan",),
    "index.values": (
        "FLAT_LIMIT",
        "BuildInfo",
        "BuildSpec",
        "CaptionRow",
        "KnownPhoto",
        "LibraryStatus",
        "Move",
        "PhotoMetadata",
        "PhotoRow",
        "PhotoText",
        "Query",
        "SearchParams",
        "StoredPhoto",
    ),
    "index.writer": ("LibraryWriter",),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    # SQLAlchemy and what reads and writes a library take a third of a second to import: help does without.
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULE_OF[name]), name)
