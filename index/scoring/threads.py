"""Threads that all searches share: numpy lets go of Python while it copies, takes, compares and multiplies."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

MOST_THREADS = 16  # a scan is bound by memory, and more only take it from others
NUM_THREADS = min(os.cpu_count() or 1, MOST_THREADS)


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(NUM_THREADS, thread_name_prefix="search")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)  # its threads do not live on in a child


def in_threads(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """The results of `work`, in the order of the items. A single item is worked on here.

    >>> in_threads(abs, [-2, 1])
    [2, 1]
    """
    every = list(items)
    return list(_pool().map(work, every)) if len(every) > 1 else [work(item) for item in every]
