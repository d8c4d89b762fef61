"""Turns what a PostgreSQL server says about a library into errors that a person can act on."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import Error, OperationalError, errors
from sqlalchemy.exc import DBAPIError

from index.address import ServerAddress
from index.errors import (
    LibraryChangedError,
    LibraryError,
    LibraryLockedError,
    LibraryMissingError,
    LibraryReadOnlyError,
)

IN_EACH_OTHERS_WAY = (errors.DeadlockDetected, errors.SerializationFailure, errors.ForeignKeyViolation)
"""What a transaction meets that another writer was in the way of; it can be begun again."""


@contextmanager
def explained(library: ServerAddress) -> Iterator[None]:
    """Raise a LibraryError in the place of what the server or its driver raises inside the block."""
    try:
        yield
    except DBAPIError as error:
        raise _explanation(error.orig or error, library) from error
    except Error as error:
        raise _explanation(error, library) from error


def _explanation(error: BaseException, library: ServerAddress) -> LibraryError:
    said = " ".join(str(getattr(getattr(error, "diag", None), "message_primary", None) or error).split())
    if isinstance(error, errors.InsufficientPrivilege) and "extension" in said:
        return LibraryReadOnlyError(
            f"The database of {library} has no pgvector, and this role may not add it ({said}). Let a superuser run "
            "`CREATE EXTENSION vector` in it."
        )
    if isinstance(error, errors.InsufficientPrivilege | errors.ReadOnlySqlTransaction):
        return LibraryReadOnlyError(
            f"The role may not do this in {library} ({said}). Use one that may; docs/scale.md says what each needs."
        )
    if isinstance(error, errors.FeatureNotSupported | errors.UndefinedFile | errors.UndefinedObject):
        return LibraryError(
            f"The server of {library} lacks something ({said}). It needs PostgreSQL 14 with pgvector 0.8, or newer."
        )
    if isinstance(error, errors.LockNotAvailable):
        return LibraryLockedError(f"{library} is being written by others ({said}). Try again when they are done.")
    if isinstance(error, errors.UndefinedTable):
        return LibraryChangedError(f"{library} was changed while it was asked ({said}). Ask it again.")
    if isinstance(error, errors.DiskFull):
        return LibraryError(f"The disk of the server of {library} is full. What was written before is safe.")
    if isinstance(error, IN_EACH_OTHERS_WAY):
        return LibraryChangedError(f"Others were writing the same to {library} ({said}). Run it again.")
    if isinstance(error, OperationalError):
        return _unconnected(said.rstrip("."), library)
    return LibraryError(f"{library} could not be used: {said}.")


def _unconnected(said: str, library: ServerAddress) -> LibraryError:
    """Before there is a session a server's words have no code; those of other languages get the last advice."""
    if re.search(r'database "[^"]*" does not exist', said):
        return LibraryMissingError(
            f"There is no database for {library} ({said}). Name another one, or make it with `createdb`, and run "
            "`CREATE EXTENSION vector` in it as a superuser."
        )
    if re.search(r"authentication failed|no password supplied|role .* does not exist|no pg_hba\.conf entry", said):
        return LibraryError(
            f"The server of {library} does not let this role in: {said}. Check the user and the password, which stands "
            "best in ~/.pgpass, and what the server's pg_hba.conf allows."
        )
    said += "" if said.endswith("?") else "."
    return LibraryError(
        f"The server of {library} does not answer: {said} Check its address and that it runs, and run the command "
        "again; what was acknowledged is kept."
    )
