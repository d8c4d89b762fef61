"""A library is plain files and folders: no link in it is followed, and no pipe or device is opened."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from index.errors import LibraryDamagedError

_OURS = ("library.", "manifest.json", "regions-", "faiss.lock", "vectors")
"""How the names of a library's own files begin; what else lies in its folder is not ours to judge."""


def require_plain(folder: Path) -> None:
    """Raise LibraryDamagedError that names the first file of a library that is a link, or no file and no folder.

    Whoever made the library could let it point to a file of the one who opens it, which would be overwritten.
    """
    for entry in _entries(folder):
        try:
            kind = entry.stat(follow_symlinks=False).st_mode
        except FileNotFoundError:  # a compaction has removed it meanwhile
            continue
        if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
            found = "a symbolic link" if stat.S_ISLNK(kind) else "a pipe, a socket or a device"
            raise LibraryDamagedError(
                f"{entry.path} is {found}; a library has plain files and folders of its own. Nothing was read or "
                "written; remove it, or move in its place what it should be."
            )


def own_files(folder: Path) -> list[Path]:
    """What lies in a library's folder and is of the library."""
    return [path for path in folder.iterdir() if path.name.startswith(_OURS)]


def open_plain(path: Path) -> BinaryIO:
    """Open a file for reading that is no link; raises OSError where it is one, or a pipe, or a device."""
    descriptor = os.open(path, os.O_RDONLY | _flag("O_NOFOLLOW") | _flag("O_NONBLOCK") | _flag("O_BINARY"))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(None, "it is no plain file")
    return os.fdopen(descriptor, "rb")


def write_plain(path: Path, content: bytes) -> None:
    """Write a small file, in the place of the one that is there; raises OSError where it is a link."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _flag("O_NOFOLLOW") | _flag("O_NONBLOCK") | _flag("O_BINARY")
    with os.fdopen(os.open(path, flags, 0o666), "wb") as file:
        file.write(content)


def _flag(name: str) -> int:
    return int(getattr(os, name, 0))  # 0 where a system has no such thing


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    """What is ours in a library's folder, and all below its vectors; never what lies behind a link."""
    if not folder.is_dir():
        return
    folders = [str(folder)]
    while folders:
        at = folders.pop()
        try:
            with os.scandir(at) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except FileNotFoundError:  # the same
            continue
        for entry in entries:
            if at == str(folder) and not entry.name.startswith(_OURS):
                continue
            yield entry
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.path)
