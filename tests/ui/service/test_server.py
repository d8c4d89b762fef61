"""The socket of the service."""

import socket

import pytest

from ui.service.server import bound


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_answers_are_not_held_back(host: str) -> None:
    """asyncio sends an answer's small packets at once only where the socket knows that it is one of TCP."""
    try:
        listening = bound(host, 0)
    except OSError:
        pytest.skip(f"this machine has no {host}")
    with listening:
        assert listening.proto == socket.IPPROTO_TCP
        assert listening.getsockname()[1] > 0
