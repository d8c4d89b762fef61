"""Opens the database of a library on a server: connections, migration to the newest schema, short transactions."""

import atexit
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TypeVar

from psycopg import Connection as PsycopgConnection
from psycopg import connect
from sqlalchemy import Connection, Engine, create_engine, func, inspect, literal, select, text

from index.address import ServerAddress
from index.catalogue.revision import SERVER_REVISION
from index.catalogue.server.errors import explained
from index.catalogue.server.vector_types import register_vectors
from index.errors import LibraryDamagedError, LibraryError, LibraryMissingError

logger = logging.getLogger(__name__)

VERSION_TABLE = "library_schema"
_CONNECT_S = 10
_KEPT, _MOST = 4, 16  # connections of a process
_KEY = 0x76736531  # of advisory locks: they are of one database, and of no other program that knows this number

Value = TypeVar("Value")

_current: set[ServerAddress] = set()  # whose schema was seen to be of this version


def engine_of(library: ServerAddress) -> Engine:
    """The connections of this process to a server."""
    return _engine(library, os.getpid())


@cache
def _engine(library: ServerAddress, process: int) -> Engine:
    def connected() -> object:
        logger.info("Connecting to %s", library)
        # Each statement is planned for its own values: the vectors of a question are constants of it.
        options = {"connect_timeout": _CONNECT_S, "application_name": "visual-semantic-engine"}
        return connect(library.database_url, prepare_threshold=None, **options)  # type: ignore[arg-type]

    engine = create_engine(
        "postgresql+psycopg://",
        creator=connected,
        pool_size=_KEPT,
        max_overflow=_MOST - _KEPT,
        pool_pre_ping=True,
        use_native_hstore=False,
    )

    def close() -> None:
        if os.getpid() == process:  # a process that was forked from it has the same connections
            engine.dispose()

    atexit.register(close)
    return engine


@contextmanager
def _connected(library: ServerAddress) -> Iterator[Connection]:
    """A connection that knows vectors, if the database does by now.

    A question is one process's work there: parallel workers cost a server with several users more than they save one.
    """
    with engine_of(library).connect() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, PsycopgConnection)
        if register_vectors(driver):
            driver.execute("SET jit = off")
            driver.execute("SET max_parallel_workers_per_gather = 0")
            driver.commit()
        yield connection


@contextmanager
def reading(library: ServerAddress) -> Iterator[Connection]:
    """A short transaction that sees one state and writes nothing. Raises LibraryMissingError, LibraryError."""
    with explained(library), _connected(library) as connection:
        connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with connection.begin():
            _require_schema(library, connection)
            yield connection


def read_version(connection: Connection) -> int:
    """A number that every transaction that writes makes larger."""
    return int(connection.execute(text("SELECT version FROM library_version")).scalar_one())


@contextmanager
def writing(library: ServerAddress, *, alone: bool = False, timeout_s: float = 3600.0) -> Iterator[Connection]:
    """A transaction that writes: beside those of others, or `alone`, where vectors are removed or tables changed.

    Readers see all of it or nothing, and that the library has changed.
    """
    with explained(library), _connected(library) as connection, connection.begin():
        connection.execute(select(func.set_config("lock_timeout", f"{timeout_s:g}s", literal(True))))
        lock = func.pg_advisory_xact_lock if alone else func.pg_advisory_xact_lock_shared
        connection.execute(select(lock(_KEY)))
        yield connection
        # The last lock that is taken, and the shortest held; a transaction that wrote nothing has no number.
        connection.execute(
            text("UPDATE library_version SET version = version + 1 WHERE pg_current_xact_id_if_assigned() IS NOT NULL")
        )


def prepare(library: ServerAddress) -> None:
    """Make the tables of a library where there are none, or bring them to the newest schema.

    Raises LibraryDamagedError where the database is of something else, or of a newer version.
    """
    with explained(library):
        with engine_of(library).connect() as connection:
            if _revision(connection) == SERVER_REVISION:
                _require_same_vectors(library, connection)
                return
        with engine_of(library).connect() as connection, connection.begin():
            connection.execute(select(func.pg_advisory_xact_lock(_KEY)))
            if (revision := _revision(connection)) != SERVER_REVISION:
                _upgrade(library, connection, revision)
            if revision is None:
                connection.execute(text("UPDATE library_version SET vectors_in = :it"), {"it": _vectors_in(library)})
            _require_same_vectors(library, connection)


def _require_schema(library: ServerAddress, connection: Connection) -> None:
    if library in _current:
        return
    revision = _revision(connection)
    if revision is None:
        raise LibraryMissingError(f"There is no library in {library}. Index some photos first, or name another one.")
    if revision != SERVER_REVISION:
        raise LibraryDamagedError(
            f"{library} has the schema {revision}, and this version reads {SERVER_REVISION}. Run `engine index` with "
            "the newer of both versions, which brings it up to date."
        )
    _require_same_vectors(library, connection)
    _current.add(library)


def _vectors_in(library: ServerAddress) -> str:
    return "postgresql" if library.vectors is None else "qdrant"


def _require_same_vectors(library: ServerAddress, connection: Connection) -> None:
    found = connection.execute(text("SELECT vectors_in FROM library_version")).scalar_one()
    if found == _vectors_in(library):
        return
    if found == "qdrant":
        how = "keeps its vectors in Qdrant: say where, as postgresql://…?vectors=http://host:6333"
    else:
        how = "has its vectors in PostgreSQL: name it without `vectors=`, or name an empty database"
    raise LibraryError(f"The library in {library} {how}.")


def _revision(connection: Connection) -> str | None:
    # The rows of the catalogue: `to_regclass` remembers for a while that there was no such table.
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()
    return None if found is None else str(found)


def _upgrade(library: ServerAddress, connection: Connection, revision: str | None) -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    from alembic import command
    from index.catalogue.connection import script_location

    folder = script_location()
    config = Config(attributes={"connection": connection, "version_table": VERSION_TABLE})
    for name, path in (("script_location", folder), ("version_locations", folder / "server")):
        config.set_main_option(name, str(path).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision is not None and revision not in known:
        raise LibraryDamagedError(
            f"{library} has the schema {revision} of a newer version of this program, which knows schemas up to "
            f"{SERVER_REVISION}. Upgrade the program, or name another database."
        )
    if revision is None and (tables := inspect(connection).get_table_names()):
        raise LibraryDamagedError(
            f"{library} is a database of something else (tables {', '.join(tables[:3])}). Name an empty one."
        )
    encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
    if encoding != "UTF8":  # paths and texts have letters that others lack
        raise LibraryError(
            f"The database of {library} has the encoding {encoding}; expected UTF8. Make another with "
            "`createdb --encoding=UTF8 --template=template0`."
        )
    logger.info("Bringing %s from schema %s to %s", library, revision or "none", SERVER_REVISION)
    command.upgrade(config, "head")
