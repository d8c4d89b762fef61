"""Connections that say nothing, or too slowly: each waits ten seconds at most, and many of them keep nobody out."""

import asyncio
import json
import logging
import time
from typing import Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

logger = logging.getLogger(__name__)

HEADERS_S = 10.0
"""How long the head of a request may take to arrive."""

MOST_WAITING = 100
"""Connections that have not sent the head of a request yet; of more, the one that has waited longest is closed."""

_SILENCE_S = 60.0  # between two lines about errors of sockets


class PatientProtocol(H11Protocol):
    """HTTP of uvicorn, where a client has to say soon what it wants."""

    _waiting: ClassVar[dict["PatientProtocol", asyncio.TimerHandle]] = {}

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has come."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """A client has sent something."""
        super().data_received(data)
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self._wait()
        else:
            self._wait_no_longer()

    def connection_lost(self, exc: Exception | None) -> None:
        """A client has gone."""
        self._wait_no_longer()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP as everything is refused: in JSON, with a sentence."""
        headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
        sentence = "This is no valid HTTP request; see /openapi.json for those that are."
        for event in (
            h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
            h11.Data(data=json.dumps({"error": sentence}).encode()),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event))
        self.transport.close()

    def _wait(self) -> None:
        if self in self._waiting:
            return
        self._waiting[self] = self.loop.call_later(HEADERS_S, self._close)
        if len(self._waiting) > MOST_WAITING:
            next(iter(self._waiting))._close()

    def _wait_no_longer(self) -> None:
        if (timer := self._waiting.pop(self, None)) is not None:
            timer.cancel()

    def _close(self) -> None:
        self._wait_no_longer()
        self.transport.abort()


class SocketErrors:
    """Says what goes wrong with sockets once a minute, whatever asyncio has to say meanwhile."""

    def __init__(self) -> None:
        self._said_at = float("-inf")
        self._unsaid = 0

    def __call__(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Take an error that nobody waits for."""
        now = time.monotonic()
        if now - self._said_at < _SILENCE_S:
            self._unsaid += 1
            return
        more = f" ({self._unsaid} more since the last line)" if self._unsaid else ""
        logger.error("%s: %s%s", context.get("message"), context.get("exception"), more)
        self._said_at, self._unsaid = now, 0
