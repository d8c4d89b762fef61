"""Libraries in a folder, on a PostgreSQL server, and there with vectors in Qdrant: tests that all must pass.

Qdrant is its client's local mode, which answers the requests of a server in this process.
"""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from postgres_server import PostgresServer
from synthetic_library import SyntheticLibrary

from index import LibraryAddress, ServerAddress

_numbers = count(1)


@pytest.fixture(params=["folder", "postgres", "qdrant"], scope="module")
def new_address(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], LibraryAddress]:
    """Makes the address of a library that is not there yet; connections to those before it are let go of."""
    made: list[ServerAddress] = []

    def address() -> LibraryAddress:
        if request.param == "folder":
            return Path(tmp_path_factory.mktemp("store") / "library")
        server: PostgresServer = request.getfixturevalue("postgres")
        url = server.create_database(f"library{next(_numbers)}")
        if request.param == "qdrant":
            pytest.importorskip("qdrant_client", reason="install the extra 'qdrant'")
            url += f"&vectors=file://{tmp_path_factory.mktemp('vectors')}"
        from index.catalogue.server.connection import engine_of

        for before in made:
            engine_of(before).dispose()
        made.append(ServerAddress(url))
        return made[-1]

    return address


@pytest.fixture(scope="module")
def filled(new_address: Callable[[], LibraryAddress]) -> Iterator[SyntheticLibrary]:
    """A library of 400 photos with captions, texts and albums; read it."""
    library = SyntheticLibrary(new_address())
    yield library
    library.reader.close()
