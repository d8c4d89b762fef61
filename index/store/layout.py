"""Where each file of a library lies, and how many bytes the files take.

library.sqlite3                              the catalogue: the truth about everything else
library.seal                                 its checksum, written when a writer is done
library.lock, library.pid                    held by the process that writes
service.socket                               of a service that runs
vectors/<build>-<fingerprint>/photos/        segments of region and photo vectors
vectors/<build>-<fingerprint>/sentences/     segments of word and sentence vectors
vectors/<build>-<fingerprint>-<generation>/  the same, after the vectors were compacted so many times
manifest.json, regions-<generation>-….faiss  the derived FAISS index
"""

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from index.values import BuildInfo, VectorKind

DATABASE = "library.sqlite3"
SEAL = "library.seal"
FAISS_FILES = "regions-*.faiss"
BUILD_FOLDER = re.compile(r"\d+-[0-9A-Za-z]*(-\d+)?")


def build_folder(folder: Path, build: BuildInfo) -> Path:
    """The folder of a build's vectors.

    The number of the build keeps two models apart whose fingerprints begin alike, and old vectors from new ones of
    the same model; the generation keeps vectors apart from what was compacted out of them.
    """
    name = f"{build.build_id}-{re.sub('[^0-9A-Za-z]', '', build.fingerprint)[:16]}"
    return folder / "vectors" / (f"{name}-{build.vectors_generation}" if build.vectors_generation else name)


def store_folder(folder: Path, build: BuildInfo, kind: VectorKind) -> Path:
    """The folder of one kind of a build's vectors."""
    return build_folder(folder, build) / kind


def remove_other_build_folders(folder: Path, builds: Iterable[BuildInfo]) -> None:
    """Remove the vectors of builds and of generations that the catalogue does not know (any more)."""
    for path in other_build_folders(folder, builds):
        shutil.rmtree(path)


def other_build_folders(folder: Path, builds: Iterable[BuildInfo]) -> list[Path]:
    """The folders of vectors of builds and of generations that the catalogue does not know (any more)."""
    known = {build_folder(folder, build).name for build in builds}
    folders = sorted((folder / "vectors").glob("*"))
    return [path for path in folders if path.is_dir() and BUILD_FOLDER.fullmatch(path.name) and path.name not in known]


def bytes_of(paths: Iterable[Path]) -> int:
    """The bytes in files; one that disappears meanwhile counts nothing."""
    total = 0
    for path in paths:
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue
    return total
