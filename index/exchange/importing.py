"""Makes a library, in a folder or on a server, of an export with vectors; nothing that the export names is opened."""

import secrets
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from index.address import LibraryAddress
from index.candidates.freshness import bring_up_to_date
from index.catalogue.builds import BuildRepository
from index.catalogue.connection import DATABASE, open_for_writing
from index.catalogue.sqlite_errors import explained
from index.errors import ExchangeError
from index.exchange.reading import ExportReader
from index.exchange.saving import save_export
from index.store.atomic import sync_folder
from index.store.lock import LOCK
from index.store.plain_files import own_files
from index.transactions import Transactions
from index.values import FLAT_LIMIT


@dataclass(frozen=True, slots=True)
class ImportReport:
    """How many photos and sentences a library was made of, and the model that made the vectors."""

    photos: int
    sentences: int
    model_name: str


def import_library(source: Path, library: LibraryAddress, *, flat_limit: int = FLAT_LIMIT) -> ImportReport:
    """Make a library from what `export_library` wrote with its vectors.

    It is made in a folder that is new or empty, or in a database without photos and sentences, and appears when
    everything was read and found right, or not at all. The folders that were indexed are not part of an export: name
    them to `engine index` to bring the library up to date. `flat_limit` is for one in a folder. Raises ExchangeError
    that names file and line, or LibraryError when the library cannot be written.
    """
    export = ExportReader(source)
    if isinstance(library, Path):
        _into_folder(export, library.resolve(), flat_limit)  # it may be a link to an empty folder, or "."
    else:
        from index.exchange.to_server import import_into_server

        import_into_server(export, library)
    return ImportReport(export.whole.photos, export.whole.sentences, export.spec.model_name)


def _into_folder(export: ExportReader, folder: Path, flat_limit: int) -> None:
    with explained(folder, DATABASE):
        unfinished = _begun(folder)
        try:
            with FileLock(unfinished / LOCK):  # says to others that somebody is at work here
                _save_in(export, unfinished, flat_limit)
            _put_in_place(unfinished, folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)


def _save_in(export: ExportReader, folder: Path, flat_limit: int) -> None:
    work = Transactions(folder, open_for_writing(folder).connect(), None)
    try:
        with work.transaction() as connection:
            builds = BuildRepository(connection)
            builds.let_answer(builds.add_build(export.spec))
            build = builds.current_build()
        assert build is not None
        work.open_build(build)
        save_export(export, work)
        bring_up_to_date(folder, build, work.stores, work.sentences, flat_limit=flat_limit)
    finally:
        work.close()


def _begun(folder: Path) -> Path:
    """A folder to import into, beside a folder that is not there yet or in one that is empty.

    What imports left there that were killed is removed.
    """
    there = folder.is_dir()
    place, prefix = (folder, ".importing.") if there else (folder.parent, f".{folder.name}.importing.")
    place.mkdir(parents=True, exist_ok=True)
    for path in place.glob(f"{prefix}*"):
        with suppress(OSError, Timeout), FileLock(path / LOCK, timeout=0):
            if there and not (folder / DATABASE).exists():  # killed as it moved its files
                for moved in set(own_files(folder)) - {path}:
                    shutil.rmtree(moved) if moved.is_dir() else moved.unlink()
            shutil.rmtree(path)
    if there and any(folder.iterdir()):
        raise ExchangeError(f"{folder} is not empty; import into a folder that does not exist yet (--library).")
    unfinished = place / f"{prefix}{secrets.token_hex(4)}"
    unfinished.mkdir()
    return unfinished


def _put_in_place(unfinished: Path, folder: Path) -> None:
    """Let a library appear: its catalogue last, without which the rest is nothing."""
    if unfinished.parent == folder:
        for path in sorted(unfinished.iterdir(), key=lambda path: path.name == DATABASE):
            path.rename(folder / path.name)
        sync_folder(folder)
    else:
        unfinished.rename(folder)
        sync_folder(folder.parent)
