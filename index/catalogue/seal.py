"""The seal of SQLite's file: its checksum, which SQLite itself does not keep.

A transaction that changes something gives the database another number, in the same step; when the writer is done, all
is folded into the file and no other process writes, the file's checksum is written beside it with that number. So a
seal with the database's number is one of exactly these bytes, whatever was copied or killed in between; any other says
nothing. It does not ask the time of a file.
"""

import secrets
import sqlite3
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, event

from index.catalogue.sqlite_errors import explained
from index.store.checked_json import read_checked, write_checked
from index.store.checksums import SEEN, GoOn, crc32_of
from index.store.layout import DATABASE, SEAL

_REWRITTEN = "rewritten"
_REMEDY = (
    "Restore it from a backup; or run `engine verify --repair` and then `engine index --rebuild-vectors`, which makes "
    "again what can be made from the photos."
)


@dataclass(frozen=True, slots=True)
class Seal:
    """What was written. `whole` is False where the file was found damaged before it was written to again.

    No bytes: nothing but that is known, because a writer is at work or was interrupted.
    """

    number: int
    num_bytes: int
    crc32: int
    whole: bool


def break_seals(engine: Engine, path: Path) -> None:
    """Let every transaction of an engine that changes something give the database a number of this engine's own."""
    number = secrets.randbelow(2**31 - 1) + 1

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.info["changes"] = _raw(connection).total_changes

    @event.listens_for(engine, "commit")
    def commit(connection: Connection) -> None:
        raw = _raw(connection)
        is_changed = raw.total_changes != connection.info["changes"]
        if (connection.info.pop(_REWRITTEN, False) or is_changed) and _number(raw) != number:
            seal = _seal_of(path.parent, raw)
            if seal is not None and _found(path, seal) is not None:  # what is written now must not hide it
                _write(path.parent, Seal(number, 0, 0, whole=False))
            raw.execute(f"PRAGMA user_version = {number}")


def will_rewrite(connection: Connection) -> None:
    """Count this transaction as one that changes something: SQLite does not count what makes indexes or pages anew."""
    connection.info[_REWRITTEN] = True


def seal(connection: Connection, folder: Path, *, whole: bool | None = None) -> bool:
    """Write the seal, if it is not there already; return whether there is one.

    There is none while a reader keeps SQLite from folding everything into the file, or another process writes. `whole`
    says that damage that was found is mended as far as it can be. Raises as `explained`.
    """
    with explained(folder, DATABASE):
        raw = _raw(connection)
        before = _seal_of(folder, raw)
        if before is not None and before.num_bytes and whole is None:
            return True
        if before is None:  # an old seal may come back from a backup, and must not be taken for one of these bytes
            with connection.begin():
                will_rewrite(connection)
        raw.execute("PRAGMA busy_timeout = 0")
        _, in_log, folded_in = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if in_log != folded_in:
            return False
        path, number = folder / DATABASE, _number(raw)
        size = path.stat().st_size
        is_whole = (before is None or before.whole) if whole is None else whole
        made = Seal(number, size, crc32_of(path, size), is_whole)
        if _number(raw) != number:
            return False
        _write(folder, made)
        return True


def is_sealed(connection: Connection, folder: Path) -> bool:
    """Whether a seal says what the bytes of the database should be."""
    found = _seal_of(folder, _raw(connection))
    return found is not None and found.num_bytes > 0


def problem_with_catalogue(connection: Connection, folder: Path, go_on: GoOn = lambda: True) -> str | None:
    """What is wrong with the bytes of SQLite's file, compared with the seal; without one, with its structure.

    None too where it is written to meanwhile. Raises StoppedError, OSError or sqlite3.Error.
    """
    raw, path = _raw(connection), folder / DATABASE
    found = _seal_of(folder, raw)
    if found is None:
        return _structure_problem(raw, path, go_on)
    problem = _found(path, found, go_on)
    return problem if _seal_of(folder, raw) == found else None


def unseen_bytes(connection: Connection, folder: Path) -> int:
    """How many bytes that would read. Raises OSError."""
    path, found = folder / DATABASE, _seal_of(folder, _raw(connection))
    return path.stat().st_size if found is None else SEEN.unseen_bytes(path, found.num_bytes, found.crc32)


def _found(path: Path, seal: Seal, go_on: GoOn = lambda: True) -> str | None:
    if not seal.whole:
        return f"{path} was found damaged, and was written to since: answers may be wrong. {_REMEDY}"
    size = path.stat().st_size
    crc = SEEN.crc32_of(path, size, seal.crc32, go_on=go_on)
    if (size, crc) == (seal.num_bytes, seal.crc32):
        return None
    return (
        f"{path} is not what was written: it has {size} bytes with the checksum {crc:08x}, expected {seal.num_bytes} "
        f"with {seal.crc32:08x}. Answers may be wrong. {_REMEDY}"
    )


def _structure_problem(raw: sqlite3.Connection, path: Path, go_on: GoOn) -> str | None:
    raw.set_progress_handler(lambda: not go_on(), 100_000)
    try:
        raw.execute("PRAGMA cell_size_check = ON")
        lines = [line for (line,) in raw.execute("PRAGMA quick_check(3)") if line != "ok"]
    finally:
        raw.set_progress_handler(None, 0)
    return f"{path} is damaged: {'; '.join(lines)}. {_REMEDY}" if lines else None


def _seal_of(folder: Path, raw: sqlite3.Connection) -> Seal | None:
    """The seal, if it is that of the database as it is now."""
    values = read_checked(folder / SEAL)
    try:
        found = None if values is None else Seal(**values)
    except TypeError:
        return None
    return found if found is not None and found.number == _number(raw) else None


def _write(folder: Path, seal: Seal) -> None:
    for path in folder.glob(f"{SEAL}.*.tmp"):
        path.unlink(missing_ok=True)
    write_checked(folder / SEAL, asdict(seal))


def _number(raw: sqlite3.Connection) -> int:
    return int(raw.execute("PRAGMA user_version").fetchone()[0])


def _raw(connection: Connection) -> sqlite3.Connection:
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    return raw
