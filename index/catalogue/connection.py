"""Opens the SQLite file of a library: connection settings, migration to the newest schema, read-only folders."""

import logging
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from index.catalogue.full_text import FullTextRepository
from index.catalogue.revision import REVISION
from index.catalogue.seal import break_seals, seal, will_rewrite
from index.catalogue.sqlite_errors import explained, readable, sqlite_code
from index.errors import LibraryDamagedError, LibraryError, LibraryReadOnlyError
from index.store.layout import DATABASE as DATABASE
from index.store.locked_file import Key, begin_use, end_use
from index.store.opened_file import SETTLED_S, FileState, OpenedFile, changed, missing, steadily
from index.store.plain_files import require_plain

logger = logging.getLogger(__name__)

BUSY_TIMEOUT_S = 30.0
_SPARE_SHARE = 0.05  # of the pages: below it, copying all others is not worth the while

_NO_LOG = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)  # it is not there, and cannot be made
_LOOK_AGAIN_S = 0.02
_LOG_PATIENCE_S = 0.2  # for a log that cannot be read: its writer may be about to begin or to end
_QUIET_PATIENCE_S = 10.0  # for a file that changes all the time

Access = Literal["mode=rwc", "mode=ro", "immutable=1"]
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class ReadDatabase:
    """A library's database that is open for reading, and its file as it was then."""

    engine: Engine
    file: OpenedFile

    def connect(self) -> Connection:
        """A connection; what is read from it counts if `reading` lets it pass."""
        return self.engine.connect()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """See `OpenedFile.reading`; a log that is gone when it is needed, or half written, is a change too."""
        try:
            with self.file.reading():
                yield
        except DBAPIError as error:
            if sqlite_code(error) in _NO_LOG:
                raise changed(self.file.path) from error
            raise

    def dispose(self) -> None:
        """Let go of it."""
        self.engine.dispose()


def open_for_writing(folder: Path) -> Engine:
    """The library's database, made when it is absent and brought to the newest schema.

    Raises LibraryDamagedError, LibraryReadOnlyError, LibraryLockedError or LibraryError.
    """
    path = folder / DATABASE
    logger.info("Opening %s for writing", path)
    with explained(folder, DATABASE):
        require_plain(folder)
        _upgrade(path)
        return _engine(path, "mode=rwc")


def open_for_reading(folder: Path) -> ReadDatabase:
    """The library's database for reading; an older schema is upgraded first, which needs a writable folder.

    Raises LibraryMissingError, LibraryDamagedError, LibraryReadOnlyError or LibraryError.
    """
    path = folder / DATABASE
    if not path.is_file() and not path.is_symlink():
        raise missing(path)
    logger.info("Opening %s for reading", path)
    with explained(folder, DATABASE):
        require_plain(folder)
        database, revision = _open_as_it_can_be(path)
        if revision == REVISION:
            return database
        database.dispose()
    try:
        with explained(folder, DATABASE):
            _upgrade(path)
            return _open_as_it_can_be(path)[0]
    except LibraryReadOnlyError as error:
        raise LibraryReadOnlyError(
            f"The library in {folder} has the schema {revision} of an older version, which is brought to {REVISION} "
            "when it is opened, and the folder cannot be written. Open it where you may write, or open a copy of it."
        ) from error


def read_once(folder: Path, ask: Callable[[Connection], Value]) -> Value:
    """What `ask` reads from a library's database as it is now; asked again where that changed meanwhile.

    Raises as `open_for_reading`, and LibraryChangedError where it goes on changing.
    """

    def read() -> Value:
        database = open_for_reading(folder)
        with readable(folder, DATABASE), database.reading(), database.connect() as connection:
            return ask(connection)

    return steadily(read)


def shrink(connection: Connection) -> None:
    """Fold SQLite's log into the file, and give pages that no row uses back to the disk where they are many.

    Readers may go on, and are not waited for: what they still need stays in the log.
    """
    raw = connection.connection.driver_connection  # VACUUM runs outside of any transaction
    assert isinstance(raw, sqlite3.Connection)
    (pages,), (free,) = (raw.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "freelist_count"))
    if free > _SPARE_SHARE * pages:
        with connection.begin():
            will_rewrite(connection)
        raw.execute("VACUUM")
    raw.execute("PRAGMA busy_timeout = 0")
    raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def data_version(connection: Connection) -> int:
    """A number that SQLite changes on this connection when another one commits."""
    with connection.begin():
        return int(connection.exec_driver_sql("PRAGMA data_version").scalar_one())


def wait_for_locks(connection: Connection, seconds: float) -> None:
    """Let SQLite wait so long for a lock, from now on."""
    raw = connection.connection.driver_connection
    assert raw is not None
    raw.execute(f"PRAGMA busy_timeout={round(1000 * seconds)}")


def script_location() -> Path:
    """The folder of migrations: inside the package in an installed wheel, beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "alembic"
    return inside if (inside / "env.py").is_file() else package.parent / "alembic"


class _Counted(sqlite3.Connection):
    """A connection whose file is not closed by others while it is open; see `index.store.locked_file`."""

    file: Key | None = None

    def close(self) -> None:
        """Close it."""
        super().close()
        if self.file is not None:
            end_use(self.file)
            self.file = None


def _engine(path: Path, access: Access, *, foreign_keys: bool = True) -> Engine:
    uri = f"{path.absolute().as_uri()}?{access}"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            uri, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False, factory=_Counted
        )
        connection.execute(f"PRAGMA foreign_keys={'ON' if foreign_keys else 'OFF'}")
        if access == "mode=rwc":
            connection.execute("PRAGMA journal_mode=WAL")
            # FULL, not NORMAL: files of vectors are removed after the commit that drops their rows. A power cut that
            # took that commit back would leave rows that name files which are gone.
            connection.execute("PRAGMA synchronous=FULL")
        connection.file = begin_use(path)
        return connection

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)

    # The driver only begins before a write; a reader needs its snapshot from the first SELECT, and a writer
    # its place in the queue.
    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if access == "mode=rwc" else "BEGIN")

    if access == "mode=rwc":
        break_seals(engine, path)
    return engine


def _open_as_it_can_be(path: Path) -> tuple[ReadDatabase, str | None]:
    """The database with SQLite's locks, or, where they cannot be had, at a moment without any writer."""
    began = time.monotonic()
    state, since = FileState.of(path), began
    while True:
        try:
            return _opened(path, "mode=ro", FileState.of(path))
        except DBAPIError as error:
            if sqlite_code(error) not in _NO_LOG:
                raise
            refused = error
        # In a folder that cannot be written SQLite cannot make the files of its write-ahead log. Without a log there
        # is no writer and nothing to recover, so the database file alone is the whole library.
        before, state = state, FileState.of(path)
        now = time.monotonic()
        if state != before:
            since = now
        if state.log_bytes and now - began > _LOG_PATIENCE_S:
            raise LibraryReadOnlyError(
                f"{path.name}-wal beside {path} holds changes that were not folded in, and the folder cannot be "
                "written. Open the library once where you may write, then copy it again."
            ) from refused
        if not state.log_bytes and (state.is_settled or now - since > SETTLED_S):
            return _opened(path, "immutable=1", state)
        if now - began > _QUIET_PATIENCE_S:
            raise changed(path) from refused
        time.sleep(_LOOK_AGAIN_S)


def _opened(path: Path, access: Access, state: FileState) -> tuple[ReadDatabase, str | None]:
    engine = _engine(path, access)
    file = OpenedFile(path, state, is_locked=access == "mode=ro")
    with file.reading(), engine.connect() as connection:
        return ReadDatabase(engine, file), _revision(connection)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if revision is None else str(revision)


def _upgrade(path: Path) -> None:
    # Migrations that rebuild a table drop the old one; with foreign keys on, that would delete its children.
    engine = _engine(path, "mode=rwc", foreign_keys=False)
    try:
        with engine.connect() as connection:
            with connection.begin():
                revision = _revision(connection)
                if revision != REVISION:
                    _run_migrations(connection, revision, path)
                    FullTextRepository(connection).rebuild()
            if revision not in (None, REVISION):
                _try_to_shrink(connection, path)
                with suppress(LibraryError):
                    seal(connection, path.parent)
    finally:
        engine.dispose()


def _try_to_shrink(connection: Connection, path: Path) -> None:
    """Give back what migrations freed; without the room for a second copy, `engine compact` does it later."""
    try:
        shrink(connection)
    except sqlite3.Error as error:
        logger.info("%s keeps the pages that no row uses any more: %s", path, error)


def _run_migrations(connection: Connection, revision: str | None, path: Path) -> None:
    # Imported here: a search in an up-to-date library should not wait for Alembic to load.
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    from alembic import command

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(script_location()).replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision is not None and revision not in known:
        raise LibraryDamagedError(
            f"{path} has schema {revision}, made by a newer version of this program, which knows schemas up to "
            f"{REVISION}. Upgrade the program, or use another library folder."
        )
    tables: list[Any] = inspect(connection).get_table_names()
    if revision is None and tables:
        raise LibraryDamagedError(
            f"{path} is a database of something else (tables {', '.join(map(str, tables[:3]))}). Move it away, or "
            "use another library folder."
        )
    # Some builds of SQLite write zeros over all that is freed: a table that is dropped would be written once more.
    connection.exec_driver_sql("PRAGMA secure_delete=OFF")
    logger.info("Bringing %s from schema %s to %s", path, revision or "none", REVISION)
    command.upgrade(config, "head")
