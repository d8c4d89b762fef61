"""What a caption model sees: the regions of a photo, the one that is to be described last."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

Array = TypeVar("Array", bound="NDArray[np.float32] | Tensor")


@dataclass(frozen=True, slots=True)
class Scene(Generic[Array]):
    """Features (B, S, C), vectors (B, S, D) and boxes (B, S, 4) of S regions of B photos; the last is described.

    Arrays where sentences are written, tensors where a network is trained.
    """

    features: Array
    vectors: Array
    boxes: Array

    def __len__(self) -> int:
        return len(self.features)

    @property
    def parts(self) -> tuple[Array, Array, Array]:
        """All three."""
        return self.features, self.vectors, self.boxes

    @classmethod
    def joined(cls, scenes: "Sequence[Scene[Array]]") -> "Scene[Array]":
        """Scenes of as many regions each, photo after photo."""
        features, vectors, boxes = (_joined(parts, 0) for parts in zip(*(scene.parts for scene in scenes), strict=True))
        return cls(features, vectors, boxes)

    def rows(self, rows: Any) -> "Scene[Array]":
        """Some of the photos, by row."""
        parts: tuple[Any, ...] = self.parts
        return Scene(*(part[rows] for part in parts))

    def focused(self, regions: Any) -> "Scene[Array]":
        """Describe, instead of the whole image, region ``regions[b]`` (B,) of each photo: it is put last once more."""
        rows = list(range(len(self)))
        return Scene(*(_joined([part, part[rows, regions][:, None]], 1) for part in self.parts))


def scene_of(features: Array, regions: Array, photo: Array | None, boxes: Array) -> Scene[Array]:
    """Features (B, R, C), vectors (B, R, D) and boxes (B, R, 4), the whole image last → what describes the photos.

    The whole image is known by the photo vector (B, D), in models that have one.
    """
    vectors = regions if photo is None else _joined([regions[:, :-1], photo[:, None]], 1)
    return Scene(features, vectors, boxes)


def _joined(parts: Sequence[Any], axis: int) -> Any:
    if isinstance(parts[0], np.ndarray):
        return np.concatenate(parts, axis)
    import torch

    return torch.cat(list(parts), axis)
