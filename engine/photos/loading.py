"""Hashing and decoding photos ahead of the model, in threads, in order: the model never waits for a disk."""

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
from PIL import Image

from engine.errors import PhotoError
from engine.photos.access import at_hand
from engine.photos.appearance import perceptual_hash, pixel_hash
from engine.photos.decode import Decoded, decode
from engine.photos.describing import METADATA_VERSION, read_described, stamp_of
from engine.photos.given import Photo, PhotoInMemory
from engine.photos.hashing import content_hash
from engine.photos.identify import damage
from engine.photos.location import is_remote
from engine.photos.metadata import Metadata
from engine.photos.object_storage import LARGEST, READERS
from engine.photos.sidecars import Sidecars
from engine.photos.walk import Failure, FoundPhoto
from engine.runtime.ahead import in_order, in_order_by_size

_LARGE = 64_000_000  # bytes of a file that is decoded before it is hashed
_READ_AHEAD = 256_000_000  # bytes of objects that are read before they are decoded


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPhoto:
    """What is known of a photo without its pixels.

    ``width`` × ``height`` is the size in pixels of the whole upright photo. ``pixel_hash`` and ``perceptual_hash`` are
    those of ``engine.photos.appearance``. ``warnings`` are remarks for the user, a line each.
    ``metadata_stamp`` says what the metadata were read from, as ``engine.photos.describing.stamp_of`` does.
    """

    file: FoundPhoto
    content_hash: str
    width: int
    height: int
    format: str
    metadata: Metadata
    pixel_hash: str
    perceptual_hash: str
    warnings: tuple[str, ...] = ()
    metadata_stamp: str = METADATA_VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedPhoto(ReadPhoto):
    """A photo ready for the model: ``image`` is RGB, upright, and may be smaller than the whole photo."""

    image: Image.Image

    def without_image(self) -> ReadPhoto:
        """The rest of it."""
        return ReadPhoto(**{each.name: getattr(self, each.name) for each in fields(ReadPhoto)})


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
    sidecars: Sidecars | None = None,
) -> Generator[Loaded, None, None]:
    """Hash and decode photos in ``workers`` threads; yield one result for each of ``found``, in its order.

    A photo that cannot be read is yielded as a Failure and never raised. ``target`` and ``max_pixels`` are
    those of ``decode``. ``skip`` is asked, with the content hash, whether a photo need not be decoded; it is
    called from the threads, several at a time, so let it look into a set and not into a database. Objects in storage
    are read once each, many at a time, and described by their ``sidecars`` at once, to be read no more. Closing
    the iterator, as an interrupt does, drops what has not begun, waits for the few photos being read and decoded, and
    leaves no thread behind. Raises EngineError where ``max_pixels`` or ``ENGINE_MAX_PIXELS`` is not a number, at the
    first photo.
    """

    def load(photo: FoundPhoto, content: str | Photo) -> Loaded:
        loaded = _load(photo, content, target, max_pixels, skip)
        if sidecars is None or not isinstance(loaded, LoadedPhoto) or not isinstance(content, PhotoInMemory):
            return loaded
        return _described(loaded, content, sidecars)

    # What is handed over one by one is read one by one, in the threads that decode.
    if not (isinstance(files, Sequence) and any(is_remote(photo.path) for photo in files)):
        return in_order(lambda photo: load(photo, photo.path), files, workers, "photo")
    return _load_read(load, files, workers)


def _load_read(
    load: Callable[[FoundPhoto, Photo], Loaded], files: Sequence[FoundPhoto], workers: int
) -> Generator[Loaded, None, None]:
    """Load photos whose bytes other threads read before."""

    def loaded(item: tuple[FoundPhoto, Photo | Failure]) -> Loaded:
        photo, content = item
        return content if isinstance(content, Failure) else load(photo, content)

    read = in_order_by_size(_read, files, READERS, lambda photo: photo.size, _READ_AHEAD, "read")
    with closing(read), closing(in_order(loaded, read, workers, "photo")) as decoded:
        yield from decoded


def _described(loaded: LoadedPhoto, content: PhotoInMemory, sidecars: Sidecars) -> LoadedPhoto:
    path = loaded.file.path
    stamp = stamp_of(path, sidecars)
    if stamp == METADATA_VERSION:  # nothing is beside it
        return loaded
    try:
        metadata, remarks = read_described(path, sidecars, content)
    except PhotoError:  # it is tried again when all are described, and said
        return loaded
    return replace(loaded, metadata=metadata, warnings=(*loaded.warnings, *remarks), metadata_stamp=stamp)


def _read(photo: FoundPhoto) -> tuple[FoundPhoto, Photo | Failure]:
    if is_remote(photo.path) and photo.size > LARGEST:
        return photo, Failure(photo.path, f"{photo.size:,} bytes; at most {LARGEST:,} of an object are read")
    try:
        return photo, at_hand(photo.path)
    except PhotoError as error:
        return photo, Failure(photo.path, error.reason)


def _load(
    photo: FoundPhoto,
    content: str | Photo,
    target: int,
    max_pixels: int | None,
    skip: Callable[[FoundPhoto, str], bool] | None,
) -> Loaded:
    try:
        before = _version(photo.path)
        # What is refused need not be read to its end.
        decoded = decode(content, max_pixels, target) if photo.size > _LARGE else None
        digest = content_hash(content)
        if skip is not None and skip(photo, digest):
            return KnownContent(photo, digest)
        decoded = decoded or decode(content, max_pixels, target)
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
    """The size and modification time of a file; None where it is gone, which opening it reports better.

    None too for an object in storage: it is read in one piece, and one that changed since it was listed has another
    ETag at the next run.
    """
    if is_remote(path):
        return None
    try:
        status = Path(path).stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns
