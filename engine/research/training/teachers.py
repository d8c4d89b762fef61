"""What trained models say of a training set, computed once: the targets of distillation."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.alignment.embeddings import ImageEmbedding, SentenceEmbedding
from engine.alignment.model import AlignmentModel
from engine.alignment.scores import score
from engine.research.data.batches import PairBatch, TrainingSet
from engine.research.data.features import SentenceVectors

IMAGE_BLOCK = 100
SENTENCE_BLOCK = 256


@dataclass(frozen=True, slots=True, eq=False)
class _TaughtSet:
    """A teacher's vectors in half precision: records (n, R + 1, D) a view, words, sentences (N, D)."""

    records: Sequence[NDArray[np.float16]]
    words: SentenceVectors
    sentences: NDArray[np.float16]


class Teacher:
    """A trained model with a global term, and its vectors of all photos and sentences of a training.

    Args:
        model: the teacher.
        sets: the training sets, in the order that batches name them.
        bfloat16: whether its products are made in half the bits.
    """

    def __init__(self, model: AlignmentModel, sets: Sequence[TrainingSet], *, bfloat16: bool) -> None:
        self._scale = model.log_scale.exp().item()
        self._bfloat16 = bfloat16
        self._sets = [_taught(model, part) for part in sets]

    @torch.no_grad()
    def scores(self, batch: PairBatch) -> Tensor:
        """The teacher's scores (B, B) of a batch, times its scale."""
        places, views, images, rows = batch.origin.T.tolist()
        records = torch.from_numpy(
            np.stack([
                self._sets[place].records[view][image] for place, view, image in zip(places, views, images, strict=True)
            ]).astype(np.float32)
        )  # fmt: skip
        words = torch.zeros(*batch.words.mask.shape, records.shape[2])
        for number, (place, row) in enumerate(zip(places, rows, strict=True)):
            own = self._sets[place].words.sentence(row)
            words[number, : len(own)] = own
        sentences = np.stack([self._sets[place].sentences[row] for place, row in zip(places, rows, strict=True)])
        image_embedding = ImageEmbedding(records[:, :-1], records[:, -1])
        sentence_embedding = SentenceEmbedding(words, batch.words.mask, torch.from_numpy(sentences.astype(np.float32)))
        with torch.autocast("cpu", torch.bfloat16, enabled=self._bfloat16):
            return score(image_embedding, sentence_embedding) * self._scale


@torch.inference_mode()
def _taught(model: AlignmentModel, part: TrainingSet) -> _TaughtSet:
    model.eval()
    records = []
    for view, regions in enumerate(part.views):
        blocks = []
        for start in range(0, len(regions), IMAGE_BLOCK):
            evidence = None
            if part.evidence:
                known = part.evidence[view][start : start + IMAGE_BLOCK].astype(np.float32)
                evidence = torch.from_numpy(known)
            images = model.embed_images(*regions.seen_by(model, slice(start, start + IMAGE_BLOCK)), evidence)
            assert images.photo is not None
            blocks.append(torch.cat([images.regions, images.photo[:, None]], dim=1).half().numpy())
        records.append(np.concatenate(blocks))
    words, sentences = [], []
    for start in range(0, len(part.sentences), SENTENCE_BLOCK):
        batch = part.sentences.batch(range(start, min(start + SENTENCE_BLOCK, len(part.sentences))))
        embedding = model.embed_sentences(batch.vectors, batch.mask)
        assert embedding.sentence is not None
        words.append(embedding.words[batch.mask].half().numpy())
        sentences.append(embedding.sentence.half().numpy())
    return _TaughtSet(records, SentenceVectors(np.concatenate(words), part.sentences.starts), np.concatenate(sentences))
