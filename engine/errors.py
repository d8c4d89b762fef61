"""Every error of this project that a person can act on, in one tree.

::

    EngineError                      the base: catch this one to catch them all
    ├── PhotoError(path, reason)     a photo that cannot be read
    │   └── PhotoPathError           a path that was asked for does not exist or cannot be used
    ├── PhotosGoneError              photos of a library disappeared, more than may be hidden without being told to
    ├── QueryError                   a question that cannot be answered as asked
    ├── ModelError                   a model that cannot be loaded, or does not fit what it is used with
    ├── CollectionError              albums, marks, saved searches: what cannot be done as asked; from the index
    │   ├── UnknownNameError         there is no album or saved search of that name
    │   └── NameTakenError           there is one already
    ├── DatasetError                 a captioned data set that is missing, incomplete or malformed
    └── LibraryError                 something is wrong with a library on disk; these come from the index
        ├── LibraryMissingError      there is no library in that folder
        ├── LibraryReadOnlyError     the library cannot be written
        ├── LibraryLockedError       another process is writing to it
        ├── LibraryChangedError      it changed while it was asked; ask again
        ├── LibraryDamagedError      a file of it is not what was written
        ├── WrongModelError          vectors of another model, or of another shape, than the library's
        └── ExchangeError            an export that cannot be written there, or is not what it should be

The base lives in ``index.errors``, because the index never imports the engine.
"""

from index.errors import (
    CollectionError,
    EngineError,
    ExchangeError,
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

__all__ = [
    "CollectionError",
    "DatasetError",
    "EngineError",
    "ExchangeError",
    "LibraryChangedError",
    "LibraryDamagedError",
    "LibraryError",
    "LibraryLockedError",
    "LibraryMissingError",
    "LibraryReadOnlyError",
    "ModelError",
    "NameTakenError",
    "PhotoError",
    "PhotoPathError",
    "PhotosGoneError",
    "QueryError",
    "UnknownNameError",
    "WrongModelError",
]


class PhotoError(EngineError):
    """A photo that cannot be read: ``path`` names it and ``reason`` says why, in one line."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason

    def __reduce__(self) -> tuple[type["PhotoError"], tuple[str, str]]:
        return type(self), (self.path, self.reason)


class PhotoPathError(PhotoError):
    """A path that was asked for by name and does not exist or cannot be used."""


class PhotosGoneError(EngineError):
    """Photos of a library are not where they were, and so many that a disk is more likely missing than they are."""


class QueryError(EngineError):
    """A question that cannot be answered as it was asked."""


class ModelError(EngineError):
    """A model that cannot be loaded, or does not fit the library or the data it is used with."""


class DatasetError(EngineError):
    """A captioned data set that is missing, incomplete or malformed."""
