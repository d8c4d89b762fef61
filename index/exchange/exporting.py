"""Exports a library, in a folder or on a server, to open formats."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path

import numpy as np

from index.address import LibraryAddress
from index.catalogue.connection import DATABASE, open_for_reading
from index.catalogue.filters import PhotoFilter
from index.catalogue.sqlite_errors import explained
from index.errors import ExchangeError
from index.exchange.format import ALBUMS, LIBRARY, PHOTO_VECTORS, PHOTOS, SEARCHES, SENTENCE_VECTORS, SENTENCES
from index.exchange.lines_writer import ExportReport, LinesWriter, Rows, Source
from index.snapshot import Snapshot, open_snapshot


def export_library(
    library: LibraryAddress, destination: Path, *, vectors: bool = False, where: PhotoFilter | None = None
) -> ExportReport:
    """Write all photos, those that are missing too, and all sentences, as the current build sees them.

    With `where` the photos that pass alone, the sentences about them, and the albums that have any of them; no saved
    search. The library is read as it is at one moment, a portion at a time. A photo's line has its metadata, its
    regions and its captions; the same library always gives the same bytes, in a folder and on a server.

    Raises ExchangeError when `destination` is not an empty or a new folder, or cannot be written, or no photo passes;
    UnknownNameError for an album; LibraryMissingError, LibraryDamagedError, LibraryChangedError or LibraryError.
    """
    with ExitStack() as unfinished:
        with _opened(library) as source, _failing(destination):
            if vectors and source.build is None:
                raise ExchangeError(f"The library in {library} holds no vectors yet; export it without --vectors.")
            is_new = not destination.exists()
            destination.mkdir(parents=True, exist_ok=True)
            if any(destination.iterdir()):
                raise ExchangeError(f"{destination} is not empty; name a folder that does not exist yet.")
            unfinished.callback(_remove_unfinished, destination, is_new)
            export = LinesWriter(source, destination, vectors=vectors, where=where)
            export.write_rows()
        with _failing(destination):
            return export.finish()


def _opened(library: LibraryAddress) -> AbstractContextManager[Source]:
    if isinstance(library, Path):
        return _in_folder(library)
    from index.exchange.from_server import on_server

    return on_server(library)


@contextmanager
def _in_folder(folder: Path) -> Iterator[Source]:
    database = open_for_reading(folder)
    with explained(folder, DATABASE), database.connect() as connection:
        with database.reading():
            snapshot = open_snapshot(connection, folder)
        try:
            with database.reading():
                if snapshot is None:
                    yield Source(connection, None, None)
                else:
                    yield Source(connection, snapshot.build, _StoredVectors(snapshot))
        finally:
            if snapshot is not None:
                snapshot.photos.close()
                snapshot.sentences.close()


class _StoredVectors:
    """The vectors of a library in a folder."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def photos(self, photo_ids: Sequence[int], records: Sequence[int]) -> Rows:
        return self._snapshot.photos.records(np.array(records, np.int64), self._snapshot.build.rows_per_photo)

    def sentences(self, sentence_ids: Sequence[int], starts: Sequence[int], num_words: Sequence[int]) -> Rows:
        lengths = np.array(num_words, np.int64) + self._snapshot.build.has_global
        return self._snapshot.sentences.runs(np.array(starts, np.int64), lengths)


@contextmanager
def _failing(destination: Path) -> Iterator[None]:
    """Raise ExchangeError where a file cannot be written."""
    try:
        yield
    except OSError as error:
        raise ExchangeError(f"The export to {destination} failed: {error.strerror or error}.") from error


def _remove_unfinished(destination: Path, is_new: bool) -> None:
    """Remove what was written before something failed: without library.json it is no export."""
    if not (destination / LIBRARY).exists():
        for name in (PHOTOS, SENTENCES, ALBUMS, SEARCHES, PHOTO_VECTORS, SENTENCE_VECTORS):
            (destination / name).unlink(missing_ok=True)
        if is_new:
            with suppress(OSError):  # somebody else put something there meanwhile
                destination.rmdir()
