"""Opening a photo's file: what the system may refuse, each in one line a person can act on."""

import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from engine.errors import PhotoError
from engine.photos import object_storage
from engine.photos.given import Photo, PhotoInMemory
from engine.photos.location import is_remote


@contextmanager
def opened(photo: str | Photo) -> Iterator[io.BufferedReader | io.BytesIO]:
    """The file of a photo, open for reading bytes and closed at the end of the block.

    An object in storage is read whole, and so is a photo in memory, which has to be the bytes of a file.

    Raises PhotoError where it does not exist, may not be read, is not a regular file, or fails while it is
    read. Opening a named pipe would wait for ever, so the kind of file is asked first.
    """
    held = at_hand(photo)
    if isinstance(held, PhotoInMemory):
        assert not isinstance(held.content, Image.Image)
        yield io.BytesIO(held.content)
        return
    with _open(held) as file:
        try:
            yield file
        except OSError as error:  # a failing disk, or a network drive that went away
            raise PhotoError(str(held), f"reading failed: {error.strerror or error}") from error


def at_hand(photo: str | Photo) -> Photo:
    """A photo that may be read several times: an object in storage comes whole, under its address; others as they are.

    Raises PhotoError where it cannot be read.
    """
    if isinstance(photo, PhotoInMemory):
        return photo
    if not is_remote(place := os.fspath(photo)):
        return Path(photo)
    try:
        return PhotoInMemory(object_storage.read(place), place)
    except OSError as error:
        raise PhotoError(place, os_reason(error)) from error


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
    """Why the operating system, or a storage, refused a file or folder, in one line."""
    if isinstance(error, object_storage.StorageError):
        return error.strerror
    if isinstance(error, FileNotFoundError):
        return "there is no such file; was it moved or deleted?"
    if isinstance(error, PermissionError):
        return "permission denied: you may not read it; change its permissions or its owner"
    if isinstance(error, OSError) and error.strerror:
        return f"it cannot be opened: {error.strerror}"
    return f"it cannot be opened: {error}"
