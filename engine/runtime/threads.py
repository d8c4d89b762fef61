"""How many threads the libraries below us take for one answer."""

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

import torch


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch begin no threads for the calls of this thread: small ones cost more to share out than they take."""
    threads = torch.get_num_threads()
    try:
        set_own_threads(1)
        yield
    finally:
        set_own_threads(threads)


def set_own_threads(threads: int) -> None:
    """Let torch take so many threads for the calls of this thread alone.

    torch.set_num_threads also sets what every thread keeps that asks torch for the first time afterwards
    (docs/decisions).
    """
    torch.get_num_threads()  # now this thread has the number of all, and torch does not give it later
    for set_threads in _setters():
        set_threads(threads)
    if torch.get_num_threads() != threads:  # a torch whose OpenMP is not found, or that has none
        torch.set_num_threads(threads)


@cache
def _setters() -> list[Callable[[int], object]]:
    """What sets the threads of the calling thread in the OpenMP and MKL of torch, whose own function calls both."""
    libraries = ctypes.CDLL(torch._C.__file__)  # and all that it was linked with
    names = ("omp_set_num_threads", "MKL_Set_Num_Threads_Local")
    return [getattr(libraries, name) for name in names if hasattr(libraries, name)]


def answer_in_one_thread_each() -> None:
    """Let each answer be computed by the thread that asks, where several threads ask at the same time.

    With two threads each, torch and NumPy wait for each other at full speed; an answer took 60 ms of a processor's time
    in the place of 35 (docs/decisions). NumPy is told where threadpoolctl is installed, which the extra 'serve' has.
    """
    torch.set_num_threads(1)  # for this thread and all that begin from now on
    try:
        from threadpoolctl import threadpool_limits
    except ModuleNotFoundError:
        return
    threadpool_limits(1, "blas")
