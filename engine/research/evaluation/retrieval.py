"""Recall@K and median rank in both directions, the published protocol with ties counted against the model."""

from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

CUTOFFS = (1, 5, 10)


@dataclass(frozen=True, slots=True)
class Recalls:
    """Percent of queries whose match is among the first 1, 5 and 10, and the median rank, from 1."""

    r1: float
    r5: float
    r10: float
    median_rank: float

    @classmethod
    def of_ranks(cls, ranks: NDArray[np.int64]) -> "Recalls":
        """From the rank (from 1) of each query's match."""
        r1, r5, r10 = (round(float((ranks <= cutoff).mean() * 100), 2) for cutoff in CUTOFFS)
        return cls(r1, r5, r10, float(np.median(ranks)))


@dataclass(frozen=True, slots=True)
class RetrievalResult:
    """Retrieval in both directions over one split."""

    image_to_sentence: Recalls
    sentence_to_image: Recalls
    images: int
    sentences: int

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def mean(cls, parts: Sequence["RetrievalResult"]) -> "RetrievalResult":
        """Of several sets of photos, the figures on average; photos and sentences of one of them."""

        def of(sides: Sequence[Recalls]) -> Recalls:
            return Recalls(*(round(fmean(values), 2) for values in zip(*map(astuple, sides), strict=True)))

        return cls(
            of([part.image_to_sentence for part in parts]),
            of([part.sentence_to_image for part in parts]),
            parts[0].images,
            parts[0].sentences,
        )

    @property
    def sum_of_recalls(self) -> float:
        """The six recalls added up: one number to choose a checkpoint by."""
        return sum(side.r1 + side.r5 + side.r10 for side in (self.image_to_sentence, self.sentence_to_image))


def image_to_sentence_ranks(scores: NDArray[np.float32], image_of_sentence: Sequence[int]) -> NDArray[np.int64]:
    """For each image the rank of the best of its own sentences among all; a wrong sentence that ties stands before it.

    A score that is no number is beaten by all: a model that came to nothing must not look perfect.

    Args:
        scores: (B, N).
        image_of_sentence: (N,) row of each sentence's image.

    >>> image_to_sentence_ranks(np.array([[1.0, 3.0, 2.0], [0.0, 0.0, 0.0]]), [0, 0, 1]).tolist()
    [1, 3]
    """
    own = np.asarray(image_of_sentence)[None, :] == np.arange(len(scores))[:, None]  # (B, N)
    best_own = np.where(own, scores, -np.inf).max(axis=1, keepdims=True)
    ranks: NDArray[np.int64] = 1 + (~(scores < best_own) & ~own).sum(axis=1)
    return ranks


def sentence_to_image_ranks(scores: NDArray[np.float32], image_of_sentence: Sequence[int]) -> NDArray[np.int64]:
    """For each sentence the rank of its image among all images; ties count against it. Shapes as above."""
    own = scores[np.asarray(image_of_sentence), np.arange(scores.shape[1])]  # (N,)
    ranks: NDArray[np.int64] = (~(scores < own[None, :])).sum(axis=0)
    return ranks


def retrieval(scores: NDArray[np.float32], image_of_sentence: Sequence[int]) -> RetrievalResult:
    """Both directions from the scores (B, N) of every image and sentence of a split."""
    return RetrievalResult(
        Recalls.of_ranks(image_to_sentence_ranks(scores, image_of_sentence)),
        Recalls.of_ranks(sentence_to_image_ranks(scores, image_of_sentence)),
        *scores.shape,
    )


def retrieval_among(scores: NDArray[np.float32], image_of_sentence: Sequence[int], photos: int) -> RetrievalResult:
    """The same among so many photos at a time, as the protocol of COCO has it; the mean of all such parts.

    Photos that fill no part are left out.

    >>> scores = np.array([[2.0, 1.0], [3.0, 0.0]], dtype=np.float32)
    >>> retrieval(scores, [0, 1]).sentence_to_image.r1, retrieval_among(scores, [0, 1], 1).sentence_to_image.r1
    (0.0, 100.0)
    """
    owners = np.asarray(image_of_sentence)
    parts = []
    for start in range(0, len(scores) - photos + 1, photos):
        own = np.flatnonzero((owners >= start) & (owners < start + photos))
        parts.append(retrieval(scores[start : start + photos, own], (owners[own] - start).tolist()))
    return RetrievalResult.mean(parts)
