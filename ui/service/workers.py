"""Threads that answer, and a line of bounded length before them."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self, TypeVar

from ui.service.errors import RefusedError

Answer = TypeVar("Answer")


class Answering:
    """At most ``threads`` questions are answered at a time, and at most ``queue`` wait for their turn.

    Where the line is full, a question is refused at once: whoever asks can come back, and nobody waits for ever.
    """

    def __init__(self, threads: int, queue: int) -> None:
        self.threads = threads
        self.queue = queue
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="answer")
        self._lock = threading.Lock()
        self._inside = 0

    @property
    def num_answering(self) -> int:
        """Questions that are answered."""
        return min(self._inside, self.threads)

    @property
    def num_waiting(self) -> int:
        """Questions that wait."""
        return max(0, self._inside - self.threads)

    def place(self) -> "Place":
        """A place in the line: a photo is received only where there is one.

        Raises:
            RefusedError: the line is full.
        """
        with self._lock:
            if self._inside >= self.threads + self.queue:
                raise RefusedError(
                    429,
                    f"{self._inside} questions are being answered or wait, and no more can; ask again in a second.",
                    {"Retry-After": "1"},
                )
            self._inside += 1
        return Place(self._pool, self._leave)

    async def answer(self, question: Callable[[], Answer]) -> Answer:
        """What a function returns in one of the threads.

        Raises:
            RefusedError: the line is full.
        """
        with self.place() as place:
            return await place.answer(question)

    def close(self) -> None:
        """Wait for the answers that have begun; those that wait are given up."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _leave(self) -> None:
        with self._lock:
            self._inside -= 1


class Place:
    """One question's place; it is free again when the question is answered, or was never put."""

    def __init__(self, pool: ThreadPoolExecutor, leave: Callable[[], None]) -> None:
        self._pool = pool
        self._leave = leave
        self._put = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._put:
            self._leave()

    async def answer(self, question: Callable[[], Answer]) -> Answer:
        """What a function returns in one of the threads."""
        future: Future[Answer] = self._pool.submit(question)
        self._put = True
        # Whoever asked may go away meanwhile: the thread is busy all the same until it is done.
        future.add_done_callback(lambda _: self._leave())
        return await asyncio.wrap_future(future)
