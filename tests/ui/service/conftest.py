"""A service on the library of real photos, asked without a network."""

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="FastAPI is not installed (the extra 'serve' has it)")

from fastapi.testclient import TestClient

from engine.sharing import SharedEngine
from ui.service.app import create_app

LOCAL = "http://localhost"


@pytest.fixture(scope="module")
def client(library: Path) -> Iterator[TestClient]:
    """Asks the service; a mistake of the service's is an answer with status 500, as in the real process."""
    app = create_app(SharedEngine(library, device="cpu"), threads=4, queue=16)
    with TestClient(app, base_url=LOCAL) as client:
        yield client
