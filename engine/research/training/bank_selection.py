"""The very last step of a training: the photos that sentences are compared on, and the sentences that photos are."""

from collections.abc import Sequence

import numpy as np
import torch

from engine.alignment.config import Architecture
from engine.alignment.embeddings import WordBatch
from engine.alignment.model import AlignmentModel
from engine.errors import ModelError
from engine.research.data.batches import TrainingSet
from engine.research.data.features import SentenceVectors, StoredRegions

SHARPNESS = 0.5  # in the contrastive objective's inverse temperature
PHOTO_WEIGHT, SENTENCE_WEIGHT = 0.7, 0.5


def require_enough(architecture: Architecture, main: TrainingSet, others: Sequence[TrainingSet]) -> None:
    """Refuse banks that the training sets cannot fill, before a training that would end with that.

    Raises:
        ModelError: there are fewer photos or sentences than they hold.
    """
    _rows([len(part.views[0]) for part in (main, *others)], architecture.bank, "photos")
    _rows([len(part.sentences) for part in (main, *others)], architecture.sentence_bank, "sentences")


@torch.no_grad()
def fill_bank(model: AlignmentModel, main: StoredRegions, others: Sequence[StoredRegions]) -> None:
    """Fill a model's bank with photos of the training sets, evenly spread; half from the others, if any.

    Raises:
        ModelError: there are fewer photos than the bank holds.
    """
    assert model.bank is not None
    parts = [main, *others]
    rows = _rows([len(part) for part in parts], model.architecture.bank, "photos")
    model.eval()
    seen = [parts[part].seen_by(model, [row]) for part, row in rows]
    model.bank.fill(model.image_tower(*(torch.cat(tensors) for tensors in zip(*seen, strict=True))))
    model.bank.set(SHARPNESS * model.log_scale.exp().item(), PHOTO_WEIGHT)


@torch.no_grad()
def fill_sentence_bank(model: AlignmentModel, main: SentenceVectors, others: Sequence[SentenceVectors]) -> None:
    """Fill a model's bank with sentences of the training sets, as ``fill_bank`` with photos.

    Raises:
        ModelError: there are fewer sentences than the bank holds.
    """
    assert model.sentence_bank is not None
    parts = [main, *others]
    rows = _rows([len(part) for part in parts], model.architecture.sentence_bank, "sentences")
    batch = WordBatch.of([parts[part].sentence(row) for part, row in rows])
    model.eval()
    model.sentence_bank.fill(model.sentence_tower(batch.vectors, batch.mask))
    model.sentence_bank.set(SHARPNESS * model.log_scale.exp().item(), SENTENCE_WEIGHT)


def _rows(sizes: Sequence[int], wanted: int, what: str) -> list[tuple[int, int]]:
    """Which rows of sets of these sizes a bank takes, each as (set, row).

    They are evenly spread over the first set and over the others together: half of the others, if these have as many.
    """
    others = [(part, row) for part, size in enumerate(sizes) if part for row in range(size)]
    num_others = min(wanted // 2, len(others))
    if sizes[0] < wanted - num_others:
        raise ModelError(f"The bank holds {wanted} {what}, and the training set has {sizes[0]}; make it smaller.")
    return [(0, row) for row in _evenly(sizes[0], wanted - num_others)] + [
        others[place] for place in _evenly(len(others), num_others)
    ]


def _evenly(number: int, wanted: int) -> list[int]:
    places: list[int] = np.linspace(0, number - 1, wanted).round().astype(int).tolist()
    return places
