"""The proposer of the ``default`` preset: the packaged detector."""

import json
from importlib.resources import as_file, files
from pathlib import Path

import torch
from onnxruntime import InferenceSession
from safetensors import SafetensorError
from torch import Tensor, nn

from engine.errors import ModelError
from engine.runtime.files import sha256
from engine.runtime.onnx import open_session
from engine.runtime.weights import load_weights, save_weights
from engine.vision.backbone import FeatureMaps
from engine.vision.detector import ProposalHead, best_boxes
from engine.vision.proposals import NUM_REGIONS, with_whole_image

CONFIG, WEIGHTS = "config.json", "weights.safetensors"
LEVELS = ("fine", "middle", "coarse")
MAX_BATCH = 1024


def save_head(folder: Path, head: ProposalHead) -> None:
    """Write a detector; weights in half precision."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CONFIG).write_text(json.dumps({"channels": head.channels, "width": head.width}) + "\n", encoding="utf-8")
    save_weights(folder / WEIGHTS, head)


def load_head(folder: Path) -> ProposalHead:
    """Read a detector, frozen and in evaluation mode.

    Raises:
        ModelError: its files are missing or damaged.
    """
    try:
        settings = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        head = ProposalHead(tuple(settings["channels"]), settings["width"])
        load_weights(folder / WEIGHTS, head)
    except (OSError, SafetensorError, RuntimeError, ValueError, KeyError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise ModelError(
            f"The proposals in {folder} cannot be loaded ({reason}); install the package again, or train them with "
            "scripts/train_proposals."
        ) from error
    return head.eval().requires_grad_(False)


class LearnedProposals:
    """A trained detector on the backbone's own feature maps; in ONNX Runtime on a CPU, twice as fast as torch."""

    def __init__(self, folder: Path, device: torch.device) -> None:
        self._head = load_head(folder).to(device)
        self._sessions: dict[tuple[torch.Size, ...], InferenceSession] = {}  # by the sizes of the maps
        self.identity = f"learned/1/{sha256(folder / WEIGHTS)[:16]}"

    @classmethod
    def packaged(cls, device: torch.device) -> "LearnedProposals":
        """The detector that comes with the package."""
        with as_file(files("engine.pretrained") / "proposals") as folder:
            return cls(folder, device)

    @torch.inference_mode()
    def __call__(self, pixels: Tensor, maps: FeatureMaps) -> tuple[Tensor, Tensor]:
        """Boxes (B, R, 4), the whole image last, and objectness (B, R)."""
        if tuple(map_.shape[1] for map_ in maps) != self._head.channels:
            raise ModelError(
                f"The learned proposals were trained on feature maps of {self._head.channels} channels, and this "
                f"backbone gives {tuple(map_.shape[1] for map_ in maps)}; use fixed_windows or faster_rcnn with it."
            )
        objectness, boxes = self._head(maps) if maps[-1].is_cuda else self._on_cpu(maps)
        return with_whole_image(*best_boxes(objectness, boxes, NUM_REGIONS - 1))

    def _on_cpu(self, maps: FeatureMaps) -> tuple[Tensor, Tensor]:
        sizes = tuple(map_.shape[1:] for map_ in maps)
        if sizes not in self._sessions:
            self._head(maps)  # makes the anchors, which are constants of the exported network
            example = {name: torch.zeros(2, *size) for name, size in zip(LEVELS, sizes, strict=True)}
            batch = torch.export.Dim("batch", min=1, max=MAX_BATCH)
            key = f"proposals|{self.identity}|{sizes}"
            self._sessions[sizes] = open_session(
                key, _OfLevels(self._head), example, {name: {0: batch} for name in LEVELS}
            )
        levels = {name: map_.numpy() for name, map_ in zip(LEVELS, maps, strict=True)}
        objectness, boxes = self._sessions[sizes].run(None, levels)
        return torch.from_numpy(objectness), torch.from_numpy(boxes)


class _OfLevels(nn.Module):
    """The detector with a name for each level."""

    def __init__(self, head: ProposalHead) -> None:
        super().__init__()
        self.head = head

    def forward(self, fine: Tensor, middle: Tensor, coarse: Tensor) -> tuple[Tensor, Tensor]:
        objectness, boxes = self.head((fine, middle, coarse))
        return objectness, boxes
