"""What may happen to a file on a disk."""

import json
import os
from pathlib import Path

from index.candidates.manifest import MANIFEST
from index.catalogue.connection import open_for_writing
from index.catalogue.seal import seal


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


def flip_bit(path: Path, byte: int, bit: int = 0) -> None:
    """A bit of it is another, and no time of the file tells of it."""
    times = path.stat()
    with path.open("r+b") as file:
        file.seek(byte)
        value = file.read(1)[0]
        file.seek(byte)
        file.write(bytes([value ^ 1 << bit]))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def seal_as_it_is(folder: Path) -> None:
    """Let a database that a test has edited be what was written."""
    engine = open_for_writing(folder)
    with engine.connect() as connection:
        seal(connection, folder, whole=True)


def edit_manifest(folder: Path, **values: object) -> None:
    """Let the manifest say something else, as one of an earlier version that has no checksum."""
    path = folder / MANIFEST
    before = json.loads(path.read_text())
    del before["checksum"]
    path.write_text(json.dumps(before | values))
