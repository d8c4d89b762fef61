"""The very last step of a training: the photos that sentences are compared on, and the sentences that photos are."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from engine.alignment.embeddings import WordBatch
from engine.alignment.model import AlignmentModel
from engine.errors import ModelError
from engine.research.data.features import SentenceVectors, StoredRegions

SHARPNESS = 0.5  # in the contrastive objective's inverse temperature
PHOTO_WEIGHT, SENTENCE_WEIGHT = 0.7, 0.5


@torch.no_grad()
def fill_bank(model: AlignmentModel, photos: StoredRegions) -> None:
    """Fill a model's bank with photos of the training set, evenly spread over it.

    Raises:
        ModelError: there are fewer photos than the bank holds.
    """
    assert model.bank is not None
    rows = _spread(len(photos.features), model.architecture.bank, "photos")
    features, boxes = photos.features[rows].astype(np.float32), photos.boxes[rows]
    model.eval()
    model.bank.fill(model.image_tower(torch.from_numpy(features), torch.from_numpy(boxes)))
    model.bank.set(SHARPNESS * model.log_scale.exp().item(), PHOTO_WEIGHT)


@torch.no_grad()
def fill_sentence_bank(model: AlignmentModel, main: SentenceVectors, others: Sequence[SentenceVectors]) -> None:
    """Fill a model's bank with sentences of the training sets, evenly spread; half from the others, if any.

    Raises:
        ModelError: there are fewer sentences than the bank holds.
    """
    assert model.sentence_bank is not None
    wanted = model.architecture.sentence_bank
    further = [sentences.sentence(row) for sentences in others for row in range(len(sentences))]
    num_further = min(wanted // 2, len(further))
    words = [main.sentence(row) for row in _spread(len(main), wanted - num_further, "sentences")]
    words += [further[row] for row in _spread(len(further), num_further, "sentences")]
    batch = WordBatch.of(words)
    model.eval()
    model.sentence_bank.fill(model.sentence_tower(batch.vectors, batch.mask))
    model.sentence_bank.set(SHARPNESS * model.log_scale.exp().item(), SENTENCE_WEIGHT)


def _spread(number: int, wanted: int, what: str) -> NDArray[np.int64]:
    """So many rows of a number of them, evenly spread."""
    if number < wanted:
        raise ModelError(f"The bank holds {wanted} {what}, and the training set has {number}; make it smaller.")
    return np.linspace(0, number - 1, wanted).round().astype(np.int64)
