"""Where each file of a library lies, and how many bytes the files take.

library.sqlite3                              the catalogue: the truth about everything else
library.lock, library.pid                    held by the process that writes
vectors/<build>-<fingerprint>/photos/        segments of region and photo vectors
vectors/<build>-<fingerprint>/sentences/     segments of word and sentence vectors
manifest.json, regions-<generation>-….faiss  the derived FAISS index
"""

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from index.repository import Kind
from index.values import BuildInfo

FAISS_FILES = "regions-*.faiss"
_BUILD_FOLDER = re.compile(r"\d+-[0-9A-Za-z]*")


def build_folder(folder: Path, build: BuildInfo) -> Path:
    """The folder of a build's vectors.

    The number of the build keeps two models apart whose fingerprints begin alike, and old vectors from new ones of
    the same model.
    """
    return folder / "vectors" / f"{build.build_id}-{re.sub('[^0-9A-Za-z]', '', build.fingerprint)[:16]}"


def store_folder(folder: Path, build: BuildInfo, kind: Kind) -> Path:
    """The folder of one kind of a build's vectors."""
    return build_folder(folder, build) / kind


def remove_other_build_folders(folder: Path, builds: Iterable[BuildInfo]) -> None:
    """Remove the vectors of builds that the catalogue no longer knows."""
    known = {build_folder(folder, build).name for build in builds}
    for path in (folder / "vectors").glob("*"):
        if path.is_dir() and _BUILD_FOLDER.fullmatch(path.name) and path.name not in known:
            shutil.rmtree(path)


def bytes_of(paths: Iterable[Path]) -> int:
    """The bytes in files; one that disappears meanwhile counts nothing."""
    total = 0
    for path in paths:
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue
    return total
