"""Rules, settings and what the cache keeps: plain files of a sensible size, or they are not opened."""

import stat
from pathlib import Path


def why_not_plain(path: Path, most_bytes: int) -> str | None:
    """Why a file is not to be opened, in words that follow its name; None where it is a plain one.

    Whoever can leave a file where we look for one could let it be a link to another, a pipe that waits for ever, or
    fill the memory.

    Raises:
        OSError: there is none, or it may not be looked at.
    """
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        return "it is a symbolic link, which is not followed; put a plain file in its place"
    if stat.S_ISDIR(status.st_mode):
        return "it is a folder; expected a plain file"
    if not stat.S_ISREG(status.st_mode):
        return "it is a device, pipe or socket; expected a plain file"
    return f"it is larger than {most_bytes:,} bytes" if status.st_size > most_bytes else None


def is_kept(path: Path, most_bytes: int) -> bool:
    """Whether the cache has a file; what is there and is no plain one is made again in its place."""
    try:
        return why_not_plain(path, most_bytes) is None
    except OSError:
        return False
