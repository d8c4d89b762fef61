"""Walking files and folders: which photos are there, and what could not be looked at."""

import os
import stat
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from engine.errors import PhotoError, PhotoPathError
from engine.photos import ignore
from engine.photos.access import os_reason
from engine.photos.formats import EXTENSIONS
from engine.photos.location import is_remote, normal_path
from engine.photos.object_storage import StoredObject, required
from engine.photos.object_walk import walk_objects


@dataclass(frozen=True, slots=True)
class FoundPhoto:
    """A photo's file: its absolute normalised path, its size in bytes, when it changed in nanoseconds.

    ``ctime_ns`` is when the system changed anything about it, its name and rights too; no program can set it. 0 where
    the system means something else by it. Of an object in storage ``path`` is its address, and ``ctime_ns`` stands for
    its ETag.
    """

    path: str
    size: int
    mtime_ns: int
    ctime_ns: int = field(default=0, compare=False)

    @classmethod
    def at(cls, path: str) -> "FoundPhoto":
        """The file at such a path, as it is now. Raises OSError."""
        return cls.of_object(required(path)) if is_remote(path) else cls.of(path, Path(path).stat())

    @classmethod
    def of_object(cls, found: StoredObject) -> "FoundPhoto":
        """An object in storage, as a listing has it."""
        return cls(found.url, found.size, found.mtime_ns, found.version)

    @classmethod
    def of(cls, path: str, status: os.stat_result) -> "FoundPhoto":
        """The file at such a path, with its status."""
        return cls(path, status.st_size, status.st_mtime_ns, status.st_ctime_ns if os.name == "posix" else 0)


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that could not be read: its path, fit to print, and why, in one line."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Scan:
    """What a walk found: the photos in a fixed order, the failures, and the files that it passed by, by extension.

    Passed by are files whose names are not those of photos and those that an ignore file leaves out; ``/`` counts
    the folders that one leaves out. ``sidecars`` are objects in storage that may say something about photos beside
    them; on a disk they are looked for there. ``roots`` are the absolute paths that were asked for. A photo that is
    missing here was deleted, or is ignored now, only if none of the ``failures`` is it or a folder above it.
    """

    roots: tuple[str, ...]
    photos: tuple[FoundPhoto, ...]
    failures: tuple[Failure, ...]
    skipped: dict[str, int]
    sidecars: tuple[StoredObject, ...] = ()

    def __iter__(self) -> Iterator[FoundPhoto]:
        return iter(self.photos)

    def __len__(self) -> int:
        return len(self.photos)


def scan(paths: Iterable[str | Path]) -> Scan:
    """Find the photos in files and folders, each once, ordered as ``paths`` and by name within a folder.

    Symbolic links are followed, each folder once. Hidden names and the folders that systems keep for
    themselves are left alone, and so is what an ``.engineignore`` leaves out (``engine.photos.ignore``); a folder
    whose ignore file cannot be understood is a failure and not walked, since what it was to leave out is not
    known. A file that is named itself is taken whatever its extension and whatever ignores it. Objects in storage are
    listed, and not read. Raises PhotoPathError where a path that was named does not exist or is neither a file nor a
    folder, or a storage does not answer.
    """
    walk = _Walk()
    roots = []
    for path in paths:
        root = normal_path(path)
        roots.append(root)
        if is_remote(root):
            walk.take_objects(root)
        else:
            walk.take_root(root)
    skipped = dict(sorted(walk.skipped.items()))
    return Scan(tuple(roots), tuple(walk.photos), tuple(walk.failures), skipped, tuple(walk.sidecars))


_Folder = tuple[str, str, os.stat_result, tuple[ignore.IgnoreRules, ...]]
"""A folder to be walked: its path, the path it really has, its status, and the ignore rules that hold in it."""


@dataclass(slots=True)
class _Walk:
    photos: list[FoundPhoto] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    sidecars: list[StoredObject] = field(default_factory=list)
    _folders: set[tuple[int, int]] = field(default_factory=set)
    _files: set[str] = field(default_factory=set)

    def take_root(self, root: str) -> None:
        if not _is_utf8(root):
            raise PhotoPathError(_printable(root), "its name is not valid UTF-8; rename it")
        try:
            status = Path(root).stat()
        except OSError as error:
            raise PhotoPathError(root, os_reason(error)) from error
        if stat.S_ISDIR(status.st_mode):
            try:
                rules = ignore.rules_above(root)
            except PhotoError as error:
                self._fail(root, str(error))
            else:
                self._folder((root, os.path.realpath(root), status, rules))
        elif stat.S_ISREG(status.st_mode):
            self._file(root, os.path.realpath(root), status)
        else:
            raise PhotoPathError(root, "it is a device, pipe or socket; expected a photo or a folder")

    def take_objects(self, root: str) -> None:
        walked = walk_objects(root)
        for each in walked.photos:
            if each.url not in self._files:
                self._files.add(each.url)
                self.photos.append(FoundPhoto.of_object(each))
        self.sidecars += walked.sidecars
        self.failures += [Failure(url, reason) for url, reason in walked.failures]
        self.skipped += walked.skipped

    def _folder(self, root: _Folder) -> None:
        """Walk a folder and all below it; a stack of our own, so that no depth is too deep."""
        stack = [root]
        while stack:
            folder, real, status, rules = stack.pop()
            identity = (status.st_dev, status.st_ino)
            if identity in self._folders:
                continue
            self._folders.add(identity)
            try:
                with os.scandir(folder) as listing:
                    entries = sorted(listing, key=lambda entry: entry.name)
                if any(entry.name == ignore.NAME for entry in entries):
                    rules = (*rules, ignore.read_rules(folder))
            except OSError as error:
                self._fail(folder, os_reason(error))
                continue
            except PhotoError as error:
                self._fail(folder, str(error))
                continue
            below = [subfolder for entry in entries if (subfolder := self._entry(entry, real, rules))]
            stack.extend(reversed(below))

    def _entry(
        self, entry: os.DirEntry[str], real_folder: str, rules: tuple[ignore.IgnoreRules, ...]
    ) -> _Folder | None:
        """Take one entry of a folder; a folder is handed back to be walked later."""
        if ignore.is_hidden(entry.name):
            return None
        extension = Path(entry.name).suffix.lower()
        try:
            status = entry.stat()
            linked = entry.is_symlink()
        except OSError as error:
            broken = isinstance(error, FileNotFoundError) and entry.is_symlink()
            self._fail(entry.path, "a broken symbolic link" if broken else os_reason(error))
            return None
        is_folder = stat.S_ISDIR(status.st_mode)
        if stat.S_ISREG(status.st_mode) and extension not in EXTENSIONS:
            self.skipped[extension] += 1
        elif rules and ignore.is_ignored(rules, entry.path, is_folder):
            self.skipped["/" if is_folder else extension] += 1
        elif not _is_utf8(entry.name):
            self._fail(entry.path, "its name is not valid UTF-8; rename it")
        else:
            # Asking only for links saves a system call for each part of each path.
            real = os.path.realpath(entry.path) if linked else os.path.normpath(f"{real_folder}/{entry.name}")
            if is_folder:
                return entry.path, real, status, rules
            if stat.S_ISREG(status.st_mode):
                self._file(entry.path, real, status)
        return None

    def _file(self, path: str, real: str, status: os.stat_result) -> None:
        """Remember a photo, unless it was met before under this or another name."""
        if real not in self._files:
            self._files.add(path if real == path else real)  # of two equal strings one is kept
            self.photos.append(FoundPhoto.of(path, status))

    def _fail(self, path: str, reason: str) -> None:
        self.failures.append(Failure(_printable(path), reason))


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _printable(path: str) -> str:
    return path.encode(errors="surrogateescape").decode(errors="backslashreplace")
