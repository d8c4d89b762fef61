"""The proposers by the name that a model's configuration gives them."""

import torch

from engine.errors import ModelError
from engine.vision.proposals import FixedWindows, Proposer

PROPOSERS = ("learned", "fixed_windows", "faster_rcnn")


def create_proposer(name: str, device: torch.device, *, may_download: bool = False) -> Proposer:
    """The proposer a model's configuration names: ``learned``, ``fixed_windows`` or ``faster_rcnn``.

    Raises:
        ModelError: an unknown name, or weights that are missing, damaged or cannot be downloaded.
    """
    # Detectors need torchvision, which takes seconds to import.
    if name == "fixed_windows":
        return FixedWindows()
    if name == "learned":
        from engine.vision.learned import LearnedProposals

        return LearnedProposals.packaged(device)
    if name == "faster_rcnn":
        from engine.vision.faster_rcnn import FasterRcnn

        return FasterRcnn(device, may_download=may_download)
    raise ModelError(f"The proposer {name!r} is not known; use {', '.join(PROPOSERS)}.")
