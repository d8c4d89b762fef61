"""A split of a captioned set as cached features, and the scores of a model on all its pairs."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from engine.alignment.model import AlignmentModel
from engine.encoders.clip_encoder import ClipEncoder
from engine.errors import DatasetError
from engine.language.word_vectors import WordVectors
from engine.research.data.caption_sets import CaptionSet, load_captions
from engine.research.data.encoded import MeasuredModel, encoded_photos, encoded_texts, encoder_scores
from engine.research.data.features import (
    Report,
    SentenceVectors,
    StoredRegions,
    no_report,
    sentence_vectors,
    stored_regions,
)
from engine.research.evaluation.novelty import Novelty, by_novelty
from engine.research.evaluation.retrieval import RetrievalResult, retrieval, retrieval_among, sentence_to_image_ranks
from engine.vision.region_features import RegionEncoder

IMAGE_BLOCK = 100
SENTENCE_BLOCK = 500


@dataclass(frozen=True, slots=True)
class EncodedSplit:
    """The regions of B photos, word vectors of N sentences, and the image (N,) of each."""

    regions: StoredRegions
    sentences: SentenceVectors
    image_of_sentence: Sequence[int]


def encode_split(
    captions: CaptionSet,
    encoder: RegionEncoder,
    words: WordVectors,
    report: Report = no_report,
    stored: Callable[..., StoredRegions] = stored_regions,
) -> EncodedSplit:
    """Run the frozen networks on a split; from the cache when that was done before."""
    regions = stored(encoder, [image.path for image in captions.images], report=report)
    return EncodedSplit(regions, sentence_vectors(words, captions.sentences, report=report), captions.image_of_sentence)


@torch.inference_mode()
def score_matrix(model: AlignmentModel, split: EncodedSplit) -> NDArray[np.float32]:
    """Scores (B, N) of every image and sentence, in blocks."""
    model.eval()
    images = [
        model.embed_images(*split.regions.seen_by(model, slice(start, start + IMAGE_BLOCK)))
        for start in range(0, len(split.regions), IMAGE_BLOCK)
    ]
    columns = []
    for start in range(0, len(split.sentences), SENTENCE_BLOCK):
        words = split.sentences.batch(range(start, min(start + SENTENCE_BLOCK, len(split.sentences))))
        embedding = model.embed_sentences(words.vectors, words.mask)
        columns.append(torch.cat([model.score(block, embedding) for block in images]))  # (B, n)
    return torch.cat(columns, dim=1).numpy()


def evaluate(model: AlignmentModel, split: EncodedSplit) -> RetrievalResult:
    """Retrieval figures of a model on an encoded split."""
    return retrieval(score_matrix(model, split), split.image_of_sentence)


@dataclass(frozen=True, slots=True)
class RetrievalReport:
    """Retrieval figures of a model on a split, and sentence → image again by the novelty of the sentences' words.

    That is counted among all photos alone.
    """

    model: str
    split: str
    result: RetrievalResult
    novelty: Novelty | None

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON, the figures of the whole split at the top."""
        figures = asdict(self.result) | {"model": self.model, "split": self.split}
        if self.novelty is None:
            return figures
        parts = {"known_words": self.novelty.known_words, "novel_words": self.novelty.novel_words}
        return figures | {name: part.as_dict() for name, part in parts.items()}


def evaluate_retrieval(
    model: MeasuredModel, data: Path, split: str, report: Report = no_report, *, among: int | None = None
) -> RetrievalReport:
    """Retrieval figures of a model on a split of a captioned set. What an encoder's training said is not known.

    Args:
        model: to be measured.
        data: the set.
        split: of it.
        report: called while features are computed.
        among: photos to find each among, the mean over all parts of the split; None for all of them.

    Raises:
        DatasetError: the set or the split cannot be read, or has fewer photos than ``among``.
        PhotoError: one of its photos cannot be decoded.
    """
    captions = load_captions(data, split)
    if among is not None and not 1 <= among <= len(captions.images):
        raise DatasetError(f"The split {split!r} has {len(captions.images)} photos; expected 1 to that, not {among}.")
    owners = captions.image_of_sentence
    if isinstance(model, ClipEncoder):
        photos = encoded_photos(model, [image.path for image in captions.images], report)
        scores = encoder_scores(model, photos.records, encoded_texts(model, captions.sentences, report))
    else:
        scores = score_matrix(model.folder.model, encode_split(captions, model.regions, model.word_vectors, report))
    if among is not None:
        return RetrievalReport(model.name, split, retrieval_among(scores, owners, among), None)
    novelty = None
    if not isinstance(model, ClipEncoder):
        ranks = sentence_to_image_ranks(scores, owners)
        novelty = by_novelty(ranks, captions.sentences, model.folder.vocabulary)
    return RetrievalReport(model.name, split, retrieval(scores, owners), novelty)
