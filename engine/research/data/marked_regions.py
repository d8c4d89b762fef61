"""The regions that people marked in the photos of a split, and all that they wrote about each."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.boxes import union_box
from engine.language.tokens import tokenize
from engine.research.data.caption_sets import CaptionSet
from engine.research.data.entities import PhraseBoxes
from engine.research.data.features import Report, arrays_of_views, no_report
from engine.vision.pixels import pixels_of
from engine.vision.region_features import RegionEncoder


@dataclass(frozen=True, slots=True, eq=False)
class MarkedRegions:
    """M regions: the photo (M,) of each, its box (M, 4) from 0 to 1, and the phrases (tuples of words) about it."""

    photos: NDArray[np.int64]
    boxes: NDArray[np.float32]
    phrases: Sequence[Sequence[tuple[str, ...]]]


def marked_regions(captions: CaptionSet, phrases: Sequence[PhraseBoxes]) -> MarkedRegions:
    """The boxes around each entity of a split that has phrases, in the order of the photos."""
    words = [tokenize(sentence).words for sentence in captions.sentences]
    owners = captions.image_of_sentence
    found: dict[tuple[int, bytes], list[tuple[str, ...]]] = {}
    for phrase in phrases:
        box = union_box(phrase.boxes)
        key = (owners[phrase.sentence_row], box.tobytes())
        found.setdefault(key, []).append(words[phrase.sentence_row][phrase.start : phrase.end])
    keys = sorted(found)
    return MarkedRegions(
        np.array([photo for photo, _ in keys], dtype=np.int64),
        np.stack([np.frombuffer(box, dtype=np.float32) for _, box in keys]),
        [found[key] for key in keys],
    )


def marked_features(
    encoder: RegionEncoder, paths: Sequence[Path], marked: MarkedRegions, report: Report = no_report
) -> NDArray[np.float16]:
    """The features (M, C) of marked regions; computed on the first call, which goes on where it was stopped."""
    most = int(np.bincount(marked.photos).max())
    boxes = np.zeros((len(paths), most, 4), dtype=np.float32)
    boxes[..., 2:] = 1.0  # where a photo has fewer, the whole image, which is thrown away again
    place = np.arange(len(marked.photos)) - np.searchsorted(marked.photos, marked.photos)
    boxes[marked.photos, place] = marked.boxes

    def compute(images: Sequence[Image.Image], rows: slice) -> list[NDArray[np.float16]]:
        return [encoder.features_of(pixels_of(images, encoder.image_size), boxes[rows]).astype(np.float16)]

    identity = f"{encoder.extractor_identity} {boxes.tobytes().hex()}"
    (features,) = arrays_of_views("marked", identity, encoder, paths, 0, compute, report)
    chosen: NDArray[np.float16] = features[marked.photos, place]
    return chosen
