"""What a caption model writes about regions, beside what needs none and beside a model of whole photos."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from engine.captioning.decode import SCENES_AT_ONCE
from engine.captioning.describe import DEFAULT_BEAM
from engine.captioning.describe_files import require_numbers
from engine.captioning.folder import CaptionFolder, load_captioner, require_fit
from engine.captioning.words import WordNumbers
from engine.errors import ModelError
from engine.language.tokens import tokenize
from engine.language.vocabulary import Vocabulary
from engine.models.multimodal import MultimodalModel
from engine.research.data.caption_sets import CaptionSet, load_captions
from engine.research.data.entities import annotated_phrases
from engine.research.data.features import Report, StoredRegions, no_report, sentence_vectors, stored_regions
from engine.research.data.marked_regions import MarkedRegions, marked_features, marked_regions
from engine.research.data.region_texts import inferred_texts
from engine.research.data.scenes import lone_scene, marked_scene
from engine.research.evaluation.caption_baselines import best_products, nearest
from engine.research.evaluation.caption_metrics import CaptionMeter, Words
from engine.research.evaluation.photo_captions import (
    NEAREST,
    TRAINING_SPLIT,
    CaptionReport,
    Comparison,
    training_captions,
    with_words,
    write,
)

RANKING, WHOLE = "ranking", "whole-image model"
SNIPPETS_AT_ONCE = 500


@dataclass(frozen=True, slots=True, eq=False)
class _Marked:
    """The marked regions of a split, their features (M, C), and the regions of its photos."""

    marked: MarkedRegions
    features: NDArray[np.float16]
    regions: StoredRegions


def evaluate_region_captions(
    model: MultimodalModel, captioner: CaptionFolder, data: Path, split: str, *, beam: int = DEFAULT_BEAM,
    baselines: bool = True, whole: str = "default", report: Report = no_report,
) -> CaptionReport:  # fmt: skip
    """Figures of a caption model on the annotated regions of a split, each against all phrases about it.

    Beside it: "nearest neighbour", a phrase of the training region that is most alike; "ranking", of all phrases of
    training sentences the one that the alignment model scores highest with the region; "whole-image model", what a
    caption model of whole photos writes of the region as if it were a photo; "human agreement", the first phrase of
    each region against the others. The phrases of training sentences are those that the alignment model cuts them into.

    Args:
        model: the alignment model.
        captioner: the caption model of regions, made for it.
        data: a folder with ``dataset.json``, ``entities.json`` and ``images/<split>/``; what is compared with training
            sentences needs its split "train".
        split: of ``data``.
        beam: width of the beam search.
        baselines: whether to compare.
        whole: the caption model of whole photos.
        report: told of the progress.

    Raises:
        DatasetError: the set, the split or its annotation cannot be read, or no phrase has a box.
        ModelError: the caption model was made for another alignment model.
        PhotoError: one of the photos cannot be decoded.
        QueryError: the beam is out of its range, or a package is missing.
    """
    require_numbers(1, beam, None)
    require_fit(captioner, model.name, model.fingerprint)
    captions = with_words(load_captions(data, split))
    marked = marked_regions(captions, annotated_phrases(captions, data).phrases)
    training = training_captions(data, split)
    known = None if isinstance(training, str) else [tokenize(sentence).words for sentence in training.sentences]
    alignment = model.folder.model.eval()
    with CaptionMeter(known, of_regions=True) as meter:
        paths = [image.path for image in captions.images]
        regions = stored_regions(model.regions, paths, report=report)
        seen = _Marked(marked, marked_features(model.regions, paths, marked, report), regions)
        count, photos = len(marked.photos), marked.photos.tolist()
        written = write(
            captioner, count, lambda rows: marked_scene(alignment, regions, marked, seen.features, rows), beam, report
        )
        figures = meter.figures(written, marked.phrases, photos)
        beside = Comparison(meter, marked.phrases, photos, training)
        if baselines:
            itself = split == TRAINING_SPLIT
            beside.add_training((NEAREST, RANKING), lambda source: _of_training(model, source, seen, itself, report))
            try:
                of_photos = load_captioner(whole)
                require_fit(of_photos, model.name, model.fingerprint)
                texts = write(of_photos, count, lambda rows: lone_scene(alignment, seen.features[rows]), beam, report)
                beside.add(WHOLE, texts)
            except ModelError as error:
                beside.leave_out(WHOLE, str(error))
            beside.add_people("no region has two phrases.")
    return beside.report(captioner.name, model.name, split, beam, figures)


def _of_training(
    model: MultimodalModel, training: CaptionSet, seen: _Marked, itself: bool, report: Report
) -> dict[str, list[Words]]:
    """A phrase of a training sentence for each marked region, by the name of the way to choose it."""
    regions = stored_regions(model.regions, [image.path for image in training.images], report=report)
    words = [tokenize(sentence).words for sentence in training.sentences]
    vectors = sentence_vectors(model.word_vectors, training.sentences, report=report)
    numbers = WordNumbers(Vocabulary.from_sentences(words, min_count=1))
    owners = np.array(training.image_of_sentence)
    texts = inferred_texts(model.folder.model, regions, vectors, words, owners, numbers)
    first: dict[tuple[int, int], str] = {}  # of each region of each photo that has phrases
    known: set[str] = set()
    for photo, own in enumerate(texts):
        for text in own:
            phrase = numbers.text(text.numbers)
            known.add(phrase)
            first.setdefault((photo, text.region), phrase)
    photos, places = np.array(list(first)).T
    phrases = list(first.values())
    own_photos = seen.marked.photos if itself else None
    channels = model.folder.config.architecture.map_channels
    of_training = regions.features[photos, places, :channels]
    found = nearest(seen.features[:, :channels], of_training, 1, own_photos, photos)[:, 0]
    return {
        NEAREST: [phrases[row].split() for row in found],
        RANKING: _ranked(model, seen, sorted(known), report),
    }


@torch.inference_mode()
def _ranked(model: MultimodalModel, seen: _Marked, phrases: Sequence[str], report: Report) -> list[Words]:
    """Of ``phrases``, each read alone, the one with the largest Σ_t v_i · s_t, for each marked region i (eq. 8)."""
    alignment = model.folder.model
    vectors = sentence_vectors(model.word_vectors, phrases, report=report)
    sums = []
    for start in range(0, len(phrases), SNIPPETS_AT_ONCE):
        batch = vectors.batch(range(start, min(start + SNIPPETS_AT_ONCE, len(phrases))))
        embedded = alignment.embed_sentences(batch.vectors, batch.mask)
        sums.append((embedded.words * batch.mask[..., None]).sum(dim=1).numpy())  # (N, T, D) → (N, D)
    own = [
        marked_scene(alignment, seen.regions, seen.marked, seen.features, rows).vectors[:, -1].numpy()
        for rows in np.array_split(np.arange(len(seen.features)), -(-len(seen.features) // SCENES_AT_ONCE))
    ]
    best = best_products(np.concatenate(own), np.concatenate(sums))
    return [phrases[row].split() for row in best]
