"""Region proposals on a CPU, without torch, by the name that a model's configuration gives them."""

import json
from collections.abc import Callable, Sequence
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnxruntime import InferenceSession

from engine.errors import ModelError
from engine.runtime.onnx import Traced, open_session
from engine.runtime.packaged import CONFIG, explaining_damage
from engine.vision.inference import Maps
from engine.vision.proposals import NUM_REGIONS, WINDOWS_IDENTITY, detector_identity, fixed_windows, require_channels
from index.scoring.threads import in_threads

PROPOSERS = ("learned", "fixed_windows", "faster_rcnn")

Boxes = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Boxes (B, R, 4), x0 y0 x1 y1 from 0 to 1, the whole image last, and their objectness (B, R) from 0 to 1."""

Proposer = Callable[[Maps], Boxes]
"""Proposes regions for a batch from the backbone's maps."""


class Windows:
    """The same windows for every photo, of objectness 1: nothing is known of them."""

    identity = WINDOWS_IDENTITY

    def __call__(self, maps: Maps) -> Boxes:
        """Boxes (B, R, 4) and objectness (B, R)."""
        batch = len(maps[-1])
        return np.broadcast_to(fixed_windows(), (batch, NUM_REGIONS, 4)), np.ones((batch, NUM_REGIONS), np.float32)


class LearnedProposals:
    """The detector of a folder on the backbone's own feature maps, in ONNX Runtime, a photo in each thread.

    Raises:
        ModelError: its files are missing or damaged.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with explaining_damage("detector", folder):
            self._channels = tuple(json.loads((folder / CONFIG).read_text(encoding="utf-8"))["channels"])
            self.identity = detector_identity(folder)
        self._sessions: dict[tuple[tuple[int, ...], ...], InferenceSession] = {}  # by the sizes of the maps

    @classmethod
    def packaged(cls) -> "LearnedProposals":
        """The detector that comes with the package."""
        with as_file(files("engine.pretrained") / "proposals") as folder:
            return cls(folder)

    def __call__(self, maps: Maps) -> Boxes:
        """Boxes (B, R, 4), the whole image last, and objectness (B, R)."""
        require_channels(maps, self._channels)
        sizes = tuple(map_.shape[1:] for map_ in maps)
        if sizes not in self._sessions:
            key = f"proposals|{self.identity}|{sizes}"
            self._sessions[sizes] = open_session(key, lambda: self._traced(sizes), threads=1)
        session = self._sessions[sizes]
        names = [given.name for given in session.get_inputs()]

        def propose(row: int) -> Sequence[NDArray[np.float32]]:
            photo = {name: map_[row : row + 1] for name, map_ in zip(names, maps, strict=True)}
            found: Sequence[NDArray[np.float32]] = session.run(None, photo)
            return found

        found = in_threads(propose, range(len(maps[-1])))
        boxes, objectness = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return boxes, objectness

    def _traced(self, sizes: tuple[tuple[int, ...], ...]) -> Traced:
        from engine.vision.learned import traced

        return traced(self._folder, sizes)


def create_proposer(name: str) -> Windows | LearnedProposals:
    """``learned`` or ``fixed_windows``; ``faster_rcnn`` needs torch, see ``torch_encoder``.

    Raises:
        ModelError: an unknown name, or a detector that is damaged.
    """
    if name == "fixed_windows":
        return Windows()
    if name == "learned":
        return LearnedProposals.packaged()
    raise ModelError(f"The proposer {name!r} is not known; use {', '.join(PROPOSERS)}.")
