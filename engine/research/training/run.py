"""A training run from a preset and data folders to a model folder."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from engine.alignment.config import ModelConfig
from engine.alignment.folder import load_model, save_model
from engine.alignment.model import AlignmentModel
from engine.errors import ModelError
from engine.language.class_names import class_name_vectors
from engine.language.tokens import tokenize
from engine.language.vocabulary import Vocabulary
from engine.language.word_vectors import WordVectors, create_word_vectors
from engine.research.data.batches import Pairs, TrainingSet
from engine.research.data.caption_sets import CaptionSet, load_captions, load_further
from engine.research.data.entities import FILE as ENTITIES
from engine.research.data.entities import load_entities, phrase_boxes
from engine.research.data.exchanged import exchanged
from engine.research.data.features import (
    Report,
    SentenceVectors,
    StoredRegions,
    no_report,
    regions_and_maps,
    sentence_vectors,
    stored_regions,
)
from engine.research.data.phrases import by_sentence
from engine.research.evaluation.split import encode_split, evaluate
from engine.research.training.balance import rebalance
from engine.research.training.bank_selection import fill_bank, fill_sentence_bank, require_enough
from engine.research.training.log import line_log
from engine.research.training.loop import Trained, train
from engine.research.training.teachers import Teacher
from engine.runtime.device import Device
from engine.vision.backbone import copy_of_last_block, load_classifier
from engine.vision.encoder import create_region_encoder
from engine.vision.last_block import MAP_BEFORE
from engine.vision.region_features import RegionEncoder

CHECKPOINT, LOG = "checkpoint.pt", "log.jsonl"
EVIDENCE_BLOCK = 64


def run(
    config: ModelConfig,
    data: Path,
    output: Path,
    device: Device,
    report: Report = no_report,
    *,
    further: Sequence[Path] = (),
    teachers: Sequence[str] = (),
    start: str | None = None,
) -> Trained:
    """Train ``config`` on the splits ``train`` and ``val`` of ``data`` and write the model folder ``output``.

    A run that was stopped goes on from its last epoch when it is started again with the same ``output``.

    Args:
        config: the architecture and its training.
        data: the captioned set; its ``entities.json`` is used where the training asks for phrases or queries.
        output: the model folder.
        device: where the backbone runs.
        report: called while features are computed.
        further: folders with more training photos, of other origin.
        teachers: models on the same regions and words, by name or folder.
        start: a model whose weights are trained on, instead of new ones.

    Raises:
        DatasetError: the data cannot be read.
        ModelError: ``output`` holds a run of another configuration, or a teacher does not fit.
    """
    output.mkdir(parents=True, exist_ok=True)
    architecture, training = config.architecture, config.training
    encoder = create_region_encoder(
        architecture.backbone, architecture.image_size, architecture.proposer, device,
        detail=architecture.detail_channels > 0, further=MAP_BEFORE if architecture.learned_channels else None,
        may_download=True,
    )  # fmt: skip  # who trains names the networks
    words = create_word_vectors(architecture.word_vectors)

    earlier = None if start is None else _teacher(start, config).state_dict()
    classes = None
    if earlier is None and architecture.class_dimension:
        classes = (*load_classifier(architecture.backbone), torch.from_numpy(class_name_vectors(words)))

    def prepare(model: AlignmentModel) -> None:
        if model.last_block is not None:
            model.last_block.load_state_dict(copy_of_last_block().state_dict())
        if earlier is not None:
            # What the earlier model lacks, such as geometry, keeps its first values.
            try:
                _, unexpected = model.load_state_dict(earlier, strict=False)
            except RuntimeError as error:
                reason = str(error).splitlines()[-1].strip()
                raise ModelError(f"The model {start} has other sizes than the configuration: {reason}") from error
            if unexpected:
                raise ModelError(f"The model {start} has parts that this one has not: {', '.join(unexpected)}.")
            model.empty_banks()
        elif classes is not None:
            model.fill_classes(*classes)

    captions = load_captions(data, "train")
    needs_phrases = bool(training.phrase_weight or training.query_weight)
    entities = load_entities(data, "train") if needs_phrases and (data / ENTITIES).is_file() else {}
    stored = regions_and_maps if architecture.learned_channels else stored_regions
    main = _training_set(captions, encoder, words, stored, training.views, report)
    main.phrases = by_sentence(phrase_boxes(captions, entities).phrases, len(main.words))
    others = [
        _training_set(
            load_further(folder, "train"),
            encoder,
            words,
            stored,
            min(training.further_views, training.views),
            report,
        )
        for folder in further
    ]
    require_enough(architecture, main, others)
    if architecture.class_dimension:
        fixed = AlignmentModel(architecture)
        prepare(fixed)
        for part in (main, *others):
            part.evidence = [_evidence(fixed, regions.features) for regions in part.views]
    queries = words if training.query_weight else None
    for part in (main, *others):
        part.exchanged = _exchanged(part, words, training.seed, report) if training.exchanged else None
    pairs = Pairs(main, others, training.further_pairs, training.batch_size, queries, num_exchanged=training.exchanged)
    validation = encode_split(load_captions(data, "val"), encoder, words, report, stored)

    taught = [Teacher(_teacher(name, config), [main, *others], bfloat16=training.bfloat16) for name in teachers]
    log = line_log(output / LOG)
    trained = train(config, pairs, validation, output / CHECKPOINT, log, prepare, taught)
    for choice in rebalance(trained.model, validation):
        log({"balance": asdict(choice)})
    if architecture.bank:
        fill_bank(trained.model, main.views[0], [part.views[0] for part in others])
    if architecture.sentence_bank:
        fill_sentence_bank(trained.model, main.sentences, [part.sentences for part in others])
    trained = replace(trained, result=evaluate(trained.model, validation))
    seen = [sentence for part in (main, *others) for sentence in part.words]
    save_model(output, config, trained.model, Vocabulary.from_sentences(seen))
    return trained


def _training_set(
    captions: CaptionSet, encoder: RegionEncoder, words: WordVectors, stored: Callable[..., StoredRegions],
    num_views: int, report: Report,
) -> TrainingSet:  # fmt: skip
    paths = [image.path for image in captions.images]
    sentences = captions.sentences
    return TrainingSet(
        views=[stored(encoder, paths, view=view, report=report) for view in range(num_views)],
        sentences=sentence_vectors(words, sentences, report=report),
        words=[tokenize(sentence).words for sentence in sentences],
        image_of_sentence=np.array(captions.image_of_sentence),
        phrases=[() for _ in sentences],
    )


def _exchanged(part: TrainingSet, words: WordVectors, seed: int, report: Report) -> SentenceVectors:
    """The sentences of a set with a word exchanged, without words where none could be."""
    random = np.random.default_rng(seed)
    texts = [" ".join(exchanged(sentence, random) or ()) for sentence in part.words]
    return sentence_vectors(words, texts, report=report)


@torch.inference_mode()
def _evidence(model: AlignmentModel, features: NDArray[np.float16]) -> NDArray[np.float16]:
    """The class evidence (n, R + 1, Dc) of features (n, R, C); fixed, so it is computed once."""
    blocks = []
    for start in range(0, len(features), EVIDENCE_BLOCK):
        evidence = model.evidence(torch.from_numpy(features[start : start + EVIDENCE_BLOCK].astype(np.float32)))
        assert evidence is not None
        blocks.append(evidence.half().numpy())
    return np.concatenate(blocks)


def _teacher(name: str, config: ModelConfig) -> AlignmentModel:
    teacher = load_model(name)
    own, wanted = teacher.config.architecture, config.architecture
    for setting in ("backbone", "image_size", "proposer", "word_vectors", "class_dimension"):
        if getattr(own, setting) != getattr(wanted, setting):
            raise ModelError(
                f"The teacher {name} has {setting} {getattr(own, setting)!r}, and this model "
                f"{getattr(wanted, setting)!r}; they must look at the same regions and words."
            )
    if own.learned_channels > wanted.learned_channels:
        raise ModelError(f"The teacher {name} has a last block of its own, which this model would not compute.")
    return teacher.model
