"""Hashing and decoding photos ahead of the model, in threads, in order: the model never waits for a disk."""

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from engine.errors import PhotoError
from engine.photos.appearance import perceptual_hash, pixel_hash
from engine.photos.decode import Decoded, decode
from engine.photos.hashing import content_hash
from engine.photos.identify import damage
from engine.photos.metadata import Metadata
from engine.photos.walk import Failure, FoundPhoto
from engine.runtime.ahead import in_order

_LARGE = 64_000_000  # bytes of a file that is decoded before it is hashed


@dataclass(frozen=True, slots=True)
class LoadedPhoto:
    """A photo ready for the model.

    ``image`` is RGB, upright, and may be smaller than ``width`` × ``height``, the size in pixels of the whole
    upright photo. ``pixel_hash`` and ``perceptual_hash`` are those of ``engine.photos.appearance``.
    ``warnings`` are remarks for the user, a line each.
    """

    file: FoundPhoto
    content_hash: str
    image: Image.Image
    width: int
    height: int
    format: str
    metadata: Metadata
    pixel_hash: str
    perceptual_hash: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KnownContent:
    """A photo whose content is known already, under this or another name; it was not decoded."""

    file: FoundPhoto
    content_hash: str


Loaded = LoadedPhoto | KnownContent | Failure


def load_photos(
    files: Iterable[FoundPhoto],
    target: int,
    workers: int = 2,
    max_pixels: int | None = None,
    skip: Callable[[FoundPhoto, str], bool] | None = None,
) -> Generator[Loaded, None, None]:
    """Hash and decode photos in ``workers`` threads; yield one result for each of ``found``, in its order.

    A photo that cannot be read is yielded as a Failure and never raised. ``target`` and ``max_pixels`` are
    those of ``decode``. ``skip`` is asked, with the content hash, whether a photo need not be decoded; it is
    called from the threads, several at a time, so let it look into a set and not into a database. Closing the
    iterator, as an interrupt does, drops what has not begun, waits for the few photos being decoded, and
    leaves no thread behind. Raises EngineError where ``max_pixels`` or ``ENGINE_MAX_PIXELS`` is not a number,
    at the first photo.
    """

    def load(photo: FoundPhoto) -> Loaded:
        return _load(photo, target, max_pixels, skip)

    return in_order(load, files, workers, "photo")


def _load(
    photo: FoundPhoto, target: int, max_pixels: int | None, skip: Callable[[FoundPhoto, str], bool] | None
) -> Loaded:
    try:
        before = _version(photo.path)
        # What is refused need not be read to its end.
        decoded = decode(photo.path, max_pixels, target) if photo.size > _LARGE else None
        digest = content_hash(photo.path)
        if skip is not None and skip(photo, digest):
            return KnownContent(photo, digest)
        decoded = decoded or decode(photo.path, max_pixels, target)
        if _version(photo.path) != before:
            raise PhotoError(photo.path, "it changed while it was being read; run the command again")
        return _loaded(photo, digest, decoded)
    except PhotoError as error:
        return Failure(photo.path, error.reason)
    except MemoryError as error:
        return Failure(photo.path, damage(error, "photo"))


def _loaded(photo: FoundPhoto, digest: str, decoded: Decoded) -> LoadedPhoto:
    remark = f"the name promises another format; the content is {decoded.format}"
    return LoadedPhoto(
        file=photo,
        content_hash=digest,
        image=decoded.image,
        width=decoded.width,
        height=decoded.height,
        format=decoded.format,
        metadata=decoded.metadata,
        pixel_hash=pixel_hash(np.asarray(decoded.image), decoded.width, decoded.height),
        perceptual_hash=perceptual_hash(decoded.image),
        warnings=(remark,) if decoded.mismatched_name else (),
    )


def _version(path: str) -> tuple[int, int] | None:
    """The size and modification time of a file; None where it is gone, which opening it reports better."""
    try:
        status = Path(path).stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns
