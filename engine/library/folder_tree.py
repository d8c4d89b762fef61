"""The folders of a library as a tree: how many photos lie in and below each, and one of them."""

import os
from collections import defaultdict
from collections.abc import Sequence

from engine.photos.location import is_remote, path_at
from index.catalogue.groups import Counted


class FolderTree:
    """The folders above photos, from the deepest one that holds all of them down.

    Args:
        counted: the folders that hold photos themselves, at least one.
    """

    def __init__(self, counted: Sequence[Counted]) -> None:
        photos: dict[str, int] = defaultdict(int)
        covers: dict[str, int] = {}
        for one in counted:
            for folder in _with_those_above(one.name or ""):
                photos[folder] += one.photos
                covers.setdefault(folder, one.cover)
        self.top = _common([one.name or "" for one in counted])
        """The deepest folder that holds all photos; empty where a disk and a storage, or two storages, do."""
        below = self.top.rstrip(os.sep) + os.sep if self.top else ""
        self._found = {
            folder: Counted(folder, photos[folder], covers[folder])
            for folder in sorted(photos)
            if folder == self.top or folder.startswith(below)
        }
        self._inside: dict[str, list[Counted]] = defaultdict(list)
        for folder, found in self._found.items():
            if folder != self.top:
                self._inside[_with_those_above(folder)[1]].append(found)

    @property
    def names(self) -> list[str]:
        """All its folders, in order of path."""
        return list(self._found)

    def inside(self, folder: str) -> list[Counted]:
        """The folders that lie in one, with the photos in and below each, in order of their names."""
        return self._inside.get(folder, [])

    def trail(self, folder: str) -> list[str]:
        """The folders from the top down to one."""
        return [above for above in reversed(_with_those_above(folder)) if above in self._found]


def _with_those_above(folder: str) -> list[str]:
    """A folder and all above it, the deepest first; last of all what holds everything, which has no name."""
    path = path_at(folder)
    above = [str(each) for each in path.parents if is_remote(str(each)) == is_remote(folder)]
    return [folder, *above, ""]


def _common(folders: list[str]) -> str:
    if not any(map(is_remote, folders)):
        return os.path.commonpath(folders)
    common = set.intersection(*(set(_with_those_above(folder)) for folder in folders))
    return max(common, key=len)
