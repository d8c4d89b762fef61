"""Where a model finds the phrases of a sentence: against the annotated boxes of Flickr30k Entities."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from engine.alignment.localisation import likely_regions
from engine.alignment.model import AlignmentModel
from engine.boxes import OVERLAPS, centre_inside, overlaps, union_box
from engine.encoders.clip_encoder import ClipEncoder
from engine.language.tokens import tokenize
from engine.research.data.caption_sets import CaptionSet, load_captions
from engine.research.data.encoded import MeasuredModel, encoded_photos
from engine.research.data.entities import MatchedPhrases, PhraseBoxes, annotated_phrases
from engine.research.data.features import Report, SentenceVectors, no_report, sentence_vectors, stored_regions
from engine.research.evaluation.percent import percent
from engine.research.evaluation.segment_agreement import (
    BETAS,
    AnnotatedSentences,
    BetaChoice,
    SegmentAgreement,
    choose_beta,
    segment_agreement,
)

IMAGE_BLOCK = 100
SENTENCE_BLOCK = 500
SHARPNESSES = (0.3, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 100.0)
Setting = TypeVar("Setting", str, float)
TYPES = ("people", "clothing", "bodyparts", "animals", "vehicles", "instruments", "scene", "other")


@dataclass(frozen=True, slots=True)
class TypeAccuracy:
    """Accuracy in percent for the phrases of one kind of entity, and how many they are."""

    accuracy: float
    phrases: int


@dataclass(frozen=True, slots=True)
class Grounding:
    """How the regions chosen for phrases compare with the annotated boxes, in percent of the phrases.

    ``accuracy``: IoU ≥ 0.5 with the smallest box around all boxes of the entity. ``any_box``: with any one of them.
    ``pointing``: the centre of the chosen region lies in the box around all. ``ceiling``: some region of the photo has
    IoU ≥ 0.5 with it, so that choosing the best region always would reach this accuracy. A phrase of two types counts
    in both of ``by_type``.
    """

    accuracy: float
    any_box: float
    pointing: float
    ceiling: float
    by_type: dict[str, TypeAccuracy]
    phrases: int


@dataclass(frozen=True, slots=True)
class SharpnessRow:
    """What another sharpness of the choice of regions gives, in percent as in ``Grounding``."""

    sharpness: float
    accuracy: float
    any_box: float
    pointing: float


@dataclass(frozen=True, slots=True)
class PoolingRow:
    """What a pooling of an encoder gives, in percent as in ``Grounding``."""

    pooling: str
    accuracy: float
    any_box: float
    pointing: float


@dataclass(frozen=True, slots=True)
class GroundingResult:
    """Grounding figures of a model on a split: of phrases, and of its text segments, with its β and its sharpness.

    ``betas``, ``sharpnesses`` and the ``poolings`` of an encoder compare other values, where that was asked for. An
    encoder reads phrases one by one, and cuts no sentence by what it sees: it has no ``segments``.
    """

    model: str
    grounding: Grounding
    segments: SegmentAgreement | None
    captions: int
    captions_matched: int
    betas: BetaChoice | None
    sharpnesses: tuple[SharpnessRow, ...]
    poolings: tuple[PoolingRow, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON, the figures of the phrases at the top."""
        return asdict(self.grounding) | {
            "model": self.model, "segments": asdict(self.segments) if self.segments else None,
            "captions": self.captions, "captions_matched": self.captions_matched,
            "betas": asdict(self.betas) if self.betas else None,
            "sharpnesses": [asdict(row) for row in self.sharpnesses],
            "poolings": [asdict(row) for row in self.poolings],
        }  # fmt: skip


@torch.inference_mode()
def word_scores(
    model: AlignmentModel,
    features: NDArray[np.float16],
    boxes: NDArray[np.float32],
    sentences: SentenceVectors,
    image_of_sentence: Sequence[int],
    rows: Iterable[int],
) -> dict[int, NDArray[np.float32]]:
    """The score v_i · s_t of every word and region (T, R) of sentences, each with its own photo.

    Args:
        model: in evaluation mode.
        features: (B, R, C).
        boxes: (B, R, 4), x0 y0 x1 y1 from 0 to 1.
        sentences: the word vectors of N sentences.
        image_of_sentence: (N,) row of each sentence's image.
        rows: which of the N sentences; each has one word or more.

    Returns:
        by sentence row.
    """
    images = np.asarray(image_of_sentence)
    wanted = sorted(set(rows), key=lambda row: (int(images[row]), row))
    needed = sorted({int(images[row]) for row in wanted})
    regions: dict[int, torch.Tensor] = {}  # (R, D) of each image
    for start in range(0, len(needed), IMAGE_BLOCK):
        block = needed[start : start + IMAGE_BLOCK]
        embedded = model.embed_images(
            torch.from_numpy(features[block].astype(np.float32)), torch.from_numpy(boxes[block])
        )
        regions |= zip(block, embedded.regions, strict=True)
    scores: dict[int, NDArray[np.float32]] = {}
    for start in range(0, len(wanted), SENTENCE_BLOCK):
        block = wanted[start : start + SENTENCE_BLOCK]
        words = sentences.batch(block)
        embedding = model.embed_sentences(words.vectors, words.mask)
        for row, vectors, mask in zip(block, embedding.words, words.mask, strict=True):
            scores[row] = (vectors[mask] @ regions[int(images[row])].T).numpy()  # (T, D) @ (D, R)
    return scores


def chosen_regions(
    scores: Mapping[int, NDArray[np.float32]],
    phrases: Sequence[PhraseBoxes],
    boxes: NDArray[np.float32],
    image_of_sentence: Sequence[int],
    sharpness: float,
) -> list[int]:
    """The likely region of each phrase by Σ_t v_i · s_t over its words, read in its sentence.

    Args:
        scores: of each sentence by row, (T, R), as ``word_scores`` gives them.
        phrases: of those sentences.
        boxes: (B, R, 4) of the regions of every image, x0 y0 x1 y1 from 0 to 1.
        image_of_sentence: (N,) row of each sentence's image.
        sharpness: see ``engine.alignment.localisation``.
    """
    regions = []
    for phrase in phrases:
        summed = scores[phrase.sentence_row][phrase.start : phrase.end].sum(axis=0, keepdims=True)  # (1, R)
        own = boxes[image_of_sentence[phrase.sentence_row]]
        regions.append(int(likely_regions(summed, own, sharpness)[0]))
    return regions


def compare(
    chosen: Sequence[int],
    phrases: Sequence[PhraseBoxes],
    boxes: NDArray[np.float32],
    image_of_sentence: Sequence[int],
) -> Grounding:
    """Measure chosen regions.

    Args:
        chosen: the region of each phrase.
        phrases: as many.
        boxes: (B, R, 4) of the regions of every image, x0 y0 x1 y1 from 0 to 1.
        image_of_sentence: (N,) row of each sentence's image.
    """
    accurate, any_box, pointing, reachable = [], [], [], []
    for region, phrase in zip(chosen, phrases, strict=True):
        own = boxes[image_of_sentence[phrase.sentence_row]]  # (R, 4)
        union = union_box(phrase.boxes)[None]
        with_union = overlaps(own, union)[:, 0] >= OVERLAPS  # (R,)
        accurate.append(bool(with_union[region]))
        reachable.append(bool(with_union.any()))
        any_box.append(bool((overlaps(own[region : region + 1], phrase.boxes) >= OVERLAPS).any()))
        pointing.append(bool(centre_inside(own[region], union)[0]))
    of_type = {kind: [hit for hit, p in zip(accurate, phrases, strict=True) if kind in p.types] for kind in TYPES}
    return Grounding(
        percent(accurate), percent(any_box), percent(pointing), percent(reachable),
        {kind: TypeAccuracy(percent(hits), len(hits)) for kind, hits in of_type.items()},
        len(phrases),
    )  # fmt: skip


def evaluate_grounding(
    model: MeasuredModel, data: Path, split: str, try_settings: bool = False, report: Report = no_report
) -> GroundingResult:
    """Grounding figures of a model on a split with annotated phrases.

    Args:
        model: to measure.
        data: a folder with ``dataset.json``, ``entities.json`` and ``images/<split>/``.
        split: of ``data``.
        try_settings: compare values of β and of the sharpness, which takes a minute; of an encoder those of the
            sharpness and the two poolings.
        report: told of the progress.

    Raises:
        DatasetError: the set or the split cannot be read, or no annotated phrase is in its sentences.
        PhotoError: one of its photos cannot be decoded.
    """
    captions = load_captions(data, split)
    matched = annotated_phrases(captions, data)
    if isinstance(model, ClipEncoder):
        return _of_encoder(model, captions, matched, try_settings, report)
    regions = stored_regions(model.regions, [image.path for image in captions.images], report=report)
    sentences = sentence_vectors(model.word_vectors, captions.sentences, report=report)
    owners = captions.image_of_sentence
    alignment = model.folder.model.eval()
    rows = (phrase.sentence_row for phrase in matched.phrases)
    scores = word_scores(alignment, regions.features, regions.boxes, sentences, owners, rows)

    def with_sharpness(sharpness: float) -> Grounding:
        chosen = chosen_regions(scores, matched.phrases, regions.boxes, owners, sharpness)
        return compare(chosen, matched.phrases, regions.boxes, owners)

    architecture = model.architecture
    grounding = with_sharpness(architecture.sharpness)
    words = [tokenize(sentence).words for sentence in captions.sentences]
    annotated = AnnotatedSentences(words, scores, matched.phrases, matched.marked, regions.boxes, owners)
    agreement = segment_agreement(annotated, architecture)
    betas = None
    tried_sharpness: list[SharpnessRow] = []
    if try_settings:
        betas = choose_beta(annotated, architecture, sorted({*BETAS, architecture.beta}))
        for sharpness in sorted({*SHARPNESSES, architecture.sharpness}):
            found = with_sharpness(sharpness)
            tried_sharpness.append(SharpnessRow(sharpness, found.accuracy, found.any_box, found.pointing))
    return GroundingResult(
        model.name, grounding, agreement, matched.num_captions, matched.num_matched, betas, tuple(tried_sharpness)
    )


def _of_encoder(
    encoder: ClipEncoder, captions: CaptionSet, matched: MatchedPhrases, try_settings: bool, report: Report
) -> GroundingResult:
    """The same of an encoder, which reads each annotated phrase by itself."""
    owners, phrases = captions.image_of_sentence, matched.phrases
    words = [tokenize(sentence).words for sentence in captions.sentences]
    texts = [" ".join(words[phrase.sentence_row][phrase.start : phrase.end]) for phrase in phrases]
    strings = list(dict.fromkeys(texts))
    vector_of = dict(zip(strings, encoder.embed_strings(strings), strict=True))

    def measured(other: ClipEncoder, sharpnesses: Iterable[float]) -> list[Grounding]:
        photos = encoded_photos(other, [image.path for image in captions.images], report)
        scores = [
            photos.records[owners[phrase.sentence_row], :-1].astype(np.float32) @ vector_of[text]  # (R,)
            for phrase, text in zip(phrases, texts, strict=True)
        ]
        boxes = [photos.boxes[owners[phrase.sentence_row]] for phrase in phrases]
        return [
            compare(
                [int(likely_regions(one[None], own, sharpness)[0]) for one, own in zip(scores, boxes, strict=True)],
                phrases, photos.boxes, owners,
            )
            for sharpness in sharpnesses
        ]  # fmt: skip

    own = encoder.config.scoring.sharpness
    tried = sorted({*SHARPNESSES, own}) if try_settings else [own]
    rows = dict(zip(tried, measured(encoder, tried), strict=True))
    poolings = {}
    if try_settings:
        poolings = {pooling: measured(encoder.pooling_by(pooling), [own])[0] for pooling in ("own", "uniform")}
    return GroundingResult(
        encoder.name, rows[own], None, matched.num_captions, matched.num_matched, None,
        tuple(SharpnessRow(*_shown(sharpness, row)) for sharpness, row in rows.items()) if try_settings else (),
        tuple(PoolingRow(*_shown(pooling, row)) for pooling, row in poolings.items()),
    )  # fmt: skip


def _shown(setting: Setting, found: Grounding) -> tuple[Setting, float, float, float]:
    return setting, found.accuracy, found.any_box, found.pointing
