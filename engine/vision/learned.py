"""The proposer of the ``default`` preset: the packaged detector."""

import json
from importlib.resources import as_file, files
from pathlib import Path

import torch
from safetensors import SafetensorError
from torch import Tensor

from engine.errors import ModelError
from engine.files import sha256
from engine.vision.backbone import FeatureMaps
from engine.vision.detector import ProposalHead, best_boxes
from engine.vision.proposals import NUM_REGIONS, with_whole_image
from engine.weights import load_weights, save_weights

CONFIG, WEIGHTS = "config.json", "weights.safetensors"


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
    """A trained detector on the backbone's own feature maps."""

    def __init__(self, folder: Path, device: torch.device) -> None:
        self._head = load_head(folder).to(device)
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
        objectness, boxes = self._head(maps)
        return with_whole_image(*best_boxes(objectness, boxes, NUM_REGIONS - 1))
