"""Shuffled batches of image–sentence pairs from cached features."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.data.features import SentenceVectors
from engine.language.word_vectors import WordBatch


@dataclass(frozen=True, slots=True)
class PairBatch:
    """B pairs: region features (B, R, C), word vectors of the B sentences, and the image id (B,) of each pair."""

    features: Tensor
    words: WordBatch
    image_ids: Tensor


class Pairs:
    """The pairs of a training split.

    Args:
        features: one array (images, R, C) for each view of the photos: as they are, mirrored.
        sentences: word vectors of all N sentences.
        image_of_sentence: (N,).
        batch_size: pairs a batch; what does not fill the last batch is left to another epoch.
    """

    def __init__(
        self,
        features: Sequence[NDArray[np.float16]],
        sentences: SentenceVectors,
        image_of_sentence: Sequence[int],
        batch_size: int,
    ) -> None:
        self._features = features
        self._sentences = sentences
        self._image_of_sentence = np.asarray(image_of_sentence)
        self._batch_size = batch_size

    @property
    def num_batches(self) -> int:
        """Batches an epoch."""
        return len(self._image_of_sentence) // self._batch_size

    def sample_features(self, num_images: int) -> Tensor:
        """Region features (n, R, C) of about ``num_images`` photos, evenly spread over the split."""
        step = max(1, len(self._features[0]) // num_images)
        return torch.from_numpy(self._features[0][::step].astype(np.float32))

    def epoch(self, seed: int) -> Iterator[PairBatch]:
        """The batches of one epoch in the order that ``seed`` gives; each pair takes a view of its photo by chance."""
        random = np.random.default_rng(seed)
        order = random.permutation(len(self._image_of_sentence))
        views = random.integers(len(self._features), size=len(order))
        for start in range(0, self.num_batches * self._batch_size, self._batch_size):
            rows = order[start : start + self._batch_size]
            images = self._image_of_sentence[rows]
            chosen = np.stack([self._features[view][image] for view, image in zip(views[rows], images, strict=True)])
            features = torch.from_numpy(chosen.astype(np.float32))  # (B, R, C)
            yield PairBatch(features, self._sentences.batch(rows), torch.from_numpy(images))
