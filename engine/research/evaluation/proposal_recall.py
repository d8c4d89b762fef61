"""How many of the annotated boxes the proposed regions find, beside ways to propose that cost less or more."""

import importlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.boxes import overlaps
from engine.errors import DatasetError
from engine.models.multimodal import MultimodalModel
from engine.photos.decode import decode
from engine.research.data.caption_sets import CaptionSet, load_captions
from engine.research.data.entities import load_entities
from engine.research.data.features import Report, no_report, stored_regions
from engine.research.evaluation.percent import percent
from engine.research.evaluation.windows import candidate_windows, greedy_windows
from engine.runtime.extras import install_command
from engine.vision.proposals import NUM_REGIONS, WHOLE_IMAGE, fixed_windows

TRAINING_SPLIT = "train"
SELECTIVE_SEARCH_PACKAGE = "opencv-contrib-python-headless"


@dataclass(frozen=True, slots=True)
class ProposalRecall:
    """Percent of the annotated boxes that a region overlaps with IoU ≥ 0.5 and ≥ 0.7, on how many photos."""

    recall_50: float
    recall_70: float
    photos: int


@dataclass(frozen=True, slots=True)
class ProposalsResult:
    """Recall by the name of what proposed, the model's own first; ``left_out`` says why a row is missing."""

    model: str
    proposer: str
    boxes: int
    photos: int
    rows: dict[str, ProposalRecall]
    left_out: dict[str, str]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def proposal_recall(annotated: Sequence[NDArray[np.float32]], regions: NDArray[np.float32]) -> ProposalRecall:
    """Recall of annotated boxes (n_b, 4) of B photos by the regions (B, R, 4) of each.

    >>> whole = np.float32([[[0, 0, 1, 1]]])
    >>> proposal_recall([np.float32([[0, 0, 1, 0.6], [0, 0, 0.1, 0.1]])], whole)
    ProposalRecall(recall_50=50.0, recall_70=0.0, photos=1)
    """
    best = np.concatenate([
        overlaps(boxes, own).max(axis=1) for boxes, own in zip(annotated, regions, strict=True) if len(boxes)
    ] or [np.zeros(0, np.float32)])  # fmt: skip
    return ProposalRecall(percent(best >= 0.5), percent(best >= 0.7), len(annotated))


def annotated_boxes(captions: CaptionSet) -> list[NDArray[np.float32]]:
    """The boxes (n, 4) of all entities of each photo of a split; one of two entities counts twice.

    Raises:
        DatasetError: there is no annotation, or none of a photo.
    """
    entities = load_entities(captions.folder, captions.split)
    missing = [image.path.name for image in captions.images if image.path.name not in entities]
    if missing:
        raise DatasetError(
            f"{len(missing)} photos have no entities, the first is {missing[0]}; expected one entry each."
        )
    none = np.zeros((0, 4), dtype=np.float32)
    return [np.concatenate([none, *entities[image.path.name].boxes.values()]) for image in captions.images]


def selective_search(pixels: NDArray[np.uint8], num_boxes: int) -> NDArray[np.float32]:
    """The first boxes of selective search (Uijlings et al. 2013, fast mode, its own ranking), the whole image last.

    Args:
        pixels: RGB, (H, W, 3).
        num_boxes: beside the whole image; where fewer are found, the whole image fills up.

    Returns:
        (num_boxes + 1, 4).

    Raises:
        ImportError: OpenCV's contributed modules are not installed.
    """
    cv2 = importlib.import_module("cv2")
    if not hasattr(cv2, "ximgproc"):
        raise ImportError("cv2 has no ximgproc")
    search = cv2.ximgproc.segmentation.createSelectiveSearchSegmentation()
    search.setBaseImage(np.ascontiguousarray(pixels[..., ::-1]))  # OpenCV takes BGR
    search.switchToSelectiveSearchFast()
    found = np.asarray(search.process(), dtype=np.float32).reshape(-1, 4)[:num_boxes]  # x, y, width, height
    height, width = pixels.shape[:2]
    boxes = np.tile(np.array(WHOLE_IMAGE, dtype=np.float32), (num_boxes + 1, 1))
    corners = np.concatenate([found[:, :2], found[:, :2] + found[:, 2:]], axis=1)
    boxes[: len(found)] = corners / np.array([width, height] * 2, dtype=np.float32)
    return boxes


def evaluate_proposals(
    model: MultimodalModel, data: Path, split: str, selective_search_photos: int = 100, report: Report = no_report
) -> ProposalsResult:
    """Recall of the model's regions, of fixed windows, of the best fixed windows, and of selective search.

    Args:
        model: whose proposer is measured.
        data: a folder with ``dataset.json``, ``entities.json`` and ``images/<split>/``.
        split: of ``data``; the best fixed windows are chosen on its split "train".
        selective_search_photos: how many photos that is run on, evenly spread over the split; it is slow.
        report: told of the progress.

    Raises:
        DatasetError: the set or the split cannot be read.
        PhotoError: one of its photos cannot be decoded.
    """
    captions = load_captions(data, split)
    annotated = annotated_boxes(captions)
    paths = [image.path for image in captions.images]
    rows = {"model": proposal_recall(annotated, stored_regions(model.regions, paths, report=report).boxes)}
    left_out = {}

    windows = fixed_windows()
    rows["fixed windows"] = proposal_recall(annotated, _same(windows, len(paths)))
    name = "best fixed windows"
    try:
        training = load_entities(data, TRAINING_SPLIT)
        boxes = np.concatenate([own for photo in training.values() for own in photo.boxes.values()])
        chosen = greedy_windows(boxes, candidate_windows(), NUM_REGIONS - 1)
        rows[name] = proposal_recall(annotated, _same(chosen, len(paths)))
    except DatasetError as error:
        left_out[name] = f"they are chosen on the training boxes: {error}"

    some = np.unique(np.linspace(0, len(paths) - 1, min(selective_search_photos, len(paths))).round().astype(int))
    name = "selective search"
    try:
        found = []
        for number, row in enumerate(some):
            found.append(selective_search(np.asarray(decode(paths[row]).image), NUM_REGIONS - 1))
            report("selective search", number + 1, len(some))
        if found:
            rows[name] = proposal_recall([annotated[row] for row in some], np.stack(found))
    except ImportError:
        left_out[name] = f"it needs OpenCV's contributed modules; run `{install_command(SELECTIVE_SEARCH_PACKAGE)}`"
    proposer = model.folder.config.architecture.proposer
    return ProposalsResult(model.name, proposer, sum(map(len, annotated)), len(paths), rows, left_out)


def _same(windows: NDArray[np.float32], num_photos: int) -> NDArray[np.float32]:
    return np.broadcast_to(windows, (num_photos, *windows.shape))
