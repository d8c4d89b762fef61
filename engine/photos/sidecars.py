"""The files beside a photo that say something about it: ``photo.jpg.xmp`` or ``photo.xmp``, and those in ``.txt``."""

import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from engine.photos.location import is_remote, path_at
from engine.photos.object_storage import StoredObject

SUFFIXES = XMP, TEXT = ".xmp", ".txt"


def names_beside(photo: str, *suffixes: str) -> list[str]:
    """The names that files beside a photo can have, by its own name.

    >>> names_beside("a.jpg", ".xmp")
    ['a.jpg.xmp', 'a.xmp']
    """
    return [f"{name}{suffix}" for suffix in suffixes or SUFFIXES for name in (photo, Path(photo).stem)]


class Sidecars:
    """The files beside photos, whatever the case of their names; it looks at each folder once.

    Those beside objects in storage are the ``objects`` that a listing has found.

    A link is followed as far as to the folder that the photo really lies in, and into ``roots``: in a folder of
    somebody else it could make a description of any text that you may read.
    """

    def __init__(self, roots: Iterable[str] = (), objects: Iterable[StoredObject] = ()) -> None:
        self._roots = [os.path.realpath(root) for root in roots if not is_remote(root)]
        self._folders: dict[str, dict[str, str]] = {}
        self._objects = {each.url: each for each in objects}
        listed: dict[str, list[str]] = defaultdict(list)
        for url in self._objects:
            folder, _, name = url.rpartition("/")
            listed[folder].append(name)
        self._folders |= {folder: _spellings(names) for folder, names in listed.items()}

    def beside(self, photo: str, suffix: str) -> Path | None:
        """The file beside a photo with a suffix: that of the whole name, else that of the name without its own suffix.

        None without one. Of two whose names differ in case alone, the one that is spelled as the photo is.
        """
        folder, name = os.path.split(photo)
        names = self._names(folder)
        if not names:
            return None
        for sidecar in names_beside(name, suffix):
            found = names.get(sidecar) or names.get(sidecar.lower())
            if found is not None and found != name:
                return path_at(folder) / found
        return None

    def stamp(self, photo: str) -> str:
        """What is beside a photo, in a line: names, sizes, and when they changed; empty where nothing is."""
        found = [path for suffix in (XMP, TEXT) if (path := self.beside(photo, suffix)) is not None]
        parts = []
        for path in found:
            if (listed := self._objects.get(str(path))) is not None:
                parts.append(f"{path.name} {listed.size} {listed.version or listed.mtime_ns}")
                continue
            try:
                status = path.stat()
            except OSError:  # it went since the folder was listed
                continue
            parts.append(f"{path.name} {status.st_size} {status.st_mtime_ns}")
        return "; ".join(parts)

    def _may_be_read(self, entry: "os.DirEntry[str]") -> bool:
        if not entry.is_symlink():
            return True
        target = Path(os.path.realpath(entry.path))
        beside = os.path.realpath(Path(entry.path).parent)
        return any(target.is_relative_to(folder) for folder in (beside, *self._roots))

    def _names(self, folder: str) -> dict[str, str]:
        """Spelling → name of the sidecars of a folder; a spelling in small letters stands for every case."""
        if is_remote(folder):
            return self._folders.get(folder, {})
        if folder not in self._folders:
            try:
                with os.scandir(folder or ".") as entries:
                    found = [
                        entry.name
                        for entry in entries
                        if entry.name.lower().endswith(SUFFIXES) and entry.is_file() and self._may_be_read(entry)
                    ]
            except OSError:  # a folder that may not be searched has no photos either
                found = []
            self._folders[folder] = _spellings(found)
        return self._folders[folder]


def _spellings(found: Iterable[str]) -> dict[str, str]:
    names: dict[str, str] = {}
    for name in sorted(found):
        names.setdefault(name.lower(), name)
    return names | {name: name for name in found}
