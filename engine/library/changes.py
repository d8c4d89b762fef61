"""What happened to the photos of a library since it was last looked at: new, changed, moved, back, or gone."""

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from engine.errors import PhotosGoneError
from engine.photos.location import is_remote, path_at
from engine.photos.walk import FoundPhoto, Scan
from index import KnownPhoto, Move

MOST_GONE = 0.1  # of the photos of a library, that a run may hide without being told to


@dataclass(slots=True)
class Changes:
    """The differences between a library and a scan, and nothing of the photos that are as they were.

    Attributes:
        to_read: files that have to be hashed and perhaps embedded.
        moves: photos with another path than before.
        returned: the numbers of photos whose file is back unchanged.
        gone: the photos whose file has disappeared, by number, with their paths.
        unchanged: how many photos of the scan are none of these.
        behind: photos outside of the scan that the model has not embedded, by path.
        known: what was known, by path, of the photos in ``to_read`` and ``behind``.
        num_present: photos of the library that were not missing before.
        is_covered: whether the model had embedded all of these.
        last_known: the largest number of a photo of the library.
    """

    to_read: list[FoundPhoto] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    returned: list[int] = field(default_factory=list)
    gone: dict[int, str] = field(default_factory=dict)
    unchanged: int = 0
    behind: list[str] = field(default_factory=list)
    known: dict[str, KnownPhoto] = field(default_factory=dict)
    num_present: int = 0
    is_covered: bool = True
    last_known: int = 0

    @property
    def awaited(self) -> set[int]:
        """The numbers of all photos that the model had not embedded, and of some others."""
        return {photo.photo_id for photo in self.known.values()} | {move.photo_id for move in self.moves}


class Photos(Protocol):
    """The photos of a library with their paths, as one model sees them: ``index.Writer`` is such a thing."""

    def known_photos(self, fingerprint: str | None = None) -> Iterable[tuple[str, KnownPhoto]]:
        """All of them, one after the other, in order of their numbers."""
        ...


ContentHashes = Callable[[Sequence[str]], Sequence[str | None]]
"""Paths → the hashes of the files' contents, None where one cannot be read."""


def find_changes(
    library: Photos,
    fingerprint: str,
    scan: Scan,
    content_hashes: ContentHashes,
    *,
    check_content: bool = False,
    embed_again: bool = False,
) -> Changes:
    """Compare the photos of a library with what a scan found.

    Size and times of change decide, or with ``check_content`` the content of every file; only a new file as large as
    one that disappeared is hashed, to see whether it is the same; of an object the ETag says so. A photo is gone when
    it lies in a root of the scan, was not found, and neither it nor a folder above it failed to be read.

    Args:
        library: the photos that are known.
        fingerprint: of the model that is to have embedded them.
        scan: of some roots.
        content_hashes: reads files.
        check_content: whether every file is read.
        embed_again: whether nothing counts as embedded.
    """
    changes = Changes()
    on_disk = {photo.path: photo for photo in scan}
    unseen = _Unseen(scan)
    lost: dict[str, KnownPhoto] = {}
    for path, before in library.known_photos(fingerprint):
        is_embedded = before.embedded and not embed_again
        is_behind = not is_embedded and not before.missing
        changes.num_present += not before.missing
        changes.is_covered &= not is_behind
        changes.last_known = before.photo_id
        photo = on_disk.pop(path, None)
        if photo is None:
            if before.missing or path in unseen:
                lost[path] = before
            elif is_behind:
                changes.behind.append(path)
                changes.known[path] = before
        elif check_content or not is_embedded or _may_differ(before, photo):
            changes.to_read.append(photo)
            changes.known[path] = before
        elif before.missing:
            changes.returned.append(before.photo_id)
        else:
            changes.unchanged += 1
    new = list(on_disk.values())
    changes.moves = list(_moves(lost, new, content_hashes))
    moved_from = {move.photo_id for move in changes.moves}
    moved_to = {move.path for move in changes.moves}
    changes.to_read.extend(photo for photo in new if photo.path not in moved_to)
    changes.gone = {
        photo.photo_id: path for path, photo in lost.items() if not photo.missing and photo.photo_id not in moved_from
    }
    # A photo that moved before this model saw it is embedded under its new path.
    embedded = set() if embed_again else {photo.photo_id for photo in lost.values() if photo.embedded}
    changes.to_read.extend(on_disk[move.path] for move in changes.moves if move.photo_id not in embedded)
    return changes


def require_present(scan: Scan, changes: Changes) -> None:
    """Refuse to hide many photos at once: more likely a disk is not mounted.

    Raises:
        PhotosGoneError: a root holds no photo any more, or more than a tenth of the library would be hidden.
    """
    gone = changes.gone.values()
    if not gone:
        return
    for root in scan.roots:
        lost = sum(is_below(path, root) for path in gone)
        if lost and not any(is_below(photo.path, root) for photo in scan):
            state = "holds no photo any more" if is_remote(root) or Path(root).exists() else "is not there"
            mounted = "" if is_remote(root) else " Is its disk mounted?"
            raise PhotosGoneError(
                f"{root} {state}; the library knows {lost:,} photos in it.{mounted} Nothing was changed. "
                "If they are really gone, run the command again with --allow-missing to hide them."
            )
    if len(gone) > MOST_GONE * changes.num_present:
        raise PhotosGoneError(
            f"{len(gone):,} of the library's {changes.num_present:,} photos are not there any more, {min(gone)} for "
            "one: more than a tenth. Nothing was changed. If they are really gone, run the command again with "
            "--allow-missing to hide them."
        )


def is_below(path: str, root: str) -> bool:
    """Whether a path is a root, or lies in it.

    >>> is_below("/photos/a.jpg", "/photos"), is_below("/photos2/a.jpg", "/photos"), is_below("/a.jpg", "/")
    (True, False, True)
    """
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)


def is_in(path: str, roots: Iterable[str]) -> bool:
    """Whether a path is one of the roots, or lies in one."""
    return any(is_below(path, root) for root in roots)


class _Unseen:
    """The paths that a scan would have found if their photos were there."""

    def __init__(self, scan: Scan) -> None:
        self._roots = scan.roots
        self._failed = {failure.path for failure in scan.failures}

    def __contains__(self, path: str) -> bool:
        if not is_in(path, self._roots):
            return False
        if not self._failed:
            return True
        return not any(str(part) in self._failed for part in (path, *path_at(path).parents))


def _may_differ(before: KnownPhoto, now: FoundPhoto) -> bool:
    """Whether a file may hold something else; a time that is not known on one side says nothing."""
    if (before.size, before.mtime_ns) != (now.size, now.mtime_ns):
        return True
    return bool(before.ctime_ns and now.ctime_ns) and before.ctime_ns != now.ctime_ns


def _moves(lost: Mapping[str, KnownPhoto], new: Sequence[FoundPhoto], content_hashes: ContentHashes) -> Iterator[Move]:
    """New files that hold what a lost photo held. Of several alike, the one with the same time and name comes first."""
    lost_by_content: dict[str | None, list[tuple[str, KnownPhoto]]] = defaultdict(list)
    for item in lost.items():
        lost_by_content[item[1].content_hash].append(item)
    sizes = {photo.size for photo in lost.values()}
    perhaps = [photo for photo in new if photo.size in sizes]
    on_disk = [photo.path for photo in perhaps if not is_remote(photo.path)]
    digests = dict(zip(on_disk, content_hashes(on_disk), strict=True))
    # An object is not read for this: a copy has the ETag of the first.
    tagged = {
        (photo.size, photo.ctime_ns): photo.content_hash for path, photo in lost.items() if _is_tagged(path, photo)
    }
    for photo in perhaps:
        digest = tagged.get((photo.size, photo.ctime_ns)) if is_remote(photo.path) else digests.get(photo.path)
        if same := lost_by_content.get(digest):
            best = max(same, key=lambda item: _likeness(item, photo))
            same.remove(best)
            yield Move(best[1].photo_id, photo.path, photo.size, photo.mtime_ns, photo.ctime_ns)


def _is_tagged(path: str, photo: KnownPhoto) -> bool:
    """Whether the ETag of an object is known, and of a kind that a copy has too, and nothing else."""
    return photo.ctime_ns != 0 and path.startswith(("s3://", "s3a://", "gs://", "gcs://"))


def _likeness(before: tuple[str, KnownPhoto], now: FoundPhoto) -> tuple[bool, bool]:
    path, photo = before
    return photo.mtime_ns == now.mtime_ns, Path(path).name == Path(now.path).name


def left_behind(behind: Iterable[str], roots: Sequence[str]) -> tuple[list[FoundPhoto], list[str]]:
    """Of photos that the current model has not embedded those in a root, as far as they exist, and the paths of all
    others.

    Only those in a root are opened: a library of somebody else must not have any file opened that it names.
    """
    found, others = [], []
    for path in behind:
        if not is_in(path, roots):
            others.append(path)
            continue
        with suppress(OSError):
            found.append(FoundPhoto.at(path))
    return found, others


def without_covered(roots: Iterable[str]) -> list[str]:
    """Roots, without those that lie in another.

    >>> without_covered(["/photos/2019", "/photos", "/scans"])
    ['/photos', '/scans']
    """
    kept: list[str] = []
    for root in sorted(set(roots)):
        if not any(is_below(root, other) for other in kept):
            kept.append(root)
    return kept
