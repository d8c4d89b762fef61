"""The lock that lets one process write to a library at a time, and tells the others which one it is."""

import os
from pathlib import Path

from filelock import FileLock, Timeout

from index.errors import LibraryLockedError

LOCK = "library.lock"
_PID = "library.pid"


class WriterLock:
    """The writer's lock of a library; the system releases it when the process ends, however it ends."""

    def __init__(self, folder: Path, timeout_s: float) -> None:
        """Take the lock. Raises LibraryLockedError after `timeout_s`, or OSError where no file can be made."""
        # Not bound to a thread: a writer may be closed by another thread than the one that opened it.
        self._lock = FileLock(folder / LOCK, thread_local=False)
        self._pid = folder / _PID
        try:
            self._lock.acquire(timeout=timeout_s)
        except Timeout as error:
            raise LibraryLockedError(
                f"Another process{self._who()} is writing to the library in {folder}. Wait until it is done, or stop "
                "it; nothing that it has written will be lost."
            ) from error
        self._pid.write_text(str(os.getpid()), encoding="ascii")

    def release(self) -> None:
        """Let others write."""
        if self._lock.is_locked:
            self._pid.unlink(missing_ok=True)
            self._lock.release()

    def _who(self) -> str:
        try:
            return f" (pid {int(self._pid.read_text(encoding='ascii'))})"
        except (OSError, ValueError):
            return ""
