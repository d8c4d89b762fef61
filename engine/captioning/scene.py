"""What a caption model sees: the regions of a photo, the one that is to be described last."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.alignment.embeddings import ImageEmbedding


@dataclass(frozen=True, slots=True)
class Scene:
    """Features (B, S, C), vectors (B, S, D) and boxes (B, S, 4) of S regions of B photos; the last is described."""

    features: Tensor
    vectors: Tensor
    boxes: Tensor

    def __len__(self) -> int:
        return len(self.features)

    @classmethod
    def joined(cls, scenes: "Sequence[Scene]") -> "Scene":
        """Scenes of as many regions each, photo after photo."""
        return cls(
            torch.cat([scene.features for scene in scenes]),
            torch.cat([scene.vectors for scene in scenes]),
            torch.cat([scene.boxes for scene in scenes]),
        )

    def rows(self, rows: Tensor) -> "Scene":
        """Some of the photos, by row."""
        return Scene(self.features[rows], self.vectors[rows], self.boxes[rows])

    def focused(self, regions: Tensor) -> "Scene":
        """Describe, instead of the whole image, region ``regions[b]`` (B,) of each photo: it is put last once more."""
        rows = torch.arange(len(self), device=regions.device)
        parts = (self.features, self.vectors, self.boxes)
        return Scene(*(torch.cat([part, part[rows, regions][:, None]], dim=1) for part in parts))


def scene_of(features: Tensor, embedding: ImageEmbedding, boxes: Tensor) -> Scene:
    """Regions (B, R, C) with the whole image last, their embedding and boxes (B, R, 4) → what describes the photos.

    The whole image is known by the photo vector, in models that have one.
    """
    vectors = embedding.regions
    if embedding.photo is not None:
        vectors = torch.cat([vectors[:, :-1], embedding.photo[:, None]], dim=1)
    return Scene(features, vectors, boxes)
