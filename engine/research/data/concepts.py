"""Named objects in photos: ``concepts.json`` beside ``dataset.json``, for measuring queries of one concept."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.errors import DatasetError
from engine.research.data.entities import relative_boxes

FILE = "concepts.json"


@dataclass(frozen=True, slots=True, eq=False)
class ConceptSet:
    """B photos and the concepts in them.

    ``boxes`` has, for each concept by name, the rows of the photos that hold it and the boxes (n, 4) of it there, x0 y0
    x1 y1 from 0 to 1.
    """

    photos: tuple[Path, ...]
    boxes: Mapping[str, Mapping[int, NDArray[np.float32]]]


def load_concepts(folder: Path, split: str) -> ConceptSet:
    """The concepts of the photos in ``images/<split>/``; a photo that holds none is there to be confused with.

    Raises:
        DatasetError: the file is missing or not in the format, or photos of it are missing.
    """
    path = folder / FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        names = [str(name) for name in content["photos"]]
        concepts = {str(concept): dict(found) for concept, found in content["concepts"].items()}
    except FileNotFoundError as error:
        raise DatasetError(
            f"{path} does not exist; expected a folder with {FILE} (concepts and their boxes) and images/<split>/."
        ) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DatasetError(
            f"{path} is not in the format ({type(error).__name__}: {error}); expected "
            '{"photos": [filename], "concepts": {name: {filename: [[x0, y0, x1, y1]]}}}.'
        ) from error
    photos = tuple(folder / "images" / split / name for name in names)
    missing = [photo for photo in photos if not photo.is_file()]
    if missing:
        raise DatasetError(f"{len(missing)} of {len(photos)} photos of {path} are missing, the first is {missing[0]}.")
    if not photos or not any(concepts.values()):
        raise DatasetError(f"{path} names no concept in any photo; expected at least one.")
    rows = {name: row for row, name in enumerate(names)}
    sizes = [_size(photo) for photo in photos]
    try:
        boxes = {
            concept: {rows[name]: relative_boxes(pixels, *sizes[rows[name]]) for name, pixels in found.items()}
            for concept, found in concepts.items()
            if found
        }
    except (KeyError, TypeError, ValueError) as error:
        raise DatasetError(
            f"{path}: a concept has a photo that is not listed, or boxes that are none ({error})."
        ) from error
    return ConceptSet(photos, boxes)


def _size(photo: Path) -> tuple[int, int]:
    try:
        with Image.open(photo) as image:
            return image.size
    except OSError as error:
        raise DatasetError(f"{photo} is not a photo that can be read ({error}).") from error
