"""What belongs to a library: its roots, photos to be taken out of it, and photos whose file has disappeared."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from engine.errors import LibraryError, LibraryMissingError, PhotoError, PhotoPathError, PhotosGoneError
from engine.library.changes import is_below, is_in
from engine.photos import object_storage
from engine.photos.access import os_reason
from engine.photos.hashing import content_hash
from engine.photos.location import is_remote, normal_path
from engine.photos.walk import Scan, scan
from index import LibraryAddress, Reader, ServerAddress, StoredPhoto, Writer, open_writer, read_root_counts, read_roots

LARGEST_ID = 2**63 - 1  # that SQLite can hold


@dataclass(frozen=True, slots=True)
class Root:
    """A file or folder that was indexed by name: whether it is there, and its photos, those that are missing apart."""

    path: str
    exists: bool
    photos: int
    missing: int


def roots(folder: LibraryAddress) -> list[Root]:
    """The roots of a library, in order of their paths.

    Raises:
        LibraryMissingError: there is no library in the folder.
        LibraryError: it cannot be read.
    """
    return [Root(own.path, _is_there(own.path), own.present, own.missing) for own in read_root_counts(folder)]


def may_be_opened(path: str, roots: Iterable[str]) -> bool:
    """Whether a file that a library names may be opened: its path leads into one of the library's roots.

    >>> may_be_opened("/photos/a.jpg", ["/photos"]), may_be_opened("/photos/../etc/a.jpg", ["/photos"])
    (True, False)
    """
    return _is_normal(path) and is_in(path, roots)


def may_be_shown(photo: StoredPhoto, roots: Sequence[str]) -> bool:
    """Whether the file of a photo may be shown: it may be opened, and no link leads out of the roots since it was seen.

    A link that led out already when the photo was indexed stays good, as long as it leads to the same bytes.
    """
    if not may_be_opened(photo.path, roots):
        return False
    if is_remote(photo.path):
        return True
    if is_in(os.path.realpath(photo.path), map(os.path.realpath, roots)):
        return True
    try:
        return content_hash(photo.path) == photo.content_hash
    except PhotoError:
        return False


def photo_to_show(reader: Reader, roots: Sequence[str], which: int | str) -> StoredPhoto | None:
    """The photo of a number or at a path, if its file may be shown: no other file is opened for another program."""
    photo_id: int | None
    if isinstance(which, int):
        photo_id = which if 0 <= which <= LARGEST_ID else None
    else:
        photo_id = None if "\0" in which else reader.photo_id_of_path(which)
    if photo_id is None or not reader.holds_photo(photo_id):
        return None
    (photo,) = reader.photos([photo_id])
    return photo if may_be_shown(photo, roots) else None


def exists(path: str) -> bool:
    """Whether there is a file or a folder, or an object or several.

    Raises:
        PhotoPathError: the storage of objects does not answer.
    """
    if not is_remote(path):
        return Path(path).exists()
    try:
        return object_storage.is_there(path)
    except object_storage.StorageError as error:
        raise PhotoPathError(path, f"{os_reason(error)}; nothing was changed") from error


def scan_library(folder: LibraryAddress, paths: Iterable[str | Path] | None, *, allow_missing: bool) -> Scan:
    """Find the photos at some paths, or in the roots of a library.

    A root of the library that is not there is taken for an empty one with ``allow_missing``.

    Raises:
        PhotoPathError: a path does not exist, or there is none; or the storage of objects does not answer.
        PhotosGoneError: a root of the library is not there.
    """
    known = _roots_of(folder)
    targets = [normal_path(path) for path in (known if paths is None else paths)]
    if not targets:
        raise PhotoPathError(str(folder), "nothing was indexed into this library yet; name photos or folders")
    gone = [path for path in targets if path in known and not exists(path)]
    if gone and not allow_missing:
        raise PhotosGoneError(
            f"{gone[0]} is not there, and the library was made of it. Is its disk mounted? Nothing was changed. If it "
            "is really gone, run the command again with --allow-missing to hide its photos, or `engine remove` it."
        )
    walked = scan(path for path in targets if path not in gone)
    return replace(walked, roots=tuple(targets))


def remove(folder: LibraryAddress, paths: Iterable[str | Path]) -> int:
    """Take photos, and all photos in folders, out of a library; no photo's file is touched. Returns how many.

    A root among the paths, or in one, is forgotten. In a root that stays, the next run finds the photos again.

    Raises:
        PhotoPathError: the library knows no photo and no root at one of the paths; nothing is removed.
        LibraryMissingError: there is no library in the folder.
        LibraryError: it cannot be written.
    """
    with _writer(folder) as writer:
        kept = before = writer.roots()
        gone: set[int] = set()
        for path in map(normal_path, paths):
            below = writer.photos_below(path)
            if not below and not any(is_below(root, path) for root in kept):
                raise PhotoPathError(path, f"the library in {folder} knows no photo there; see `engine roots`")
            kept = [root for root in kept if not is_below(root, path)]
            gone.update(below)
        writer.remove_photos(sorted(gone))
        writer.replace_roots(kept, before)
    return len(gone)


def prune(folder: LibraryAddress, *, dry_run: bool = False) -> list[str]:
    """Remove the photos whose file has disappeared, with their vectors and captions, for good. Returns their paths.

    Raises:
        LibraryMissingError: there is no library in the folder.
        LibraryError: it cannot be written.
    """
    with _writer(folder) as writer:
        missing = writer.missing_photos()
        if not dry_run:
            writer.remove_photos(sorted(missing.values()))
    return sorted(missing)


def _writer(folder: LibraryAddress) -> Writer:
    read_roots(folder)  # refused where there is no library: a writer would make one
    return open_writer(folder)


def _roots_of(folder: LibraryAddress) -> list[str]:
    try:
        return read_roots(folder)
    except LibraryMissingError:
        return []
    except LibraryError:
        if isinstance(folder, ServerAddress):
            raise
        return []  # it is damaged, which writing to it will say


def _is_there(path: str) -> bool:
    try:
        return exists(path)
    except PhotoPathError:
        return False


def _is_normal(path: str) -> bool:
    try:
        return normal_path(path) == path
    except PhotoPathError:  # a library of somebody else may name anything
        return False
