"""The very last step of a training: the photos that sentences are compared on."""

import numpy as np
import torch

from engine.alignment.model import AlignmentModel
from engine.errors import ModelError
from engine.research.data.features import StoredRegions

SHARPNESS = 0.5  # of the contrastive objective's inverse temperature
WEIGHT = 0.7


def fill_bank(model: AlignmentModel, photos: StoredRegions) -> None:
    """Fill a model's bank with photos of the training set, evenly spread over it.

    Raises:
        ModelError: there are fewer photos than the bank holds.
    """
    num_photos, wanted = len(photos.features), model.architecture.bank
    if num_photos < wanted:
        raise ModelError(f"The bank holds {wanted} photos, and the training set has {num_photos}; make it smaller.")
    rows = np.linspace(0, num_photos - 1, wanted).round().astype(int)
    features, boxes = photos.features[rows].astype(np.float32), photos.boxes[rows]
    model.eval()
    model.fill_bank(torch.from_numpy(features), torch.from_numpy(boxes), SHARPNESS, WEIGHT)
