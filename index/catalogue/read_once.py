"""One look at the catalogue of a library, in a folder or on a server."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection

from index.address import LibraryAddress
from index.catalogue import connection

Value = TypeVar("Value")


def read_once(library: LibraryAddress, ask: Callable[[Connection], Value]) -> Value:
    """What `ask` reads from a library as it is now. Raises as `connection.read_once`."""
    if isinstance(library, Path):
        return connection.read_once(library, ask)
    from index.catalogue.server.connection import reading

    with reading(library) as own:
        return ask(own)
