"""The database file that a reader opened: whether it is still there, still the same one, and as it was."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar

from index.errors import LibraryChangedError, LibraryMissingError

SETTLED_S = 2.0
"""Two changes within one tick of a file system's clock look alike: 4 to 10 ms on Linux, two seconds on FAT."""

_TRIES = 3

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class FileState:
    """What tells a file from another one, and from itself after a change; `log_bytes` are in SQLite's log beside it."""

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int
    log_bytes: int

    @classmethod
    def of(cls, path: Path) -> Self:
        """The state of a database file now. Raises LibraryMissingError."""
        try:
            status = path.stat()
        except (FileNotFoundError, NotADirectoryError) as error:
            raise missing(path) from error
        try:
            log_bytes = path.with_name(f"{path.name}-wal").stat().st_size
        except FileNotFoundError:
            log_bytes = 0
        times = status.st_mtime_ns, status.st_ctime_ns
        return cls(status.st_dev, status.st_ino, status.st_size, *times, log_bytes)

    @property
    def is_settled(self) -> bool:
        """Whether any later change gives the file another time."""
        return time.time() - self.mtime_ns / 1e9 > SETTLED_S


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A database file as it was when it was opened.

    `is_locked` says whether SQLite's locks keep writers from changing what a reader sees. A reader that may not write
    to the folder has none where there is no log: what it reads is right if the file is the same after reading.
    """

    path: Path
    state: FileState
    is_locked: bool

    def is_lost(self) -> bool:
        """Whether nothing more can be read from it: another file is in its place, or it changed and nothing locks it.

        Raises LibraryMissingError where there is none any more.
        """
        if not self.is_locked:
            return FileState.of(self.path) != self.state
        try:
            status = self.path.stat()
        except (FileNotFoundError, NotADirectoryError) as error:
            raise missing(self.path) from error
        return (status.st_ino, status.st_dev) != (self.state.inode, self.state.device)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Raise LibraryChangedError, whatever was read or went wrong inside, where it may have changed meanwhile."""
        if self.is_locked:
            yield
            return
        try:
            yield
        except Exception as error:  # half of a change may look like damage
            if self.is_lost():
                raise changed(self.path) from error
            raise
        if self.is_lost():
            raise changed(self.path)


def steadily(ask: Callable[[], Value]) -> Value:
    """What `ask` returns; it is asked again where the library changed under it. Raises LibraryChangedError."""
    for _ in range(_TRIES - 1):
        try:
            return ask()
        except LibraryChangedError:
            continue
    return ask()


def changed(path: Path) -> LibraryChangedError:
    """What to raise where a library changes while it is read."""
    return LibraryChangedError(
        f"The library in {path.parent} was written while it was read, and its folder cannot be written from here, so "
        "nothing keeps the two apart. Ask again when that is done."
    )


def missing(path: Path) -> LibraryMissingError:
    """What to raise where there is no database file."""
    return LibraryMissingError(
        f"There is no library in {path.parent} ({path.name} was not found). Index some photos first, or name the "
        "library's folder."
    )
