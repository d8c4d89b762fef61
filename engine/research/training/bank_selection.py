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
    num_photos, *more_photos = (len(part.views[0].features) for part in (main, *others))
    num_sentences, *more_sentences = (len(part.sentences) for part in (main, *others))
    _spread(num_photos, sum(more_photos), architecture.bank, "photos")
    _spread(num_sentences, sum(more_sentences), architecture.sentence_bank, "sentences")


@torch.no_grad()
def fill_bank(model: AlignmentModel, main: StoredRegions, others: Sequence[StoredRegions]) -> None:
    """Fill a model's bank with photos of the training sets, evenly spread; half from the others, if any.

    Raises:
        ModelError: there are fewer photos than the bank holds.
    """
    assert model.bank is not None
    further = [(regions, row) for regions in others for row in range(len(regions.features))]
    own_rows, further_rows = _spread(len(main.features), len(further), model.architecture.bank, "photos")
    chosen = [*((main, row) for row in own_rows), *(further[row] for row in further_rows)]
    features = np.stack([regions.features[row] for regions, row in chosen]).astype(np.float32)
    boxes = np.stack([regions.boxes[row] for regions, row in chosen])
    model.eval()
    model.bank.fill(model.image_tower(torch.from_numpy(features), torch.from_numpy(boxes)))
    model.bank.set(SHARPNESS * model.log_scale.exp().item(), PHOTO_WEIGHT)


@torch.no_grad()
def fill_sentence_bank(model: AlignmentModel, main: SentenceVectors, others: Sequence[SentenceVectors]) -> None:
    """Fill a model's bank with sentences of the training sets, as ``fill_bank`` with photos.

    Raises:
        ModelError: there are fewer sentences than the bank holds.
    """
    assert model.sentence_bank is not None
    further = [(sentences, row) for sentences in others for row in range(len(sentences))]
    own_rows, further_rows = _spread(len(main), len(further), model.architecture.sentence_bank, "sentences")
    chosen = [*((main, row) for row in own_rows), *(further[row] for row in further_rows)]
    batch = WordBatch.of([sentences.sentence(row) for sentences, row in chosen])
    model.eval()
    model.sentence_bank.fill(model.sentence_tower(batch.vectors, batch.mask))
    model.sentence_bank.set(SHARPNESS * model.log_scale.exp().item(), SENTENCE_WEIGHT)


def _spread(num_main: int, num_further: int, wanted: int, what: str) -> tuple[list[int], list[int]]:
    """Rows of the main set and of the others, evenly spread over each; half of the others, if there are as many."""
    of_further = min(wanted // 2, num_further)
    if num_main < wanted - of_further:
        raise ModelError(f"The bank holds {wanted} {what}, and the training set has {num_main}; make it smaller.")
    return _evenly(num_main, wanted - of_further), _evenly(num_further, of_further)


def _evenly(number: int, wanted: int) -> list[int]:
    rows: list[int] = np.linspace(0, number - 1, wanted).round().astype(int).tolist()
    return rows
