"""The one training loop: an architecture and its training settings in, the best weights on validation out."""

import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from engine.alignment.config import ModelConfig, Training
from engine.alignment.model import AlignmentModel
from engine.research.data.batches import Pairs
from engine.research.evaluation.retrieval import Recalls, RetrievalResult
from engine.research.evaluation.split import EncodedSplit, evaluate
from engine.research.training.checkpoint import Stateful, load_checkpoint, save_checkpoint
from engine.research.training.log import Log
from engine.research.training.objective import Objective
from engine.research.training.schedule import learning_rate_factor
from engine.research.training.step import take_step
from engine.research.training.teachers import Teacher

STATISTICS_SAMPLE = 300  # photos that tell how large each channel of the features is


@dataclass(frozen=True, slots=True)
class Trained:
    """The best model of a run, the epoch it came from (from 1), and its figures on validation."""

    model: AlignmentModel
    epoch: int
    result: RetrievalResult


def _optimizer(parameters: list[nn.Parameter], training: Training) -> torch.optim.Optimizer:
    if training.optimizer == "sgd":
        return torch.optim.SGD(
            parameters,
            training.learning_rate,
            momentum=training.momentum,
            weight_decay=training.weight_decay,
        )
    return torch.optim.AdamW(parameters, training.learning_rate, weight_decay=training.weight_decay)


def train(
    config: ModelConfig,
    pairs: Pairs,
    validation: EncodedSplit,
    checkpoint: Path,
    log: Log,
    prepare: Callable[[AlignmentModel], None] = lambda _: None,
    teachers: Sequence[Teacher] = (),
) -> Trained:
    """Train, or go on with the run that ``checkpoint`` holds.

    Args:
        config: the architecture and its training settings.
        pairs: the training split.
        validation: measured after each epoch; the epoch with the largest sum of recalls is kept.
        checkpoint: written after each epoch.
        log: called after each epoch with its figures.
        prepare: fills what is fixed in the new model before its first step.
        teachers: models to learn from; see ``Training.distillation``.

    Raises:
        ModelError: the checkpoint belongs to another configuration.
    """
    training = config.training
    torch.manual_seed(training.seed)
    model = AlignmentModel(config.architecture, training.dropout)
    model.fit_features(pairs.sample_features(STATISTICS_SAMPLE))
    prepare(model)
    objective = Objective(training, teachers)
    parameters = [*model.parameters(), *objective.parameters()]
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(training.average))  # type: ignore[no-untyped-call]
    optimizer = _optimizer(parameters, training)
    parts: dict[str, Stateful] = {
        "model": model, "average": average, "objective": objective, "optimizer": optimizer,
    }  # fmt: skip
    progress: dict[str, Any] = {"epoch": 0, "best_epoch": 0, "best_sum": -1.0, "best": {}}
    if checkpoint.is_file():
        progress = load_checkpoint(checkpoint, asdict(config), parts)

    kept = copy.deepcopy(model)
    num_steps = training.epochs * pairs.num_batches
    for epoch in range(progress["epoch"], training.epochs):
        started = time.monotonic()
        model.train()
        losses = []
        for number, batch in enumerate(pairs.epoch(training.seed * 1000 + epoch)):
            factor = learning_rate_factor(epoch * pairs.num_batches + number, num_steps, training.warmup)
            loss = objective(model, batch)
            rate = training.learning_rate * factor
            losses.append(take_step(loss, optimizer, rate, training.clip, training.clip_length))
            average.update_parameters(model)
        trained_in = time.monotonic() - started
        kept.load_state_dict((average.module if training.average else model).state_dict())
        result = evaluate(kept, validation)
        if result.sum_of_recalls > progress["best_sum"]:
            state = {name: tensor.clone() for name, tensor in kept.state_dict().items()}
            progress |= {"best_epoch": epoch + 1, "best_sum": result.sum_of_recalls, "best": state}
        progress["epoch"] = epoch + 1
        save_checkpoint(checkpoint, asdict(config), parts, progress)
        log({
            "epoch": epoch + 1, "loss": round(float(np.mean(losses)), 4), "seconds": round(trained_in, 1),
            "image_to_sentence": _row(result.image_to_sentence), "sentence_to_image": _row(result.sentence_to_image),
            "sum": round(result.sum_of_recalls, 2),
        })  # fmt: skip
    kept.load_state_dict(progress["best"])
    return Trained(kept, progress["best_epoch"], evaluate(kept, validation))


def _row(side: Recalls) -> list[float]:
    return [side.r1, side.r5, side.r10, side.median_rank]
