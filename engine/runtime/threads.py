"""How many threads the libraries below us take for one answer."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch begin no threads for the calls of this thread: small ones cost more to share out than they take."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def answer_in_one_thread_each() -> None:
    """Let each answer be computed by the thread that asks, where several threads ask at the same time.

    With two threads each, torch and NumPy wait for each other at full speed; an answer took 60 ms of a processor's time
    in the place of 35 (docs/decisions.md). NumPy is told where threadpoolctl is installed, which the extra 'serve' has.
    """
    torch.set_num_threads(1)
    try:
        from threadpoolctl import threadpool_limits
    except ModuleNotFoundError:
        return
    threadpool_limits(1, "blas")
