"""Opens the store of a library by where it is: a folder, or a server, whose driver is imported for it alone."""

from collections.abc import Callable
from pathlib import Path

from index.address import LibraryAddress
from index.protocols import Reader, Writer
from index.reader import LibraryReader
from index.scoring.exhaustive import MakeScan
from index.writer import LibraryWriter


def open_reader(library: LibraryAddress, warn: Callable[[str], None], *, make_scan: MakeScan | None = None) -> Reader:
    """Open a library for reading; raises as `LibraryReader.open`. `make_scan` is for one in a folder."""
    if isinstance(library, Path):
        return LibraryReader.open(library, warn, make_scan=make_scan)
    if library.vectors is not None:
        from index.server.qdrant_reader import QdrantReader

        return QdrantReader(library, warn)
    from index.server.reader import ServerReader

    return ServerReader(library, warn)


def open_writer(library: LibraryAddress) -> Writer:
    """Open or make a library for writing; raises as `LibraryWriter.open`."""
    if isinstance(library, Path):
        return LibraryWriter.open(library)
    if library.vectors is not None:
        from index.server.qdrant_writer import QdrantWriter

        return QdrantWriter.open(library)
    from index.server.writer import ServerWriter

    return ServerWriter.open(library)


def require_possible(library: LibraryAddress) -> None:
    """Raise a LibraryError where no library can be written, as far as that is known before."""
    if isinstance(library, Path):
        LibraryWriter.require_possible(library)
