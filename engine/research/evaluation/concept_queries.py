"""Queries of one concept, such as "dining table": which photos they find, and where in them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from engine.alignment.localisation import likely_regions
from engine.alignment.model import AlignmentModel
from engine.boxes import OVERLAPS, centre_inside, overlaps
from engine.errors import DatasetError, QueryError
from engine.models.multimodal import MultimodalModel
from engine.research.data.concepts import ConceptSet, load_concepts
from engine.research.data.features import Report, SentenceVectors, no_report, sentence_vectors, stored_regions
from engine.research.evaluation.percent import percent

QUERY_BLOCK = 256


@dataclass(frozen=True, slots=True)
class Pairs:
    """All pairs of a concept and a photo that holds it, whatever the photo's rank: percent as in ``Concepts``."""

    box_overlap: float
    centre_inside: float
    pairs: int


@dataclass(frozen=True, slots=True)
class Concepts:
    """How well the names of concepts find photos, and the concepts in them.

    ``mean_average_precision`` is from 0 to 1, ties counted against the model. Of the first photo of each query, the box
    of the likely region (``engine.alignment.localisation``): percent of the queries where it has IoU ≥ 0.5 with a box
    of the concept (``box_overlap``), and where its centre lies in one (``centre_inside``). A first photo that does not
    hold it is a miss.
    """

    mean_average_precision: float
    box_overlap: float
    centre_inside: float
    concepts: int
    photos: int
    pairs: Pairs


@dataclass(frozen=True, slots=True)
class ConceptsResult:
    """Concept figures of a model on a split."""

    model: str
    concepts: Concepts

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self.concepts) | {"model": self.model}


def average_precision(scores: NDArray[np.float32], relevant: NDArray[np.bool_]) -> float:
    """The mean, over the relevant photos, of the share of relevant ones among the photos down to there.

    A photo that is not relevant stands before relevant ones of the same score.

    Args:
        scores: (B,).
        relevant: (B,), one True or more.

    >>> average_precision(np.float32([4, 3, 2, 2]), np.array([True, False, True, False]))
    0.75
    """
    order = np.lexsort((relevant, -scores))
    hits = relevant[order]
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float(precision[hits].mean())


def compare(
    scores: NDArray[np.float32], found: NDArray[np.float32], concepts: Sequence[Mapping[int, NDArray[np.float32]]]
) -> Concepts:
    """Measure the answers to the queries.

    Args:
        scores: (B, N) of every photo and query.
        found: (B, N, 4) the box that each query was found in, x0 y0 x1 y1 from 0 to 1.
        concepts: for each of the N queries, the rows of the photos that hold it and the boxes (n, 4) of it there.
    """
    num_photos = len(scores)
    precisions, overlap, inside, pairs_overlap, pairs_inside = [], [], [], [], []
    for query, holders in enumerate(concepts):
        relevant = np.zeros(num_photos, dtype=bool)
        relevant[list(holders)] = True
        precisions.append(average_precision(scores[:, query], relevant))
        hits = {row: _hit(found[row, query], boxes) for row, boxes in holders.items()}
        first = int(np.lexsort((relevant, -scores[:, query]))[0])
        overlap.append(hits.get(first, (False, False))[0])
        inside.append(hits.get(first, (False, False))[1])
        pairs_overlap += [hit[0] for hit in hits.values()]
        pairs_inside += [hit[1] for hit in hits.values()]
    return Concepts(
        round(float(np.mean(precisions)), 4), percent(overlap), percent(inside), len(concepts), num_photos,
        Pairs(percent(pairs_overlap), percent(pairs_inside), len(pairs_overlap)),
    )  # fmt: skip


def _hit(box: NDArray[np.float32], annotated: NDArray[np.float32]) -> tuple[bool, bool]:
    """Whether a box (4,) overlaps one of the annotated (n, 4), and whether its centre lies in one."""
    return bool((overlaps(box[None], annotated) >= OVERLAPS).any()), bool(centre_inside(box, annotated).any())


@torch.inference_mode()
def find(
    model: AlignmentModel, features: NDArray[np.float16], boxes: NDArray[np.float32], queries: SentenceVectors
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Scores (B, N) of B photos and N queries, and the box (B, N, 4) of the likely region by Σ_t v_i · s_t.

    Args:
        model: in evaluation mode.
        features: (B, R, C).
        boxes: (B, R, 4), x0 y0 x1 y1 from 0 to 1.
        queries: the word vectors of N queries of one word or more.
    """
    images = model.embed_images(torch.from_numpy(features.astype(np.float32)), torch.from_numpy(np.array(boxes)))
    scores, found = [], []
    for start in range(0, len(queries), QUERY_BLOCK):
        words = queries.batch(range(start, min(start + QUERY_BLOCK, len(queries))))
        embedding = model.embed_sentences(words.vectors, words.mask)
        scores.append(model.score(images, embedding))  # (B, n)
        # Σ_t v_i · s_t = v_i · Σ_t s_t
        summed = (embedding.words * embedding.mask[:, :, None]).sum(dim=1)  # (n, D)
        products = (summed @ images.regions.transpose(1, 2)).numpy()  # (n, D) @ (B, D, R) → (B, n, R)
        regions = np.stack(
            [
                likely_regions(own, places, model.architecture.sharpness)
                for own, places in zip(products, boxes, strict=True)
            ]
        )  # (B, n)
        found.append(np.take_along_axis(boxes, regions[:, :, None], axis=1))
    return torch.cat(scores, dim=1).numpy(), np.concatenate(found, axis=1)


def measure_concepts(
    model: AlignmentModel,
    features: NDArray[np.float16],
    boxes: NDArray[np.float32],
    queries: SentenceVectors,
    concepts: ConceptSet,
) -> Concepts:
    """Concept figures of a model on arrays: features (B, R, C) and boxes (B, R, 4) of the photos of ``concepts``.

    Use it while training: nothing is read from disk, and the model is left in evaluation mode. ``queries`` are the word
    vectors of the names of ``concepts``, in their order.
    """
    model.eval()
    return compare(*find(model, features, boxes, queries), list(concepts.boxes.values()))


def evaluate_concepts(model: MultimodalModel, data: Path, split: str, report: Report = no_report) -> ConceptsResult:
    """Concept figures of a packaged or saved model; each concept's name is a query, read as one.

    Raises:
        DatasetError: the set cannot be read, or the name of a concept is no word.
        PhotoError: one of its photos cannot be decoded.
    """
    concepts = load_concepts(data, split)
    names = [_readable(model, name) for name in concepts.boxes]
    regions = stored_regions(model.regions, concepts.photos, report=report)
    queries = sentence_vectors(model.word_vectors, names, report=report)
    measured = measure_concepts(model.folder.model, regions.features, regions.boxes, queries, concepts)
    return ConceptsResult(model.name, measured)


def _readable(model: MultimodalModel, name: str) -> str:
    try:
        return " ".join(model.usable(name).words)
    except QueryError as error:
        raise DatasetError(f"The concept {name!r} is no query: {error}") from error
