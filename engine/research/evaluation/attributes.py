"""Attributes: whether a sentence that is true of a photo scores more than itself with one word exchanged."""

from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from engine.alignment.embeddings import ImageEmbedding
from engine.errors import DatasetError
from engine.language.exchanges import exchanges
from engine.language.tokens import tokenize
from engine.models.multimodal import MultimodalModel
from engine.photos.decode import decode
from engine.research.data.caption_sets import CaptionSet, load_captions
from engine.research.data.features import Report, no_report, sentence_vectors, stored_regions
from engine.research.evaluation.percent import percent

SEED = 1
BLOCK = 200  # sentences
GREY_SENTENCE = "a black and white photo"
MOST_GREY = 200  # photos that are looked at in grey too
COLOURED = 12.0  # mean difference of the channels from which a photo has colours to lose


@dataclass(frozen=True, slots=True)
class Kind:
    """Percent of the choices of a kind that were right (chance is 50, ties are wrong), and how many there were."""

    accuracy: float
    choices: int


@dataclass(frozen=True, slots=True)
class Attributes:
    """The choices by kind: those of ``engine.language.exchanges``, and "grey"; and the mean of the kinds."""

    model: str
    mean: float
    kinds: dict[str, Kind]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def evaluate_attributes(model: MultimodalModel, data: Path, split: str, report: Report = no_report) -> Attributes:
    """Choose between each sentence of a split and itself with a word exchanged, and between photos and grey copies.

    Raises:
        DatasetError: the set or the split cannot be read, or gives nothing to choose between.
        PhotoError: one of its photos cannot be decoded.
    """
    captions = load_captions(data, split)
    right = _exchanged(model, captions, report) | {"grey": _grey(model, captions)}
    kinds = {kind: Kind(percent(found), len(found)) for kind, found in sorted(right.items()) if len(found)}
    if not kinds:
        raise DatasetError(f"{data}: no sentence of split {split!r} has a word to exchange, and no photo has colours.")
    return Attributes(model.name, round(mean(kind.accuracy for kind in kinds.values()), 1), kinds)


def _exchanged(model: MultimodalModel, captions: CaptionSet, report: Report) -> dict[str, NDArray[np.bool_]]:
    random = np.random.default_rng(SEED)
    pairs: list[tuple[str, int, str, str]] = []  # kind, image, the sentence and the other
    for image, text in zip(captions.image_of_sentence, captions.sentences, strict=True):
        words = tokenize(text).words
        for kind, place, others in exchanges(words):
            other = others[int(random.integers(len(others)))]
            pairs.append((kind, image, " ".join(words), " ".join((*words[:place], other, *words[place + 1 :]))))
    if not pairs:
        return {}
    kinds, images, texts, others = zip(*pairs, strict=True)
    difference = _scores(model, captions, images, texts, report) - _scores(model, captions, images, others, report)
    return {kind: difference[np.array(kinds) == kind] > 0 for kind in set(kinds)}


@torch.inference_mode()
def _scores(
    model: MultimodalModel, captions: CaptionSet, images: tuple[int, ...], texts: tuple[str, ...], report: Report
) -> NDArray[np.float32]:
    """Of each text with its photo (n,)."""
    regions = stored_regions(model.regions, [image.path for image in captions.images], report=report)
    vectors = sentence_vectors(model.word_vectors, texts, report=report)
    network = model.folder.model
    found = []
    for start in range(0, len(texts), BLOCK):
        rows, places = np.unique(images[start : start + BLOCK], return_inverse=True)
        photos = network.embed_images(*regions.seen_by(network, rows))
        words = vectors.batch(range(start, start + len(places)))
        scores = network.score(photos, network.embed_sentences(words.vectors, words.mask))
        found.append(scores[places, np.arange(len(places))].numpy())
    return np.concatenate(found)


@torch.inference_mode()
def _grey(model: MultimodalModel, captions: CaptionSet) -> NDArray[np.bool_]:
    network = model.folder.model
    words = model.word_vectors([tokenize(GREY_SENTENCE).words])
    asked = network.embed_sentences(torch.from_numpy(words[0])[None], torch.ones(1, len(words[0]), dtype=torch.bool))
    right = []
    for captioned in captions.images[:: max(1, len(captions.images) // MOST_GREY)]:
        image = decode(captioned.path, target=model.image_size).image
        if np.ptp(np.asarray(image).astype(int), axis=2).mean() >= COLOURED:
            grey = Image.merge("RGB", [image.convert("L")] * 3)
            records = torch.from_numpy(model.embed_photos([image, grey]).records)
            photos = ImageEmbedding(records[:, : model.num_regions], records[:, -1] if model.has_global else None)
            coloured, without = network.score(photos, asked)[:, 0].tolist()
            right.append(without > coloured)
    return np.array(right)
