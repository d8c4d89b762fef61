"""CRC-32 of files, and which of their bytes this process has seen to be what was written."""

import os
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from index.store.locked_file import reading

GoOn = Callable[[], bool]
"""Asked between blocks whether a long reading should go on."""

_READ_BYTES = 2**22


class StoppedError(Exception):
    """A reading was not wanted any more."""


def crc32_of(path: Path, size: int, *, start: int = 0, crc: int = 0, go_on: GoOn = lambda: True) -> int:
    """The CRC-32 of the first `size` bytes of a file, from `start` on where that of those before is known.

    Raises StoppedError, or OSError.
    """
    with _blocks(path, start, size) as blocks:
        for data in blocks:
            if not go_on():
                raise StoppedError
            crc = zlib.crc32(data, crc)
    return crc


@contextmanager
def _blocks(path: Path, start: int, end: int) -> Iterator[Iterator[bytes]]:
    """The bytes of a file between two places, or to its end; SQLite's locks on it stay."""
    if hasattr(os, "pread"):
        with reading(path) as descriptor:
            yield _read(lambda at, size: os.pread(descriptor, size, at), start, end)
    else:  # on Windows locks belong to a handle
        with path.open("rb", buffering=0) as file:
            file.seek(start)
            yield _read(lambda _, size: file.read(size), start, end)


def _read(read: Callable[[int, int], bytes], start: int, end: int) -> Iterator[bytes]:
    while start < end and (data := read(start, min(end - start, _READ_BYTES))):
        yield data
        start += len(data)


class SeenFiles:
    """How many first bytes of each file were right in this process: nobody reads them a second time.

    A file is known by its path and what the system calls it, so that another one in its place is new.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, int, int], tuple[int, int, int]] = {}  # bytes, their CRC-32, the file's time

    def unseen_bytes(self, path: Path, size: int, crc: int) -> int:
        """How many bytes `crc32_of` would read. Raises OSError."""
        _, start, _ = self._known(path, size, crc)
        return size - start

    def crc32_of(self, path: Path, size: int, expected: int, *, go_on: GoOn = lambda: True) -> int:
        """The CRC-32 of the first `size` bytes of a file that grows at its end; those that were seen are not read.

        Raises StoppedError, or OSError.
        """
        key, start, crc = self._known(path, size, expected)
        time = path.stat().st_mtime_ns
        crc = crc32_of(path, size, start=start, crc=crc, go_on=go_on)
        if crc != expected and start:  # the bytes that were seen are others now
            crc = crc32_of(path, size, go_on=go_on)
        if crc == expected:
            with self._lock:
                self._seen[key] = size, crc, time
        return crc

    def forget(self) -> None:
        """Begin anew, as another process would."""
        with self._lock:
            self._seen.clear()

    def _known(self, path: Path, size: int, expected: int) -> tuple[tuple[str, int, int], int, int]:
        """The file's key, and how many of its first bytes need no reading, with their CRC-32."""
        status = path.stat()
        key = str(path), status.st_dev, status.st_ino
        with self._lock:
            length, crc, time = self._seen.get(key, (0, 0, 0))
        is_same = (length, crc, time) == (size, expected, status.st_mtime_ns)
        return (key, length, crc) if is_same or length < size else (key, 0, 0)


SEEN = SeenFiles()
