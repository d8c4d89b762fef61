"""The files beside a photo that say something about it: ``photo.jpg.xmp`` or ``photo.xmp``, and those in ``.txt``."""

import os
from collections.abc import Iterable
from pathlib import Path

XMP, TEXT = ".xmp", ".txt"


class Sidecars:
    """The files beside photos, whatever the case of their names; it looks at each folder once.

    A link is followed as far as to the folder that the photo really lies in, and into ``roots``: in a folder of
    somebody else it could make a description of any text that you may read.
    """

    def __init__(self, roots: Iterable[str] = ()) -> None:
        self._roots = [os.path.realpath(root) for root in roots]
        self._folders: dict[str, dict[str, str]] = {}

    def beside(self, photo: str, suffix: str) -> Path | None:
        """The file beside a photo with a suffix: that of the whole name, else that of the name without its own suffix.

        None without one. Of two whose names differ in case alone, the one that is spelled as the photo is.
        """
        folder, name = os.path.split(photo)
        names = self._names(folder)
        if not names:
            return None
        for sidecar in (f"{name}{suffix}", f"{Path(name).stem}{suffix}"):
            found = names.get(sidecar) or names.get(sidecar.lower())
            if found is not None and found != name:
                return Path(folder, found)
        return None

    def stamp(self, photo: str) -> str:
        """What is beside a photo, in a line: names, sizes, and when they changed; empty where nothing is."""
        found = [path for suffix in (XMP, TEXT) if (path := self.beside(photo, suffix)) is not None]
        parts = []
        for path in found:
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
        if folder not in self._folders:
            names: dict[str, str] = {}
            try:
                with os.scandir(folder or ".") as entries:
                    found = sorted(
                        entry.name
                        for entry in entries
                        if entry.name.lower().endswith((XMP, TEXT)) and entry.is_file() and self._may_be_read(entry)
                    )
            except OSError:  # a folder that may not be searched has no photos either
                found = []
            for name in found:
                names.setdefault(name.lower(), name)
            names.update((name, name) for name in found)
            self._folders[folder] = names
        return self._folders[folder]
