"""The lock that lets one process write to a library at a time, and tells the others which one it is."""

import os
import tempfile
from pathlib import Path

from filelock import FileLock, Timeout

from index.errors import LibraryError, LibraryLockedError
from index.store.plain_files import require_plain, write_plain

try:
    import fcntl
except ImportError:  # Windows, where locks are of another kind
    fcntl = None  # type: ignore[assignment]

LOCK = "library.lock"
_PID = "library.pid"


def require_locks(folder: Path) -> None:
    """Raise LibraryError where the disk of a folder refuses locks; OSError where no file can be made there.

    Some shares say no to a lock in the words for "held by another", for which one would wait: so a new file is
    locked, which nobody else can hold.
    """
    if fcntl is None:
        return
    with tempfile.NamedTemporaryFile(prefix=".library-", dir=folder) as probe:
        try:
            fcntl.flock(probe, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.flock(probe, fcntl.LOCK_UN)  # else NFS, which makes both of one kind, would refuse the next
            fcntl.lockf(probe, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise LibraryError(
                f"The disk of {folder} refuses to lock files ({error.strerror}), as some network shares do, and a "
                "library needs locks. Put the library on a local disk (--library FOLDER); the photos may stay."
            ) from error


def require_locks_for(folder: Path) -> None:
    """As ``require_locks``, for a folder that may not be there yet: then where it would be made."""
    require_locks(next(place for place in (folder, *folder.absolute().parents) if place.is_dir()))


class WriterLock:
    """The writer's lock of a library; the system releases it when the process ends, however it ends."""

    def __init__(self, folder: Path, timeout_s: float) -> None:
        """Take the lock.

        Raises LibraryLockedError after `timeout_s`, LibraryDamagedError where a file of the library is a link,
        LibraryError where the disk has no locks, or OSError where no file can be made.
        """
        require_plain(folder)
        require_locks(folder)
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
        write_plain(self._pid, str(os.getpid()).encode())

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
