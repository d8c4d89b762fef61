"""Turns what SQLite and the operating system say about a library into errors that a person can act on."""

import errno
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy.exc import DBAPIError, IntegrityError

from index.errors import LibraryDamagedError, LibraryError, LibraryLockedError, LibraryReadOnlyError
from index.store.lock import require_locks

_FULL = (errno.ENOSPC, errno.EDQUOT)
_READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)
NOT_UNDERSTOOD = (ValueError, TypeError, LookupError, AttributeError, struct.error)
"""What Python raises for a value that is not what it should be."""


@contextmanager
def explained(folder: Path, database: str) -> Iterator[None]:
    """Raise a LibraryError in place of a database or disk error met inside the block.

    Raises LibraryReadOnlyError, LibraryDamagedError, LibraryLockedError or LibraryError; a broken constraint is a
    programming error and passes through.
    """
    try:
        yield
    except IntegrityError:
        raise
    except DBAPIError as error:
        raise _from_sqlite(error.orig or error, folder, database) from error
    except sqlite3.Error as error:
        raise _from_sqlite(error, folder, database) from error
    except UnicodeDecodeError as error:  # SQLite's message quotes what it cannot read
        raise _from_sqlite(error, folder, database) from error
    except OSError as error:
        raise _from_system(error, folder) from error


@contextmanager
def readable(folder: Path, database: str) -> Iterator[None]:
    """As `explained`, around what only reads: a value that cannot be understood was not written so.

    Raises LibraryDamagedError for it that names the database.
    """
    try:
        with explained(folder, database):
            yield
    except NOT_UNDERSTOOD as error:
        raise LibraryDamagedError(
            f"{folder / database} holds a value that cannot be right ({type(error).__name__}: {error}). Run `engine "
            "verify`, restore the file from a backup, or move the folder away and index the photos again."
        ) from error


def sqlite_code(error: BaseException) -> int:
    """The primary SQLite result code of an error, 0 when it has none."""
    original = error.orig if isinstance(error, DBAPIError) else error
    return int(getattr(original, "sqlite_errorcode", 0) or 0) & 0xFF


def _from_sqlite(error: BaseException, folder: Path, database: str) -> LibraryError:
    code = sqlite_code(error)
    path = folder / database
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or _is_not_text(error):
        return LibraryDamagedError(
            f"{path} is not a readable SQLite database ({error}). Restore it from a backup, or move the folder "
            "away and index the photos again."
        )
    if code == sqlite3.SQLITE_READONLY:
        return _read_only(folder, str(error))
    if code == sqlite3.SQLITE_FULL:
        return _full(folder)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        with suppress(OSError):  # where it cannot be asked, another process is what is likely
            try:
                require_locks(folder)
            except LibraryError as refused:
                return refused
        return LibraryLockedError(f"{path} is being written by another process ({error}). Try again when it is done.")
    return LibraryError(f"{path} could not be used: {error}. Check that the file can be read and the disk is healthy.")


def _is_not_text(error: BaseException) -> bool:
    return isinstance(error, UnicodeDecodeError) or "not decode to UTF-8" in str(error)


def _from_system(error: OSError, folder: Path) -> LibraryError:
    if error.errno in _FULL:
        return _full(folder)
    if error.errno in _READ_ONLY:
        return _read_only(folder, str(error))
    return LibraryError(f"The library in {folder} could not be used: {error}.")


def _full(folder: Path) -> LibraryError:
    return LibraryError(
        f"The disk that holds {folder} is full. What was written before is safe; make room and run the command again."
    )


def _read_only(folder: Path, found: str) -> LibraryReadOnlyError:
    return LibraryReadOnlyError(
        f"The library in {folder} cannot be written ({found}). Check the folder's permissions, or copy it to a "
        "place where you may write."
    )
