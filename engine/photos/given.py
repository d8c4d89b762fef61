"""A photo as a caller gives it: the path of a file, a picture or an array in memory, or the bytes of a file."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.errors import PhotoError, PhotoPathError
from engine.photos.location import path_at, photo_path

PhotoLike = str | os.PathLike[str] | bytes | Image.Image | NDArray[np.uint8]
"""A photo: a path or the address of an object in storage, such as ``s3://photos/a.jpg``, the bytes of a file, a PIL
image, or RGB pixels as an array (H, W, 3) of uint8."""

Paths = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]

_EXPECTED = "expected a path, the bytes of a photo's file, a PIL image, or an array (H, W, 3) of uint8 with RGB pixels"


@dataclass(frozen=True, slots=True, eq=False)
class PhotoInMemory:
    """A photo that lies in no file that is known of: the bytes of one, or a picture. ``name`` is what it is called."""

    content: bytes | Image.Image
    name: str

    def __str__(self) -> str:
        return self.name


Photo = Path | PhotoInMemory


def path_named(photo: str | Photo) -> Path:
    """A photo's path, or what it would be by the name of one in memory."""
    return photo if isinstance(photo, Path) else path_at(str(photo))


def photo_of(given: PhotoLike | PhotoInMemory, number: int = 1) -> Photo:
    """What was given as a photo; in messages and results one in memory is ``photo 1``, by its number.

    Raises:
        PhotoError: it is nothing that can be a photo.
    """
    name = f"photo {number}"
    match given:
        case PhotoInMemory():
            return given
        case str() | os.PathLike() if isinstance(path := os.fspath(given), str):
            return photo_path(given if isinstance(given, Path) else path)
        case bytes():
            return PhotoInMemory(given, name)
        case np.ndarray():
            return PhotoInMemory(_picture(given, name), name)
        case Image.Image():
            if 0 in given.size:
                raise PhotoError(name, f"an image of {given.width} × {given.height} pixels; {_EXPECTED}")
            return PhotoInMemory(given, name)
    raise PhotoError(name, f"it is {_kind(given)}; {_EXPECTED}")


def photos_of(given: PhotoLike | Photo | Iterable[PhotoLike | Photo]) -> Iterator[Photo]:
    """A photo or several, one after the other; an array (B, H, W, 3) is several.

    Raises:
        PhotoError: one of them is nothing that can be a photo.
    """
    is_one = isinstance(given, str | os.PathLike | bytes | Image.Image | PhotoInMemory) or (
        isinstance(given, np.ndarray) and given.ndim != 4
    )
    several: Iterable[Any] = [given] if is_one or not isinstance(given, Iterable) else given
    for number, photo in enumerate(several, start=1):
        yield photo_of(photo, number)


def paths_of(given: Paths) -> list[Path]:
    """Paths of photos, folders or other files, or one path.

    Raises:
        PhotoPathError: one of them is none.
    """
    several = list(given) if isinstance(given, Iterable) and not isinstance(given, str) else [given]
    for path in several:
        if not isinstance(path, str | os.PathLike):
            raise PhotoPathError(str(path), f"it is {_kind(path)}; expected a path")
    return [photo_path(path) for path in several]


def _picture(pixels: NDArray[Any], name: str) -> Image.Image:
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
        shape = " × ".join(map(str, pixels.shape)) or "a single number"
        raise PhotoError(name, f"an array of {pixels.dtype}, {shape}; {_EXPECTED}")
    return Image.fromarray(pixels)


def _kind(given: object) -> str:
    return "None" if given is None else f"of the type {type(given).__name__}"
