"""Walking objects in storage as if they lay in folders: which of them are photos, and which are to be left alone."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from engine.errors import PhotoError, PhotoPathError
from engine.photos import ignore, object_storage
from engine.photos.access import os_reason
from engine.photos.formats import EXTENSIONS
from engine.photos.location import has_odd_part
from engine.photos.object_storage import StorageError, StoredObject
from engine.photos.sidecars import SUFFIXES, names_beside


@dataclass(slots=True)
class ObjectWalk:
    """What was found: photos, the objects that may say something about those beside them, what could not be looked at
    and why, and what was passed by, as ``engine.photos.walk.Scan`` counts it.
    """

    photos: list[StoredObject] = field(default_factory=list)
    sidecars: list[StoredObject] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)


def walk_objects(root: str) -> ObjectWalk:
    """The object at an address, or all below it; they are listed, and only ``.engineignore`` is read.

    Raises PhotoPathError where nothing is there, or the storage does not answer.
    """
    walked = ObjectWalk()
    try:
        named = object_storage.status(root)
        if named is not None:
            return ObjectWalk([named], list(_beside(root)))
        objects = list(object_storage.objects_below(root))
        folders = _Folders(root, objects, walked)
    except StorageError as error:
        raise PhotoPathError(root, os_reason(error)) from error
    for each in objects:
        folder, _, name = each.url.rpartition("/")
        rules = folders.rules_in(folder)
        extension = Path(name).suffix.lower()
        if rules is None or ignore.is_hidden(name) or not name:
            continue
        if extension not in EXTENSIONS:
            walked.skipped[extension] += 1
            if extension in SUFFIXES:
                walked.sidecars.append(each)
        elif ignore.is_ignored(rules, each.url, is_folder=False):
            walked.skipped[extension] += 1
        elif has_odd_part(each.url):
            walked.failures.append((each.url, "a part of its name is empty, . or .., as of no path; rename it"))
        else:
            walked.photos.append(each)
    return walked


def _beside(photo: str) -> Iterator[StoredObject]:
    """The sidecars of one photo, asked for by name: its folder may hold a million others."""
    folder, _, name = photo.rpartition("/")
    for sidecar in names_beside(name):
        try:
            found = object_storage.status(f"{folder}/{sidecar}")
        except FileNotFoundError:
            continue
        if found is not None:
            yield found


class _Folders:
    """The ignore rules that hold in each folder of a walk, each folder looked at once."""

    def __init__(self, root: str, objects: list[StoredObject], walked: ObjectWalk) -> None:
        self._with_rules = {
            each.url.rpartition("/")[0] for each in objects if each.url.rpartition("/")[2] == ignore.NAME
        }
        self._walked = walked
        self._known: dict[str, tuple[ignore.IgnoreRules, ...] | None] = {}
        try:
            self._known[root] = self._with_own(root, ignore.rules_above(root))
        except PhotoError as error:
            self._leave_out(root, error)

    def rules_in(self, folder: str) -> tuple[ignore.IgnoreRules, ...] | None:
        """The rules, outermost first; None in a folder that is left out."""
        if folder not in self._known:
            self._known[folder] = self._found(folder)
        return self._known[folder]

    def _found(self, folder: str) -> tuple[ignore.IgnoreRules, ...] | None:
        above, _, name = folder.rpartition("/")
        rules = self.rules_in(above)
        if rules is None or ignore.is_hidden(name):
            return None
        if ignore.is_ignored(rules, folder, is_folder=True):
            self._walked.skipped["/"] += 1
            return None
        try:
            return self._with_own(folder, rules)
        except PhotoError as error:
            self._leave_out(folder, error)
            return None

    def _with_own(self, folder: str, rules: tuple[ignore.IgnoreRules, ...]) -> tuple[ignore.IgnoreRules, ...]:
        return (*rules, ignore.read_rules(folder)) if folder in self._with_rules else rules

    def _leave_out(self, folder: str, error: PhotoError) -> None:
        self._known[folder] = None
        self._walked.failures.append((folder, str(error)))
