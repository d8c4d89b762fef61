"""The errors of the index package, and the base of every error of this project.

EngineError                      any error that a person can act on
├── CollectionError              albums, marks and saved searches: what cannot be done as asked
│   ├── UnknownNameError         there is no album or saved search of that name
│   └── NameTakenError           there is one already
└── LibraryError                 something is wrong with a library on disk
    ├── LibraryMissingError      there is no library in that folder
    ├── LibraryReadOnlyError     the library cannot be written
    ├── LibraryLockedError       another process is writing to it
    ├── LibraryChangedError      it changed while it was asked; ask again
    ├── LibraryDamagedError      a file of it is not what was written
    ├── WrongModelError          vectors of another model, or of another shape, than the library's
    └── ExchangeError            an export that cannot be written there, or is not what it should be
"""


class EngineError(Exception):
    """Any error that a person can act on; its text says what was found, what was expected and what to do."""


class CollectionError(EngineError):
    """A name, a rating, a label or a saved question that cannot be kept as it was given."""


class UnknownNameError(CollectionError):
    """There is no album or saved search of that name; the text names the nearest one."""


class NameTakenError(CollectionError):
    """There is an album or a saved search of that name already."""


class LibraryError(EngineError):
    """Something is wrong with a library on disk."""


class LibraryMissingError(LibraryError):
    """There is no library in the folder that was named."""


class LibraryReadOnlyError(LibraryError):
    """The library's folder or file system does not allow writing."""


class LibraryLockedError(LibraryError):
    """Another process is writing to the library."""


class LibraryChangedError(LibraryError):
    """The library changed while it was asked; asking again is the remedy."""


class LibraryDamagedError(LibraryError):
    """A file of the library is missing, cut short, or not what was written; the text names the file."""


class WrongModelError(LibraryError):
    """Vectors or a query do not fit the model that made the library's current build."""


class ExchangeError(LibraryError):
    """An export that cannot be written where it should, or that cannot be imported; the text names file and line."""
