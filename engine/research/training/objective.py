"""What a batch costs: the objective over pairs, and the further ones that a training asks for."""

import math
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from engine.alignment.config import Training
from engine.alignment.embeddings import ImageEmbedding
from engine.alignment.loss import contrastive_loss, distillation_loss, phrase_loss, query_loss, ranking_loss
from engine.alignment.model import AlignmentModel
from engine.alignment.scores import score
from engine.research.data.batches import PairBatch
from engine.research.training.teachers import Teacher

INITIAL_PHRASE_SCALE = 10.0
INITIAL_QUERY_SCALE = 15.0


class Objective(nn.Module):
    """The weighted sum of the objectives, with the inverse temperatures that belong to training alone.

    Args:
        training: the weights.
        teachers: models whose scores are followed.
    """

    def __init__(self, training: Training, teachers: Sequence[Teacher] = ()) -> None:
        super().__init__()
        self._training = training
        self._teachers = teachers
        self.log_phrase_scale = nn.Parameter(torch.tensor(math.log(INITIAL_PHRASE_SCALE)))
        self.log_query_scale = nn.Parameter(torch.tensor(math.log(INITIAL_QUERY_SCALE)))

    def forward(self, model: AlignmentModel, batch: PairBatch) -> Tensor:
        """The loss of a batch, a scalar."""
        training = self._training
        with torch.autocast(batch.features.device.type, torch.bfloat16, enabled=training.bfloat16):
            learned = model.with_learned(batch.features, batch.boxes, batch.before).float()
        features, boxes, evidence = self._without_some_regions(replace(batch, features=learned))
        images = model.embed_images(features, boxes, evidence)
        sentences = model.embed_sentences(batch.words.vectors, batch.words.mask)
        with torch.autocast(features.device.type, torch.bfloat16, enabled=training.bfloat16):
            scores = model.score(images, sentences)
        if training.objective == "ranking":
            return ranking_loss(scores, batch.image_ids, training.margin)
        scale = model.log_scale.exp()
        loss = contrastive_loss(scores, batch.image_ids, scale, self._wrong(model, images, batch))
        if self._teachers:
            taught = torch.stack([teacher.scores(batch) for teacher in self._teachers]).mean(dim=0)
            followed = distillation_loss(scores * scale, taught, batch.image_ids)
            loss = (1 - training.distillation) * loss + training.distillation * followed
        if training.phrase_weight and batch.phrases is not None:
            phrases = batch.phrases
            loss = loss + training.phrase_weight * phrase_loss(
                images.regions[phrases.pairs],
                sentences.words[phrases.pairs],
                phrases.spans,
                phrases.targets,
                self.log_phrase_scale.exp(),
            )
        if training.query_weight and batch.queries is not None:
            queries = model.embed_sentences(batch.queries.words.vectors, batch.queries.words.mask)
            asked = model.score(images, queries)
            loss = loss + training.query_weight * query_loss(asked, batch.queries.targets, self.log_query_scale.exp())
        return loss

    def _wrong(self, model: AlignmentModel, images: ImageEmbedding, batch: PairBatch) -> Tensor | None:
        """The scores (B, E) of sentences with a word exchanged with the photo that each comes from; others are told
        apart easily, and another may fit what it now says.
        """
        if batch.exchanged is None:
            return None
        sentences = model.embed_sentences(batch.exchanged.words.vectors, batch.exchanged.words.mask)
        with torch.autocast(images.regions.device.type, torch.bfloat16, enabled=self._training.bfloat16):
            scores = score(images, sentences)
        own = torch.arange(len(scores))[:, None] == batch.exchanged.pairs
        scaled = scores * model.log_scale.exp()  # before what is left out: 0 · -inf is no gradient
        return scaled.masked_fill(~own, float("-inf"))

    def _without_some_regions(self, batch: PairBatch) -> tuple[Tensor, Tensor, Tensor | None]:
        """Put the whole image in the place of some regions, so that no single one is relied on."""
        features, boxes, evidence = batch.features, batch.boxes, batch.evidence
        share = self._training.region_dropout
        if not share:
            return features, boxes, evidence
        dropped = torch.rand(features.shape[:2]) < share  # (B, R)
        features = torch.where(dropped[:, :, None], features[:, -1:], features)
        boxes = torch.where(dropped[:, :, None], boxes[:, -1:], boxes)
        if evidence is not None:
            whole = evidence[:, -2:-1]  # the last region; the photo comes after it
            regions = torch.where(dropped[:, :, None], whole, evidence[:, :-1])
            evidence = torch.cat([regions, evidence[:, -1:]], dim=1)
        return features, boxes, evidence
