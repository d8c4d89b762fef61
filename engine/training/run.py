"""A training run from a preset and a data folder to a model folder."""

import json
from pathlib import Path
from typing import Any

import torch

from engine.alignment.config import ModelConfig
from engine.alignment.folder import save_model
from engine.data.batches import Pairs
from engine.data.captions import load_captions
from engine.data.features import Report, no_report, region_features, sentence_vectors
from engine.evaluation.split import encode_split
from engine.language.tokens import tokenize
from engine.language.vocabulary import Vocabulary
from engine.language.word_vectors import create_word_vectors
from engine.training.loop import Trained, train
from engine.vision.encoder import RegionEncoder

CHECKPOINT, LOG = "checkpoint.pt", "log.jsonl"


def run(config: ModelConfig, data: Path, output: Path, device: torch.device, report: Report = no_report) -> Trained:
    """Train ``config`` on the splits ``train`` and ``val`` of ``data`` and write the model folder ``output``.

    A run that was stopped goes on from its last epoch when it is started again with the same ``output``.

    Raises:
        DatasetError: the data cannot be read.
        ModelError: ``output`` holds a run of another configuration.
    """
    output.mkdir(parents=True, exist_ok=True)
    architecture, training = config.architecture, config.training
    encoder = RegionEncoder(architecture.backbone, architecture.image_size, architecture.proposer, device)
    words = create_word_vectors(architecture.word_vectors)
    captions = load_captions(data, "train")
    paths = [image.path for image in captions.images]
    views = [
        region_features(encoder, paths, mirror=mirror, report=report) for mirror in (False, True)[: 1 + training.mirror]
    ]
    sentences = sentence_vectors(words, captions.sentences, report=report)
    pairs = Pairs(views, sentences, captions.image_of_sentence, training.batch_size)
    validation = encode_split(load_captions(data, "val"), encoder, words, report)

    def log(line: dict[str, Any]) -> None:
        text = json.dumps(line)
        with (output / LOG).open("a", encoding="utf-8") as file:
            print(text, file=file)
        print(text, flush=True)

    trained = train(config, pairs, validation, output / CHECKPOINT, log)
    vocabulary = Vocabulary.from_sentences(tokenize(sentence).words for sentence in captions.sentences)
    save_model(output, config, trained.model, vocabulary)
    return trained
