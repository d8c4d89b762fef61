"""The training of caption models, in up to three stages: language alone, word by word, and by reward."""

import copy
import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from engine.captioning.config import CaptionConfig, CaptionTraining
from engine.captioning.decode import best_sentences, sample
from engine.captioning.network import DecoderModule, TorchDecoder
from engine.captioning.scene import Scene
from engine.captioning.transformer import TransformerDecoder
from engine.captioning.words import BOUNDARY, IGNORED, WordNumbers, until_end
from engine.research.data.caption_batches import CaptionBatch, CaptionScenes, language_batches
from engine.research.evaluation.cider import Cider
from engine.research.training.checkpoint import Stateful, load_checkpoint, save_checkpoint
from engine.research.training.log import Log
from engine.research.training.schedule import learning_rate_factor
from engine.research.training.step import take_step

LANGUAGE_BATCH = 160  # sentences
VALIDATION_BEAM = 3


@dataclass(frozen=True, slots=True, eq=False)
class Described:
    """Scenes of a validation split and, for each, the texts that people wrote, as word numbers."""

    scene: Scene[Tensor]
    references: Sequence[Sequence[Sequence[int]]]


class CaptionTrainer:
    """One run.

    Args:
        config: the architecture and its training.
        decoder: the network to train.
        scenes: photos or regions with their texts.
        numbers: of the vocabulary.
        language: sentences without photos.
        references: the texts of each photo of ``scenes``, for the reward.
        validation: measured after every epoch; the weights with the largest CIDEr are kept.
    """

    def __init__(
        self,
        config: CaptionConfig,
        decoder: DecoderModule,
        scenes: CaptionScenes,
        numbers: WordNumbers,
        language: Sequence[Sequence[int]],
        references: Sequence[Sequence[Sequence[int]]],
        validation: Described,
    ) -> None:
        self._config = config
        self._training = config.training
        self._decoder = decoder
        self._scenes = scenes
        self._numbers = numbers
        self._language = language
        self._references = references
        self._reward: Cider | None = None
        self._validation = validation
        self._truth = Cider(validation.references)

    def train(self, checkpoint: Path, log: Log) -> DecoderModule:
        """Train, or go on with the run that ``checkpoint`` holds, and return the best network.

        Raises:
            ModelError: the checkpoint belongs to another configuration.
        """
        training, decoder = self._training, self._decoder
        torch.manual_seed(training.seed)
        average = AveragedModel(decoder, multi_avg_fn=get_ema_multi_avg_fn(training.average))  # type: ignore[no-untyped-call]
        optimizer = _optimizer(decoder, training)
        parts: dict[str, Stateful] = {"decoder": decoder, "average": average, "optimizer": optimizer}
        progress: dict[str, Any] = {"epoch": 0, "best_epoch": 0, "best_cider": -1.0, "best": {}}
        if checkpoint.is_file():
            progress = load_checkpoint(checkpoint, asdict(self._config), parts)
        kept = copy.deepcopy(decoder)
        stages = [
            *itertools.repeat("language", training.language_epochs),
            *itertools.repeat("words", training.epochs),
            *itertools.repeat("reward", training.reward_epochs),
        ]
        for epoch in range(progress["epoch"], len(stages)):
            stage, started = stages[epoch], time.monotonic()
            if stages.index(stage) == epoch:
                optimizer.state.clear()
                if stage == "reward" and progress["best"]:
                    decoder.load_state_dict(progress["best"])
                average.module.load_state_dict(decoder.state_dict())
            losses = self._epoch(stage, epoch, epoch - stages.index(stage), stages.count(stage), optimizer, average)
            trained_in = time.monotonic() - started
            line: dict[str, Any] = {
                "epoch": epoch + 1, "stage": stage, "loss": round(float(np.mean(losses)), 4),
                "seconds": round(trained_in, 1),
            }  # fmt: skip
            if stage != "language":
                kept.load_state_dict((average.module if training.average else decoder).state_dict())
                line["cider"] = round(self._cider(kept), 4)
                if line["cider"] > progress["best_cider"]:
                    state = {name: tensor.clone() for name, tensor in kept.state_dict().items()}
                    progress |= {"best_epoch": epoch + 1, "best_cider": line["cider"], "best": state}
            progress["epoch"] = epoch + 1
            save_checkpoint(checkpoint, asdict(self._config), parts, progress)
            log(line)
        kept.load_state_dict(progress["best"])
        return kept.eval()

    def _epoch(
        self, stage: str, epoch: int, place: int, num_epochs: int, optimizer: torch.optim.Optimizer,
        average: AveragedModel,
    ) -> list[float]:  # fmt: skip
        """Epoch ``place`` of ``num_epochs`` of a stage → its losses."""
        training, seed = self._training, self._training.seed * 1000 + epoch
        num_batches = len(self._language) // LANGUAGE_BATCH if stage == "language" else self._scenes.num_batches
        rate = training.reward_learning_rate if stage == "reward" else training.learning_rate
        self._decoder.train()
        losses = []
        for number, loss in enumerate(self._losses(stage, seed)):
            factor = learning_rate_factor(place * num_batches + number, num_epochs * num_batches, training.warmup)
            losses.append(take_step(loss, optimizer, rate * factor, training.clip, training.clip_length))
            average.update_parameters(self._decoder)
        return losses

    def _losses(self, stage: str, seed: int) -> Iterator[Tensor]:
        if stage == "language":
            assert isinstance(self._decoder, TransformerDecoder), "only the transformer can read without a photo"
            for inputs, targets in language_batches(self._language, self._numbers, LANGUAGE_BATCH, seed):
                logits, _ = self._decoder(inputs, self._decoder.start_blind(len(inputs)))
                yield self._cross_entropy(logits, targets)
        elif stage == "words":
            for batch in self._scenes.epoch(seed):
                logits, _ = self._decoder(batch.inputs, self._decoder.start(batch.scene))
                yield self._cross_entropy(logits, batch.targets)
        else:
            for number, batch in enumerate(self._scenes.epoch(seed)):
                yield self._self_critical(batch, seed * 10_000 + number)

    def _cross_entropy(self, logits: Tensor, targets: Tensor) -> Tensor:
        return F.cross_entropy(
            logits.flatten(0, -2), targets.flatten(),
            ignore_index=IGNORED, label_smoothing=self._training.label_smoothing,
        )  # fmt: skip

    def _self_critical(self, batch: CaptionBatch, seed: int) -> Tensor:
        """Policy gradient with the mean reward of a photo's other sentences as its baseline (Rennie et al. 2017)."""
        count = self._training.reward_samples
        self._decoder.eval()
        max_words = self._config.architecture.max_words
        drawn = sample(TorchDecoder(self._decoder), batch.scene, count, max_words, 1.0, seed, shared=False).tokens
        self._decoder.train()
        if self._reward is None:
            # With END as a word, sentences that stop in the middle cost something.
            self._reward = Cider([[[*words, BOUNDARY] for words in photo] for photo in self._references])
        sentences = [until_end(row) for row in drawn.reshape(-1, drawn.shape[2]).tolist()]
        photos = [photo for photo in batch.photos for _ in range(count)]
        scores = self._reward.scores(photos, [[*words, BOUNDARY] for words in sentences])
        rewards = torch.from_numpy(scores.astype(np.float32)).view(-1, count)
        others = (rewards.sum(dim=1, keepdim=True) - rewards) / (count - 1)
        advantage = rewards - others  # (B, K)
        inputs, targets = map(torch.from_numpy, self._numbers.batch(sentences))
        shape = (len(batch.photos), count, -1)
        logits, _ = self._decoder(inputs.view(shape), self._decoder.start(batch.scene))
        losses = F.cross_entropy(logits.flatten(0, -2), targets.flatten(), ignore_index=IGNORED, reduction="none")
        return (losses.view(shape) * advantage[..., None]).sum() / (targets != IGNORED).sum()

    def _cider(self, decoder: DecoderModule) -> float:
        """Mean CIDEr of what a short beam search writes of the validation scenes."""
        decoder.eval()
        scene = self._validation.scene
        writer = TorchDecoder(decoder)
        found = list(best_sentences(writer, self._config.architecture, len(scene), scene.rows, VALIDATION_BEAM))
        return float(self._truth.scores(range(len(found)), found).mean())


def _optimizer(decoder: DecoderModule, training: CaptionTraining) -> torch.optim.Optimizer:
    if training.optimizer == "rmsprop":
        return torch.optim.RMSprop(decoder.parameters(), training.learning_rate, weight_decay=training.weight_decay)
    return torch.optim.AdamW(decoder.parameters(), training.learning_rate, weight_decay=training.weight_decay)
