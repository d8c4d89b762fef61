"""What can be said of a library at once: by sqlite3 alone, as SQLAlchemy takes a third of a second to import.

Where anything is unusual (no such file, an older schema, damage, a folder that cannot be written), what must be said is
left to ``connection``, which explains it; names for the shell are left out.
"""

import logging
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from index.address import LibraryAddress
from index.catalogue.revision import REVISION
from index.errors import EngineError
from index.store.layout import DATABASE, FAISS_FILES, bytes_of
from index.store.opened_file import missing
from index.store.plain_files import require_plain
from index.values import BuildInfo, LibraryStatus

if TYPE_CHECKING:
    from sqlalchemy import Connection

logger = logging.getLogger(__name__)

MOST_NAMES = 1000
_PATIENCE_S = 1.0

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Glance:
    """A library as it is now: its status, its schema, and how many photo records the vectors of its build hold.

    `seal` is the number that the catalogue carries, and its seal too where that is of the same bytes.
    """

    status: LibraryStatus
    schema: str
    num_records: int
    seal: int


def read_status(library: LibraryAddress) -> LibraryStatus:
    """Counts and sizes, for a person to look at.

    Raises LibraryMissingError, LibraryDamagedError, LibraryReadOnlyError or LibraryError.
    """
    if not isinstance(library, Path):
        from index.catalogue.server.connection import reading
        from index.catalogue.server.status import library_status

        with reading(library) as on_server:
            return library_status(on_server)
    folder = library
    if not os.path.lexists(folder / DATABASE):
        raise missing(folder / DATABASE)
    try:
        return _ask(folder, lambda raw: _status(folder, raw))
    except (sqlite3.Error, OSError, EngineError):
        from index.catalogue.connection import read_once

    def ask(connection: "Connection") -> LibraryStatus:
        raw = connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        return _status(folder, raw)

    return read_once(folder, ask)


def glance_at(folder: Path) -> Glance:
    """The same, and more of what is inside. Raises sqlite3.Error, OSError or EngineError where it is unusual."""

    def ask(raw: sqlite3.Connection) -> Glance:
        status = _status(folder, raw)
        rows = raw.execute(
            "SELECT coalesce(sum(num_rows), 0) FROM segments JOIN builds ON builds.id = build_id "
            "WHERE current AND kind = 'photos'"
        ).fetchone()[0]
        seal = raw.execute("PRAGMA user_version").fetchone()[0]
        return Glance(status, REVISION, rows // (status.num_regions + status.has_global or 1), seal)

    return _ask(folder, ask)


def cameras(folder: Path) -> list[str]:
    """The cameras of its photos. Raises as `glance_at`, and so do the following."""
    statement = "SELECT DISTINCT camera FROM photos WHERE camera IS NOT NULL AND missing_since IS NULL ORDER BY 1"
    return _ask(folder, lambda raw: _names(raw, statement))


def folders(folder: Path, beginning: str = "") -> list[str]:
    """The folders of its photos whose path begins so; missing photos count, so that the index of paths is enough."""
    statement = "SELECT path FROM photos WHERE path >= ? AND path < ?"

    def ask(raw: sqlite3.Connection) -> list[str]:
        paths = raw.execute(statement, (beginning, beginning + chr(0x10FFFF)))
        return sorted({path.rpartition("/")[0] for (path,) in paths if isinstance(path, str)})[:MOST_NAMES]

    return _ask(folder, ask)


def albums(folder: Path) -> list[str]:
    """The names of the library's albums. Raises the same."""
    return _ask(folder, lambda raw: [name for (name,) in raw.execute("SELECT name FROM albums ORDER BY key")])


def saved_searches(folder: Path) -> list[str]:
    """The names of its saved searches. Raises the same."""
    return _ask(folder, lambda raw: [name for (name,) in raw.execute("SELECT name FROM saved_searches ORDER BY key")])


def sentence_files(folder: Path) -> list[str]:
    """The files of sentences that were indexed."""
    statement = (
        "SELECT DISTINCT origin FROM texts WHERE photo_id IS NULL AND source = 'file' AND typeof(origin) = 'text' "
        "ORDER BY 1"
    )
    return _ask(folder, lambda raw: _names(raw, statement))


def _names(raw: sqlite3.Connection, statement: str) -> list[str]:
    return [name for (name,) in raw.execute(f"{statement} LIMIT {MOST_NAMES}")]


def _ask(folder: Path, ask: Callable[[sqlite3.Connection], Value]) -> Value:
    """What is read in one transaction of a database of the newest schema."""
    require_plain(folder)
    path = folder / DATABASE
    logger.info("Opening %s for reading", path)
    address = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=_PATIENCE_S, isolation_level=None)) as raw:
        raw.execute("BEGIN")
        (schema,) = raw.execute("SELECT version_num FROM alembic_version").fetchone() or (None,)
        if schema != REVISION:
            raise sqlite3.NotSupportedError(f"the schema is {schema}, of another version")
        return ask(raw)


def _status(folder: Path, raw: sqlite3.Connection) -> LibraryStatus:
    builds = [
        BuildInfo(
            build_id=number, model_name=name, fingerprint=fingerprint, num_regions=regions, dimension=dimension,
            has_global=bool(has_global), created_at=datetime.fromisoformat(created), current=bool(current),
            vectors_generation=generation,
        )
        for number, name, fingerprint, regions, dimension, has_global, created, current, generation in raw.execute(
            "SELECT id, model_name, fingerprint, num_regions, dimension, has_global, created_at, current, "
            "vectors_generation FROM builds ORDER BY id"
        )
    ]  # fmt: skip
    build = next((build for build in builds if build.current), None)
    number = None if build is None else (build.build_id,)
    photos, (sentences, generated) = 0, (0, 0)
    if number is not None:
        (photos,) = raw.execute(
            "SELECT count(*) FROM photo_records JOIN photos ON photos.id = photo_id "
            "WHERE build_id = ? AND missing_since IS NULL", number,
        ).fetchone()  # fmt: skip
        sentences, generated = raw.execute(
            "SELECT count(*), count(*) FILTER (WHERE generated) FROM sentence_records "
            "JOIN sentences ON sentences.id = sentence_id WHERE build_id = ?", number,
        ).fetchone()  # fmt: skip
    (missing,) = raw.execute("SELECT count(*) FROM photos WHERE missing_since IS NOT NULL").fetchone()
    return LibraryStatus.of(
        builds,
        photos=photos,
        missing=missing,
        sentences=sentences,
        generated_sentences=generated,
        sqlite_bytes=bytes_of(folder.glob(f"{DATABASE}*")),
        vector_bytes=bytes_of((folder / "vectors").rglob("*.f16")),
        faiss_bytes=bytes_of(folder.glob(FAISS_FILES)),
    )
