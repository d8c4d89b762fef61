"""Whether the photo files of a library are what was indexed: every byte of them is read, and nothing is written."""

import os
from contextlib import closing
from dataclasses import dataclass
from typing import Literal

from engine.errors import PhotoError
from engine.library.report import Progress, Report
from engine.library.roots import may_be_opened
from engine.photos.hashing import content_hash
from engine.photos.walk import FoundPhoto
from engine.runtime.ahead import in_order
from index import LibraryAddress, StoredPhoto, read_photos, read_roots


@dataclass(frozen=True, slots=True)
class FileProblem:
    """A photo whose file is not what was indexed, and what the next `engine index --check-content` makes of it."""

    kind: Literal["changed", "missing", "unreadable", "outside"]
    path: str
    text: str


def check_photo_files(folder: LibraryAddress, report: Report = lambda _: None) -> tuple[int, list[FileProblem]]:
    """How many photos searches find, and what is wrong with their files, in order of path.

    A photo that lies in none of the library's roots is not opened: a library of somebody else must not have any file
    read that it names.

    Raises:
        LibraryMissingError: there is no library in the folder.
        LibraryError: it cannot be read.
    """
    roots, photos = read_roots(folder), sorted(read_photos(folder), key=lambda photo: photo.path)
    problems = []
    with closing(in_order(lambda photo: _problem(photo, roots), photos, os.cpu_count() or 1, "verify")) as checked:
        for number, problem in enumerate(checked, start=1):
            report(Progress("files", number, len(photos)))
            if problem is not None:
                problems.append(problem)
    return len(photos), problems


def _problem(photo: StoredPhoto, roots: list[str]) -> FileProblem | None:
    if not may_be_opened(photo.path, roots):
        return FileProblem("outside", photo.path, "it lies in no folder of this library, so it was not opened")
    try:
        if content_hash(photo.path) == photo.content_hash:
            return None
        now = FoundPhoto.at(photo.path)
    except PhotoError as error:
        gone = isinstance(error.__cause__, FileNotFoundError | NotADirectoryError)
        return FileProblem("missing" if gone else "unreadable", photo.path, error.reason)
    except OSError as error:
        return FileProblem("missing", photo.path, f"it went away while it was read: {error.strerror or error}")
    unseen = (now.size, now.mtime_ns) == (photo.size, photo.mtime_ns)
    kept = "though its size and time are what they were" if unseen else "and so are its size or time"
    return FileProblem("changed", photo.path, f"its content is not what was indexed, {kept}")
