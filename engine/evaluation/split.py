"""A split of a captioned set as cached features, and the scores of a model on all its pairs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from engine.alignment.model import AlignmentModel, score
from engine.data.captions import CaptionSet, load_captions
from engine.data.features import Report, SentenceVectors, no_report, region_features, sentence_vectors
from engine.evaluation.retrieval import RetrievalResult, retrieval
from engine.language.word_vectors import WordVectors
from engine.multimodal import MultimodalModel
from engine.vision.encoder import RegionEncoder

IMAGE_BLOCK = 100
SENTENCE_BLOCK = 500


@dataclass(frozen=True, slots=True)
class EncodedSplit:
    """Region features (B, R, C), word vectors of N sentences, and the image (N,) of each."""

    features: NDArray[np.float16]
    sentences: SentenceVectors
    image_of_sentence: Sequence[int]


def encode_split(
    captions: CaptionSet, encoder: RegionEncoder, words: WordVectors, report: Report = no_report
) -> EncodedSplit:
    """Run the frozen networks on a split; from the cache when that was done before."""
    features = region_features(encoder, [image.path for image in captions.images], report=report)
    return EncodedSplit(
        features, sentence_vectors(words, captions.sentences, report=report), captions.image_of_sentence
    )


@torch.inference_mode()
def score_matrix(model: AlignmentModel, split: EncodedSplit) -> NDArray[np.float32]:
    """Scores (B, N) of every image and sentence, in blocks."""
    model.eval()
    images = [
        model.embed_images(torch.from_numpy(split.features[start : start + IMAGE_BLOCK].astype(np.float32)))
        for start in range(0, len(split.features), IMAGE_BLOCK)
    ]
    columns = []
    for start in range(0, len(split.sentences), SENTENCE_BLOCK):
        words = split.sentences.batch(range(start, min(start + SENTENCE_BLOCK, len(split.sentences))))
        embedding = model.embed_sentences(words.vectors, words.mask)
        columns.append(torch.cat([score(block, embedding) for block in images]))  # (B, n)
    return torch.cat(columns, dim=1).numpy()


def evaluate(model: AlignmentModel, split: EncodedSplit) -> RetrievalResult:
    """Retrieval figures of a model on an encoded split."""
    return retrieval(score_matrix(model, split), split.image_of_sentence)


def evaluate_retrieval(model: MultimodalModel, data: Path, split: str, report: Report = no_report) -> RetrievalResult:
    """Retrieval figures of a packaged or saved model on a split of a captioned set.

    Raises:
        DatasetError: the set or the split cannot be read.
        PhotoError: one of its photos cannot be decoded.
    """
    encoded = encode_split(load_captions(data, split), model.regions, model.word_vectors, report)
    return evaluate(model.folder.model, encoded)
