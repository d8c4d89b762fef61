"""Reads a file that SQLite has open in this process, without ending SQLite's locks on it.

POSIX takes all locks of a process on a file away when the process closes any descriptor of it (sqlite.org,
howtocorrupt.html, 2.2). Another process could then think itself alone, and remove the log under an open connection. So
a descriptor that was opened for reading is closed only when no connection to the file is open any more.
"""

import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

Key = tuple[int, int]
"""Device and inode of a file."""

_lock = threading.Lock()
_users: Counter[Key] = Counter()  # connections, and readings under way
_descriptors: dict[Key, int] = {}
_strays: list[int] = []  # of a file that was replaced in the moment in which it was opened


def begin_use(path: Path) -> Key:
    """Count a connection to a file. Raises OSError."""
    status = path.stat()
    key = status.st_dev, status.st_ino
    with _lock:
        _users[key] += 1
    return key


def end_use(key: Key) -> None:
    """Say that it was closed."""
    with _lock:
        _users[key] -= 1
        if not _users[key]:
            del _users[key]
            if key in _descriptors:
                os.close(_descriptors.pop(key))


@contextmanager
def reading(path: Path) -> Iterator[int]:
    """A descriptor for `os.pread`. Raises OSError."""
    key = begin_use(path)
    try:
        with _lock:
            if key not in _descriptors:
                _descriptors[key] = os.open(path, os.O_RDONLY)
                status = os.fstat(_descriptors[key])
                if (status.st_dev, status.st_ino) != key:
                    _strays.append(_descriptors.pop(key))
                    raise FileNotFoundError(f"{path} was replaced while it was opened")
            descriptor = _descriptors[key]
        yield descriptor
    finally:
        end_use(key)
