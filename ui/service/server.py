"""The process that serves: its socket, its signals, and its end."""

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

GRACE_S = 10
"""How long answers that have begun may take once the service is told to stop."""

BACKLOG = 128
"""Connections that the system keeps until they are taken."""


def bound(host: str, port: int) -> socket.socket:
    """A socket at a host and a port, not yet listening; 0 takes a free one.

    Raises:
        OSError: the port is taken or may not be used, or there is no such host.
    """
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    # asyncio sends small packets at once only where the protocol is named: else each answer waits 40 ms for the client.
    listening = socket.socket(family, kind, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except OSError:
        listening.close()
        raise
    return listening


def serve(app: FastAPI, listening: socket.socket) -> None:
    """Answer until SIGTERM, then return; or until Ctrl-C.

    Either way no new question is taken, those that wait or are answered get their answer within ten seconds, and
    the library is closed.

    Raises:
        KeyboardInterrupt: it was Ctrl-C.
    """
    config = uvicorn.Config(
        app, log_config=None, log_level="critical", access_log=False, lifespan="on", ws="none", backlog=BACKLOG,
        timeout_graceful_shutdown=GRACE_S, server_header=False,
    )  # fmt: skip
    with _ending_well():
        uvicorn.Server(config).run(sockets=[listening])


@contextmanager
def _ending_well() -> Iterator[None]:
    """Let SIGTERM be no more than a wish to stop: uvicorn stops for it, and then sends it once more."""
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
