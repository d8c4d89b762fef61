"""Folders with some of the photos of another one, and libraries that are made in one go."""

import shutil
from itertools import islice
from pathlib import Path


def copy_some(source: Path, count: int, folder: Path) -> Path:
    """Put the first so many photos of ``source`` into a folder, which is made if it is not there; returns it."""
    folder.mkdir(exist_ok=True)
    for path in islice(sorted(source.iterdir()), count):
        shutil.copyfile(path, folder / path.name)
    return folder


def library_of(photos: Path, folder: Path, *sentence_files: Path) -> Path:
    """Make a library of photos and sentences in a folder; returns that."""
    from engine import Engine

    with Engine.open(folder, device="cpu") as engine:
        engine.index([photos], sentence_files)
    return folder
