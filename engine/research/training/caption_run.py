"""A training run from a preset and data folders to the folder of a caption model."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
import torch

from engine.alignment.folder import ModelFolder, load_model
from engine.alignment.model import AlignmentModel
from engine.captioning.config import CaptionConfig
from engine.captioning.folder import create_decoder, save_captioner
from engine.captioning.network import DecoderModule
from engine.captioning.words import WordNumbers
from engine.language.tokens import tokenize
from engine.language.vocabulary import Vocabulary
from engine.language.word_vectors import create_word_vectors
from engine.library.sentences import sentences_of_file
from engine.models.multimodal import MultimodalModel
from engine.research.data.caption_batches import CaptionScenes, RegionText, SceneView
from engine.research.data.caption_sets import CaptionSet, load_captions, load_further
from engine.research.data.entities import PhraseBoxes, load_entities, phrase_boxes
from engine.research.data.features import Report, StoredRegions, no_report, sentence_vectors, stored_regions, view_of
from engine.research.data.marked_regions import marked_features, marked_regions
from engine.research.data.region_texts import annotated_texts, inferred_texts
from engine.research.data.scenes import marked_scene, region_vectors
from engine.research.training.caption_stages import CaptionTrainer, Described
from engine.research.training.caption_start import lean_back, take_over
from engine.research.training.log import line_log
from engine.runtime.device import Device
from engine.vision.region_features import RegionEncoder

CHECKPOINT, LOG = "checkpoint.pt", "log.jsonl"
NUM_VALIDATION_REGIONS = 1000


def run(
    config: CaptionConfig,
    data: Path,
    output: Path,
    device: Device,
    report: Report = no_report,
    *,
    alignment: str = "default",
    further: Sequence[Path] = (),
    language: Sequence[Path] = (),
    start: str | None = None,
) -> DecoderModule:
    """Train ``config`` on the splits ``train`` and ``val`` of ``data`` and write the folder ``output``.

    A run that was stopped goes on from its last epoch when it is started again with the same ``output``.

    Args:
        config: the architecture and its training.
        data: the captioned set; its ``entities.json`` is used for annotated phrases and to validate regions.
        output: the folder of the caption model.
        device: where the backbone runs.
        report: called while features are computed.
        alignment: the alignment model whose regions and vectors it reads.
        further: folders with more training photos that have sentences, of other origin.
        language: text files with a sentence a line, to learn the language from.
        start: a caption model whose weights are trained on, instead of new ones.

    Raises:
        DatasetError: the data cannot be read.
        ModelError: ``output`` holds a run of another configuration, or ``start`` does not fit.
    """
    output.mkdir(parents=True, exist_ok=True)
    aligned = load_model(alignment)
    config = replace(config, alignment=aligned.fingerprint)
    encoder = MultimodalModel(aligned, device).regions
    parts = [load_captions(data, "train"), *(load_further(folder, "train", with_questions=False) for folder in further)]
    words = [[tokenize(sentence).words for sentence in part.sentences] for part in parts]
    everything = list(chain.from_iterable(words))
    vocabulary = Vocabulary.from_sentences(everything)
    numbers = WordNumbers(vocabulary)
    training, architecture = config.training, config.architecture

    log_frequencies = torch.from_numpy(numbers.log_frequencies(vocabulary, len(everything)))
    decoder = create_decoder(architecture, log_frequencies, training.dropout)
    if start is not None:
        take_over(decoder, numbers, start)

    texts = [_Texts(config, aligned, part, own, numbers, report) for part, own in zip(parts, words, strict=True)]
    views = []
    for number in range(training.views):
        seen = []
        for part, own in zip(parts, texts, strict=True):
            regions = stored_regions(encoder, [image.path for image in part.images], view=number, report=report)
            seen.append(SceneView(regions, region_vectors(aligned.model, regions), own.of_view(number, regions)))
        views.append(SceneView.joined(seen))
    scenes = CaptionScenes(views, numbers, training.batch_size, training.texts_per_photo)

    sentences = [tokenize(sentence).words for file in language for sentence in sentences_of_file(file)]
    known = [numbers.numbers(sentence) for sentence in sentences if len(sentence) <= architecture.max_words]
    references = [
        [numbers.numbers(tokenize(sentence).words) for sentence in image.sentences]
        for part in parts
        for image in part.images
    ]
    validation = _validation(config, aligned.model, encoder, data, numbers, report)
    trainer = CaptionTrainer(config, decoder, scenes, numbers, known, references, validation)
    trained = trainer.train(output / CHECKPOINT, line_log(output / LOG))
    if start is not None and training.start_share:
        lean_back(trained, numbers, start, training.start_share)
    save_captioner(output, config, trained, vocabulary)
    return trained


class _Texts:
    """The training texts of every view of a split."""

    def __init__(
        self, config: CaptionConfig, aligned: ModelFolder, captions: CaptionSet, words: Sequence[tuple[str, ...]],
        numbers: WordNumbers, report: Report,
    ) -> None:  # fmt: skip
        self._kind = config.training.texts
        self._longest = config.architecture.max_words
        self._aligned = aligned
        self._numbers = numbers
        self._words = words
        self._owners = np.array(captions.image_of_sentence)
        self._phrases: Sequence[PhraseBoxes] = ()
        if self._kind == "phrases":
            self._phrases = phrase_boxes(captions, load_entities(captions.folder, captions.split)).phrases
        if self._kind == "segments":
            source = create_word_vectors(aligned.config.architecture.word_vectors)
            self._sentences = sentence_vectors(source, captions.sentences, report=report)

    def of_view(self, number: int, regions: StoredRegions) -> list[list[RegionText]]:
        """For each photo its texts, without those that are longer than what the model writes."""
        if self._kind == "segments":
            texts = inferred_texts(
                self._aligned.model, regions, self._sentences, self._words, self._owners, self._numbers
            )
        elif self._kind == "phrases":
            views = [view_of(number, row) for row in range(len(regions.features))]
            texts = annotated_texts(self._phrases, views, regions, self._words, self._owners, self._numbers)
        else:
            whole = regions.features.shape[1] - 1
            texts = [[] for _ in regions.features]
            for photo, words in zip(self._owners.tolist(), self._words, strict=True):
                texts[photo].append(RegionText(whole, self._numbers.numbers(words)))
        return [[text for text in photo if len(text.numbers) <= self._longest] for photo in texts]


def _validation(
    config: CaptionConfig, model: AlignmentModel, encoder: RegionEncoder, data: Path, numbers: WordNumbers,
    report: Report,
) -> Described:  # fmt: skip
    captions = load_captions(data, "val")
    paths = [image.path for image in captions.images]
    regions = stored_regions(encoder, paths, report=report)
    if config.training.texts == "sentences":
        view = SceneView(regions, region_vectors(model, regions), ())
        references = [[numbers.numbers(tokenize(text).words) for text in image.sentences] for image in captions.images]
        return Described(view.scene(range(len(paths))), references)
    marked = marked_regions(captions, phrase_boxes(captions, load_entities(data, "val")).phrases)
    features = marked_features(encoder, paths, marked, report)
    chosen = np.linspace(0, len(marked.photos) - 1, NUM_VALIDATION_REGIONS).round().astype(int)
    scene = marked_scene(model, regions, marked, features, chosen)
    return Described(scene, [[numbers.numbers(words) for words in marked.phrases[row]] for row in chosen])
