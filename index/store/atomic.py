"""Files replaced in one step: a reader sees the old one or the new one, whatever happens meanwhile."""

import os
from collections.abc import Callable
from pathlib import Path


def replace_file(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` make a temporary file beside `path`, bring it to the disk, and rename it to `path`.

    The folder is made where it is missing. Raises OSError, and whatever `write` raises.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    temporary.unlink(missing_ok=True)  # a link there would lead what is written elsewhere
    try:
        write(temporary)
        with temporary.open("rb+") as file:  # some systems write nothing through a file that is open for reading
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names of new and renamed files in `folder` survive a power cut, where the system can."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
