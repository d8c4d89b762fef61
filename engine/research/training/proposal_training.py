"""Training the learned proposals: a class-agnostic detector on the frozen backbone's maps."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torchvision.models.detection._utils import Matcher
from torchvision.ops import box_iou, generalized_box_iou_loss

from engine.research.data.features import view_of
from engine.research.data.maps import StoredMaps
from engine.research.evaluation.proposal_recall import proposal_recall
from engine.research.training.checkpoint import Stateful, load_checkpoint, save_checkpoint
from engine.research.training.log import Log
from engine.research.training.schedule import learning_rate_factor
from engine.research.training.step import take_step
from engine.vision.backbone import FeatureMaps
from engine.vision.detector import ProposalHead, anchors, best_boxes
from engine.vision.proposals import NUM_REGIONS

IMAGE_BLOCK = 50
CLIP_LENGTH = 5.0  # of the gradient


@dataclass(frozen=True, slots=True)
class ProposalTraining:
    """How the detector is made and trained."""

    width: int = 96
    epochs: int = 6
    batch_size: int = 16
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    warmup: float = 0.08
    positive: float = 0.5  # IoU from which an anchor belongs to a box
    negative: float = 0.4  # IoU below which it belongs to none
    box_weight: float = 2.0  # of the boxes' loss against that of the objectness
    average: float = 0.998
    seed: int = 1


def proposal_loss(
    objectness: Tensor, boxes: Tensor, anchor_boxes: Tensor, targets: Sequence[Tensor], matcher: Matcher
) -> tuple[Tensor, Tensor]:
    """Losses of objectness and of boxes, summed over the anchors and divided by the number of those with a box.

    The objectness of an anchor is to be the overlap that its own box reaches (quality focal loss, Li et al. 2020), so
    that what ranks first is also what fits best. Boxes are compared by the generalised IoU.

    Args:
        objectness: (B, A), before the sigmoid.
        boxes: (B, A, 4).
        anchor_boxes: (A, 4).
        targets: annotated boxes (n, 4) of each image.
        matcher: says which anchor belongs to which box.
    """
    quality = torch.zeros_like(objectness)
    box_loss, num_matched = objectness.new_zeros(()), 0
    for row, target in enumerate(targets):
        if not len(target):
            continue
        match = matcher(box_iou(target, anchor_boxes))  # (A,), below zero: none, or in between
        own = match >= 0
        box_loss = box_loss + generalized_box_iou_loss(boxes[row][own], target[match[own]], reduction="sum")
        num_matched += int(own.sum())
        reached = box_iou(boxes[row].detach(), target).amax(dim=1)
        between = (match == Matcher.BETWEEN_THRESHOLDS) & (reached > 0.5)
        quality[row] = torch.where(own | between, reached, 0.0)
    focus = (objectness.sigmoid().detach() - quality).square()
    object_loss = (F.binary_cross_entropy_with_logits(objectness, quality, reduction="none") * focus).sum()
    return object_loss / max(1, num_matched), box_loss / max(1, num_matched)


@torch.inference_mode()
def propose(head: ProposalHead, maps: StoredMaps, num_boxes: int) -> NDArray[np.float32]:
    """The best boxes (n, num_boxes, 4) of n photos, without the whole image."""
    head.eval()
    found = []
    for start in range(0, len(maps), IMAGE_BLOCK):
        objectness, candidates = head(maps.batch(range(start, min(start + IMAGE_BLOCK, len(maps)))))
        found.append(best_boxes(objectness, candidates, num_boxes)[0].numpy())
    return np.concatenate(found)


def train_proposals(
    training: ProposalTraining,
    views: Sequence[StoredMaps],
    boxes: Sequence[NDArray[np.float32]],
    validation: tuple[StoredMaps, Sequence[NDArray[np.float32]]],
    checkpoint: Path,
    log: Log,
) -> ProposalHead:
    """Train, or go on with the run that ``checkpoint`` holds.

    Args:
        training: the settings.
        views: the maps of each view of the training photos.
        boxes: the annotated boxes (n, 4) of each training photo, from 0 to 1.
        validation: maps and boxes to measure on after each epoch.
        checkpoint: written after each epoch.
        log: called after each epoch with its figures.

    Raises:
        ModelError: the checkpoint belongs to other settings.
    """
    torch.manual_seed(training.seed)
    fine, middle, coarse = views[0].channels
    head = ProposalHead((fine, middle, coarse), training.width)
    average = AveragedModel(head, multi_avg_fn=get_ema_multi_avg_fn(training.average))  # type: ignore[no-untyped-call]
    optimizer = torch.optim.AdamW(head.parameters(), training.learning_rate, weight_decay=training.weight_decay)
    matcher = Matcher(training.positive, training.negative, allow_low_quality_matches=True)
    parts: dict[str, Stateful] = {"head": head, "average": average, "optimizer": optimizer}
    progress = {"epoch": 0}
    if checkpoint.is_file():
        progress = load_checkpoint(checkpoint, asdict(training), parts)
    num_batches = len(boxes) // training.batch_size
    for epoch in range(progress["epoch"], training.epochs):
        started, losses = time.monotonic(), []
        random = np.random.default_rng((training.seed, epoch))
        order = random.permutation(len(boxes))
        for number in range(num_batches):
            rows = np.sort(order[number * training.batch_size : (number + 1) * training.batch_size])
            view = int(random.integers(len(views)))
            step = epoch * num_batches + number
            factor = learning_rate_factor(step, training.epochs * num_batches, training.warmup)
            targets = [torch.from_numpy(view_of(view, int(row)).shown(boxes[row])) for row in rows]
            rate = training.learning_rate * factor
            losses.append(_step(head, views[view].batch(rows), targets, matcher, optimizer, training, rate))
            average.update_parameters(head)
        val_maps, val_boxes = validation
        recall = proposal_recall(val_boxes, propose(average.module, val_maps, NUM_REGIONS - 1))  # type: ignore[arg-type]
        save_checkpoint(checkpoint, asdict(training), parts, {"epoch": epoch + 1})
        log({
            "epoch": epoch + 1, "loss": [round(value, 4) for value in np.mean(losses, axis=0).tolist()],
            "recall_50": recall.recall_50, "recall_70": recall.recall_70,
            "seconds": round(time.monotonic() - started, 1),
        })  # fmt: skip
    head.load_state_dict(average.module.state_dict())
    return head.eval()


def _step(
    head: ProposalHead,
    maps: FeatureMaps,
    targets: Sequence[Tensor],
    matcher: Matcher,
    optimizer: torch.optim.Optimizer,
    training: ProposalTraining,
    rate: float,
) -> tuple[float, float]:
    objectness, boxes = head(maps)
    anchor_boxes = anchors([maps[1], maps[2]])
    object_loss, box_loss = proposal_loss(objectness, boxes, anchor_boxes, targets, matcher)
    take_step(object_loss + training.box_weight * box_loss, optimizer, rate, clip=0, clip_length=CLIP_LENGTH)
    return object_loss.item(), box_loss.item()
