"""Opening a photo's file: what the system may refuse, each in one line a person can act on."""

import io
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import PhotoError


@contextmanager
def opened(path: str | Path) -> Iterator[io.BufferedReader]:
    """The file at ``path``, open for reading bytes and closed at the end of the block.

    Raises PhotoError where it does not exist, may not be read, is not a regular file, or fails while it is
    read. Opening a named pipe would wait for ever, so the kind of file is asked first.
    """
    with _open(Path(path)) as file:
        try:
            yield file
        except OSError as error:  # a failing disk, or a network drive that went away
            raise PhotoError(str(path), f"reading failed: {error.strerror or error}") from error


def _open(path: Path) -> io.BufferedReader:
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            kind = "a folder" if stat.S_ISDIR(mode) else "a device, pipe or socket"
            raise PhotoError(str(path), f"it is {kind}; expected a photo's file")
        return path.open("rb")
    except (OSError, ValueError) as error:
        raise PhotoError(str(path), os_reason(error)) from error


def os_reason(error: Exception) -> str:
    """Why the operating system refused a file or folder, in one line."""
    if isinstance(error, FileNotFoundError):
        return "there is no such file; was it moved or deleted?"
    if isinstance(error, PermissionError):
        return "permission denied: you may not read it; change its permissions or its owner"
    if isinstance(error, OSError) and error.strerror:
        return f"it cannot be opened: {error.strerror}"
    return f"it cannot be opened: {error}"
