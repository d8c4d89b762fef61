"""Batches of photos, or of regions, with the texts that a caption model learns to write."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.captioning.scene import Scene
from engine.captioning.words import WordNumbers
from engine.research.data.features import StoredRegions


@dataclass(frozen=True, slots=True)
class RegionText:
    """Word numbers of a text about a region of a photo; the last region is the whole image."""

    region: int
    numbers: Sequence[int]


@dataclass(frozen=True, slots=True, eq=False)
class SceneView:
    """One view of n photos: regions, their vectors (n, R, D), and the texts of each photo."""

    regions: StoredRegions
    vectors: NDArray[np.float16]
    texts: Sequence[Sequence[RegionText]]

    @classmethod
    def joined(cls, parts: "Sequence[SceneView]") -> "SceneView":
        """The photos of several sets, one set after the other."""
        if len(parts) == 1:
            return parts[0]  # memory-mapped, as it is
        features = np.concatenate([part.regions.features for part in parts])
        boxes = np.concatenate([part.regions.boxes for part in parts])
        vectors = np.concatenate([part.vectors for part in parts])
        return cls(StoredRegions(features, boxes), vectors, [texts for part in parts for texts in part.texts])

    def scene(self, rows: Sequence[int] | NDArray[np.int64]) -> Scene[Tensor]:
        """The photos ``rows``, to be described as a whole."""
        parts = (self.regions.features, self.vectors, self.regions.boxes)
        return Scene(*(torch.from_numpy(part[rows].astype(np.float32)) for part in parts))


@dataclass(frozen=True, slots=True)
class CaptionBatch:
    """B scenes, the inputs and targets (B, K, T) of K texts each, and which photo (B,) each scene is of."""

    scene: Scene[Tensor]
    inputs: Tensor
    targets: Tensor
    photos: list[int]


class CaptionScenes:
    """The photos of a training set with their texts.

    Args:
        views: of the same photos in the same order.
        numbers: pads the texts.
        batch_size: photos a batch.
        texts_per_photo: K, taken by chance where a photo has more, and repeated where it has fewer.
    """

    def __init__(self, views: Sequence[SceneView], numbers: WordNumbers, batch_size: int, texts_per_photo: int) -> None:
        self.views = views
        self._numbers = numbers
        self._batch_size = batch_size
        self._texts = texts_per_photo
        self._whole = views[0].regions.features.shape[1] - 1
        self._rows = np.array([row for row in range(len(views[0].texts)) if all(view.texts[row] for view in views)])

    @property
    def num_batches(self) -> int:
        """Batches an epoch; photos that do not fill the last one are left to another epoch."""
        return max(1, len(self._rows) // self._batch_size)

    def epoch(self, seed: int) -> Iterator[CaptionBatch]:
        """Every photo once, in the order that ``seed`` gives; all photos of a batch are seen in the same view."""
        random = np.random.default_rng(seed)
        order = random.permutation(self._rows)
        for number in range(self.num_batches):
            view = self.views[int(random.integers(len(self.views)))]
            yield self._batch(view, order[number * self._batch_size : (number + 1) * self._batch_size], random)

    def _batch(self, view: SceneView, rows: NDArray[np.int64], random: np.random.Generator) -> CaptionBatch:
        chosen = []
        for row in rows:
            texts = view.texts[row]
            places = random.permutation(len(texts))
            chosen += [texts[places[k % len(places)]] for k in range(self._texts)]
        inputs, targets = map(torch.from_numpy, self._numbers.batch([text.numbers for text in chosen]))
        if all(text.region == self._whole for text in chosen):
            shape = (len(rows), self._texts, -1)
            return CaptionBatch(view.scene(rows), inputs.view(shape), targets.view(shape), rows.tolist())
        repeated = np.repeat(rows, self._texts)
        scene = view.scene(repeated).focused(torch.tensor([text.region for text in chosen]))
        return CaptionBatch(scene, inputs[:, None], targets[:, None], repeated.tolist())


def language_batches(
    sentences: Sequence[Sequence[int]], numbers: WordNumbers, batch_size: int, seed: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Inputs and targets (N, 1, T) of sentences alike in length, in an order that ``seed`` gives."""
    random = np.random.default_rng(seed)
    # Equal lengths keep the order by chance, so that batches differ between epochs.
    order = sorted(random.permutation(len(sentences)).tolist(), key=lambda row: len(sentences[row]))
    for batch in random.permutation(len(order) // batch_size):
        rows = order[batch * batch_size : (batch + 1) * batch_size]
        inputs, targets = map(torch.from_numpy, numbers.batch([sentences[row] for row in rows]))
        yield inputs[:, None], targets[:, None]
