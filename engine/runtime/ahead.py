"""Work that is done ahead of whoever waits for it, in threads."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

_AHEAD = 4
"""Items in flight for each worker: enough to ride out a large one, few enough to hold in memory."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_order(
    work: Callable[[Item], Result], items: Iterable[Item], workers: int, name: str = "work"
) -> Generator[Result, None, None]:
    """Yield ``work(item)`` for each item, in their order, computed ahead in ``workers`` threads of a name.

    Closing the iterator, as an interrupt does, drops what has not begun, waits for the few items being worked on, and
    leaves no thread behind.
    """
    pool = ThreadPoolExecutor(max_workers=max(1, workers), thread_name_prefix=name)
    try:
        waiting = iter(items)
        pending: deque[Future[Result]] = deque(
            pool.submit(work, item) for item in islice(waiting, max(1, workers) * _AHEAD)
        )
        while pending:
            result = pending.popleft().result()
            pending.extend(pool.submit(work, item) for item in islice(waiting, 1))
            yield result
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def in_order_by_size(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    workers: int,
    size: Callable[[Item], int],
    most: int,
    name: str = "work",
) -> Generator[Result, None, None]:
    """As ``in_order``, with no more items ahead than have ``most`` as the sum of their sizes; one is there always."""
    pool = ThreadPoolExecutor(max_workers=max(1, workers), thread_name_prefix=name)
    try:
        pending: deque[tuple[int, Future[Result]]] = deque()
        ahead = 0
        for item in items:
            own = size(item)
            while pending and (ahead + own > most or len(pending) >= workers * _AHEAD):
                done, future = pending.popleft()
                yield future.result()
                ahead -= done
            pending.append((own, pool.submit(work, item)))
            ahead += own
        while pending:
            yield pending.popleft()[1].result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
