"""The photos of a library that have still to be looked at, by their content: a file for each, copies seen once."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from engine.library.changes import is_in
from engine.photos.location import is_remote
from engine.photos.walk import FoundPhoto
from index import KnownPhoto


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that should hold a content, and the numbers of all photos of the library that do."""

    file: FoundPhoto
    content_hash: str
    photo_ids: tuple[int, ...]


def stored_files(
    photos: Mapping[str, KnownPhoto], roots: Collection[str], failed: Collection[str] = ()
) -> list[StoredFile]:
    """The files of photos, by path, that lie in a root; those that are gone and those that ``failed`` are left out.

    Of copies it is one that is as it was when it was indexed rather than one that may have changed since. A library of
    somebody else must not have any file opened that it names: hence the roots.
    """
    same: dict[str, dict[str, KnownPhoto]] = {}
    for path, photo in photos.items():
        if is_in(path, roots):
            same.setdefault(photo.content_hash, {})[path] = photo
    chosen = []
    for content, copies in same.items():
        files = [file for path, photo in copies.items() if path not in failed and (file := _file(path, photo))]
        if files:
            best, _ = min(files, key=lambda item: not item[1])
            chosen.append(StoredFile(best, content, tuple(photo.photo_id for photo in copies.values())))
    return chosen


def _file(path: str, photo: KnownPhoto) -> tuple[FoundPhoto, bool] | None:
    """The file of a photo and whether its size and time of change are those that it was indexed with."""
    if is_remote(path):  # that it is there is seen when it is read: a request for each would take as long
        return FoundPhoto(path, photo.size, photo.mtime_ns, photo.ctime_ns), True
    try:
        file = FoundPhoto.at(path)
    except OSError:
        return None
    return file, (file.size, file.mtime_ns) == (photo.size, photo.mtime_ns)
