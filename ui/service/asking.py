"""The library that is served, with the threads that answer from it."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from engine.errors import EngineError
from engine.sharing import Lease, SharedEngine
from ui.service.metrics import Metrics
from ui.service.workers import Answering, Place

logger = logging.getLogger(__name__)

REFRESH_S = 5.0

Value = TypeVar("Value")


class Service:
    """A shared library, and the threads that answer from it."""

    def __init__(self, shared: SharedEngine, answering: Answering) -> None:
        self.shared = shared
        self.answering = answering
        self.metrics = Metrics(answering)

    async def ask(self, question: Callable[[Lease], Value], place: Place | None = None) -> Value:
        """What a function makes of the newest state of the library, in a thread that answers."""
        answer = partial(self.shared.ask, question)
        return await (self.answering.answer(answer) if place is None else place.answer(answer))

    async def follow(self) -> None:
        """Move on when the library changes and nobody asks."""
        while True:
            await asyncio.sleep(REFRESH_S)
            try:
                await asyncio.to_thread(self.shared.refresh)
            except EngineError as error:
                logger.warning("%s", error)
