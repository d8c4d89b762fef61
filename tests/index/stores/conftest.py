"""A library in a folder and one on a PostgreSQL server, of the same photos, for tests that both must pass."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from postgres_server import PostgresServer
from synthetic_library import SyntheticLibrary

from index import LibraryAddress, ServerAddress

_numbers = count(1)


@pytest.fixture(params=["folder", "postgres"], scope="module")
def new_address(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], LibraryAddress]:
    """Makes the address of a library that is not there yet."""

    def address() -> LibraryAddress:
        if request.param == "folder":
            return Path(tmp_path_factory.mktemp("store") / "library")
        server: PostgresServer = request.getfixturevalue("postgres")
        return ServerAddress(server.create_database(f"library{next(_numbers)}"))

    return address


@pytest.fixture(scope="module")
def filled(new_address: Callable[[], LibraryAddress]) -> Iterator[SyntheticLibrary]:
    """A library of 400 photos with captions, texts and albums; read it."""
    library = SyntheticLibrary(new_address())
    yield library
    library.reader.close()
