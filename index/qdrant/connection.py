"""The Qdrant of a library: a server by its address, or the client's local mode in a folder, and what they refuse."""

import atexit
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from qdrant_client import QdrantClient
from qdrant_client.http.exceptions import ApiException

from index.address import VECTORS_FOLDER, ServerAddress
from index.errors import LibraryError

logger = logging.getLogger(__name__)

_TIMEOUT_S = 60


def client_of(library: ServerAddress) -> QdrantClient:
    """The client of this process for the vectors of a library. Raises LibraryError."""
    assert library.vectors is not None
    return _client(library.vectors, os.getpid())


@cache
def _client(vectors: str, process: int) -> QdrantClient:
    if vectors.startswith(VECTORS_FOLDER):
        try:
            local = QdrantClient(path=vectors.removeprefix(VECTORS_FOLDER), force_disable_check_same_thread=True)
        except RuntimeError as error:
            raise LibraryError(
                f"The vectors in {vectors} are in use by another program: local mode is for one at a time. Stop that "
                "one, or use a Qdrant server, as vectors=http://host:6333."
            ) from error
        atexit.register(local.close)
        return local
    if not vectors.startswith(("http://", "https://")):
        raise LibraryError(
            f"Vectors cannot be in {vectors!r}: name a Qdrant server as vectors=http://host:6333, or for trials a "
            "folder as vectors=file:///folder."
        )
    logger.info("Connecting to Qdrant")
    key = os.environ.get("QDRANT_API_KEY")
    return QdrantClient(url=vectors, api_key=key, timeout=_TIMEOUT_S, check_compatibility=False)


@contextmanager
def explained(library: ServerAddress) -> Iterator[None]:
    """Raise a LibraryError in the place of what the server or the client raises inside the block."""
    try:
        yield
    except (ApiException, ValueError) as error:  # the local mode says the latter
        said = " ".join(str(error).split())[:300]
        raise LibraryError(
            f"Qdrant, which has the vectors of {library}, does not answer or refuses: {said}. Check its address, that "
            "it runs and QDRANT_API_KEY; where it has lost vectors, `engine verify` says which."
        ) from error
