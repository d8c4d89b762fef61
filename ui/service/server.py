"""The process that serves: its socket, its signals, and its end."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer
from types import FrameType

import uvicorn
from fastapi import FastAPI

from ui.service.connections import PatientProtocol, SocketErrors

INTERRUPTED = 130
"""The status of a command that Ctrl-C has ended."""

_CLOSE_S = 2  # in which the library is closed

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


def serve(app: FastAPI, listening: socket.socket, stopping: Callable[[], None] = lambda: None) -> None:
    """Answer until SIGTERM, then return; or until Ctrl-C.

    Either way no new question is taken, those that wait or are answered get their answer within ten seconds, and
    the library is closed. ``stopping`` is called as soon as it is told to.

    Raises:
        KeyboardInterrupt: it was Ctrl-C.
    """
    config = uvicorn.Config(
        app, log_config=None, log_level="critical", access_log=False, lifespan="on", ws="none", backlog=BACKLOG,
        timeout_graceful_shutdown=GRACE_S, server_header=False, http=PatientProtocol,
    )  # fmt: skip
    with _ending_well():
        _Server(config, stopping).run(sockets=[listening])


class _Server(uvicorn.Server):
    """uvicorn's, which ends whatever is computed, and says little about sockets."""

    def __init__(self, config: uvicorn.Config, stopping: Callable[[], None]) -> None:
        super().__init__(config)
        self._stopping = stopping

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until told to stop."""
        asyncio.get_running_loop().set_exception_handler(SocketErrors())
        await super().serve(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop; what a thread still computes when the time is over is given up."""
        if not self.should_exit:
            self._stopping()
            ended = 0 if sig == signal.SIGTERM else INTERRUPTED
            last = Timer(GRACE_S + _CLOSE_S, os._exit, [ended])
            last.daemon = True
            last.start()
        super().handle_exit(sig, frame)


@contextmanager
def _ending_well() -> Iterator[None]:
    """Let SIGTERM be no more than a wish to stop: uvicorn stops for it, and then sends it once more."""
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
