"""Answers the searches of the commands of this user over a socket, with what the service has in memory."""

import asyncio
import json
import logging
import time
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from engine.sharing import Lease
from ui.service import local_socket
from ui.service.asking import Service
from ui.service.connections import HEADERS_S
from ui.shared.photo_search import PhotoSearch, as_json, find

logger = logging.getLogger(__name__)

_LONGEST = 1 << 20  # bytes of a question


class _LeftAloneError(Exception):
    """A question that the command answers by itself."""


@asynccontextmanager
async def answering_commands(service: Service) -> AsyncIterator[None]:
    """A block in which the commands of this user are answered, where there can be a socket for them."""
    found = await asyncio.to_thread(local_socket.listening, service.shared.folder)
    if found is None:
        yield
        return
    bound, path = found
    own = path.lstat().st_ino
    door = await asyncio.start_unix_server(_Commands(service).answer, sock=bound, limit=_LONGEST)
    try:
        yield
    finally:
        with suppress(OSError):
            if path.lstat().st_ino == own:
                path.unlink()
        door.close()


class _Commands:
    """Answers commands, as long as none of them has to wait in line."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._library = local_socket.name_of(service.shared.folder)

    async def answer(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Answer a line; what is left to the command is not answered, which it takes for a sign to begin itself."""
        try:
            async with asyncio.timeout(HEADERS_S):
                search = self._read(await reader.readline())
            writer.write(b"\n")  # it has begun
            await writer.drain()
            writer.write(await self._reply(search))
            await writer.drain()
        except Exception as error:
            logger.info("A command answers by itself: %s: %s", type(error).__name__, error)
        finally:
            writer.close()

    def _read(self, line: bytes) -> PhotoSearch:
        asked: dict[str, Any] = json.loads(line)
        if (asked["version"], asked["library"]) != (local_socket.this_version(), self._library):
            raise _LeftAloneError(f"it is of {asked['version']} and asks {asked['library']}")
        if self._service.answering.num_answering == self._service.answering.threads:
            raise _LeftAloneError("others are being answered")
        return PhotoSearch.of_json(asked["search"])

    async def _reply(self, search: PhotoSearch) -> bytes:
        began, status = time.perf_counter(), 200

        def found(lease: Lease) -> str:
            if lease.engine.reader.changed():
                raise _LeftAloneError("the newest state of the library is not open yet")
            return as_json({"found": find(lease.engine, search), "told": lease.warnings})

        try:
            return (await self._service.ask(found)).encode()
        except Exception:
            status = 503
            raise
        finally:
            self._service.metrics.count("engine search", status, time.perf_counter() - began)
