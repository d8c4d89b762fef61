"""The proposer of the ``default`` preset, the packaged detector, in torch: on disk, on a GPU, and to be exported."""

import json
from collections.abc import Sequence
from importlib.resources import as_file, files
from pathlib import Path

import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from engine.errors import ModelError
from engine.runtime.onnx import Traced
from engine.runtime.packaged import CONFIG, WEIGHTS
from engine.runtime.weights import load_weights, save_weights
from engine.vision.backbone import FeatureMaps
from engine.vision.detector import ProposalHead, best_boxes, with_whole_image
from engine.vision.proposals import NUM_REGIONS, detector_identity, require_channels

LEVELS = ("fine", "middle", "coarse")


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


class TorchDetector:
    """A trained detector on the backbone's own feature maps."""

    def __init__(self, folder: Path, device: torch.device) -> None:
        self._head = load_head(folder).to(device)
        self.identity = detector_identity(folder)

    @classmethod
    def packaged(cls, device: torch.device) -> "TorchDetector":
        """The detector that comes with the package."""
        with as_file(files("engine.pretrained") / "proposals") as folder:
            return cls(folder, device)

    @torch.inference_mode()
    def __call__(self, pixels: Tensor, maps: FeatureMaps) -> tuple[Tensor, Tensor]:
        """Boxes (B, R, 4), the whole image last, and objectness (B, R)."""
        require_channels(maps, self._head.channels)
        return _proposals(self._head, maps)


def traced(folder: Path, sizes: Sequence[tuple[int, ...]]) -> Traced:
    """A trained detector, to be exported for one photo whose maps have these sizes (C, h, w)."""
    head = load_head(folder)
    inputs = {name: torch.zeros(1, *size) for name, size in zip(LEVELS, sizes, strict=True)}
    head(tuple(inputs.values()))  # makes the anchors, which are constants of the exported network
    return Traced(_OfLevels(head), inputs, {})


class _OfLevels(nn.Module):
    """The detector with a name for each level."""

    def __init__(self, head: ProposalHead) -> None:
        super().__init__()
        self.head = head

    def forward(self, fine: Tensor, middle: Tensor, coarse: Tensor) -> tuple[Tensor, Tensor]:
        return _proposals(self.head, (fine, middle, coarse))


def _proposals(head: ProposalHead, maps: FeatureMaps) -> tuple[Tensor, Tensor]:
    objectness, boxes = head(maps)
    return with_whole_image(*best_boxes(objectness, boxes, NUM_REGIONS - 1))
