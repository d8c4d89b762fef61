"""What may happen to a file on a disk."""

import os
from pathlib import Path


def scribble(path: Path) -> None:
    """Something else stands in its place."""
    path.write_bytes(b"this is no database " * 500)


def scramble(path: Path) -> None:
    """Only its head is left."""
    data = bytearray(path.read_bytes())
    data[100:] = bytes(255 - byte for byte in data[100:])
    path.write_bytes(bytes(data))


def cut(path: Path) -> None:
    """Half of it is lost."""
    os.truncate(path, path.stat().st_size // 2)


def flip(path: Path) -> None:
    """One byte in the middle is another."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255
    path.write_bytes(bytes(data))
