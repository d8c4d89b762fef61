"""Scenes of stored regions: what a caption model sees of photos, of marked regions in them, and of regions alone."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.alignment.embeddings import ImageEmbedding
from engine.alignment.model import AlignmentModel
from engine.captioning.scene import Scene, scene_of
from engine.research.data.features import StoredRegions
from engine.research.data.marked_regions import MarkedRegions
from engine.vision.proposals import WHOLE_IMAGE

PHOTOS_AT_ONCE = 100


@torch.inference_mode()
def region_vectors(model: AlignmentModel, regions: StoredRegions) -> NDArray[np.float16]:
    """The vectors (n, R, D) of a view's regions as a scene has them."""
    blocks = []
    for start in range(0, len(regions.features), PHOTOS_AT_ONCE):
        features, boxes = regions.seen_by(model, slice(start, start + PHOTOS_AT_ONCE))
        blocks.append(_scene_of(features, model.embed_images(features, boxes), boxes).vectors.half().numpy())
    return np.concatenate(blocks)


@torch.inference_mode()
def marked_scene(
    model: AlignmentModel, regions: StoredRegions, marked: MarkedRegions, features: NDArray[np.float16],
    rows: NDArray[np.int64],
) -> Scene[Tensor]:  # fmt: skip
    """The photos of marked regions ``rows``; each region takes the place of the first proposal, and is described.

    Args:
        model: the alignment model.
        regions: of all photos.
        marked: the M marked regions.
        features: theirs, (M, C).
        rows: which of them.
    """
    photos = marked.photos[rows]
    seen = torch.from_numpy(regions.features[photos].astype(np.float32))
    boxes = torch.from_numpy(np.array(regions.boxes[photos]))
    seen[:, 0] = torch.from_numpy(features[rows].astype(np.float32))
    boxes[:, 0] = torch.from_numpy(marked.boxes[rows])
    vectors = torch.cat([
        _scene_of(part, model.embed_images(part, places), places).vectors
        for part, places in zip(torch.split(seen, PHOTOS_AT_ONCE), torch.split(boxes, PHOTOS_AT_ONCE), strict=True)
    ])  # fmt: skip
    return Scene(seen, vectors, boxes).focused(torch.zeros(len(rows), dtype=torch.long))


@torch.inference_mode()
def lone_scene(model: AlignmentModel, features: NDArray[np.float16]) -> Scene[Tensor]:
    """Regions (B, C), each as if it were a photo without other regions."""
    seen = torch.from_numpy(features.astype(np.float32))[:, None]
    boxes = torch.tensor(WHOLE_IMAGE).expand(len(seen), 1, 4)
    return _scene_of(seen, model.embed_images(seen, boxes), boxes)


def _scene_of(features: Tensor, embedding: ImageEmbedding, boxes: Tensor) -> Scene[Tensor]:
    return scene_of(features, embedding.regions, embedding.photo, boxes)
