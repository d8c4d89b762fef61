"""Fits what a caption model is sure of: which sentence to choose, whether it is right, and what is surely seen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.captioning.certainty import Certainty, Logistic
from engine.captioning.describe import DEFAULT_BEAM
from engine.captioning.everyday import EverydayNames, load_names
from engine.captioning.folder import CaptionFolder, require_fit
from engine.captioning.judging import in_question, ranks, sentence_features
from engine.captioning.words import WordNumbers
from engine.errors import DatasetError
from engine.language.tokens import tokenize
from engine.language.vocabulary import Vocabulary
from engine.models.multimodal import MultimodalModel
from engine.research.data.caption_sets import load_captions
from engine.research.data.features import Report, no_report, stored_regions
from engine.research.evaluation.caption_metrics import Words
from engine.research.evaluation.cider import Cider
from engine.research.evaluation.photo_captions import with_words
from engine.research.evaluation.right_captions import is_right
from engine.research.evaluation.shown_captions import ENOUGH_PEOPLE
from engine.research.evaluation.written_captions import WrittenCaptions, write_beams
from engine.research.training.logistic import fit_logistic, fit_offsets

CHOICES = (0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0)
LIKELY = 0.4  # likelier right than wrong for a reader: `is_right` is stricter (docs/captions.md)
SURE = 0.88  # of the names that are shown are said by people
SPREAD = 0.3  # variance of the names' offsets; 0.1 to 3 give the same
PEOPLE = 5  # whose sentences a probability is about
FOLDS = 2

Array = NDArray[np.float64]
Keep = Callable[[int], NDArray[np.bool_]]
"""Which of some photos count."""


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """B photos of one origin: what the model writes about them, what people do, and how they fit N names.

    ``features`` (B, N, F) are those of names; ``said`` (B, N) is whether people say them; ``people`` (B,) the log of
    how many wrote.
    """

    written: WrittenCaptions
    sentences: Sequence[Sequence[Words]]
    features: Array
    said: NDArray[np.bool_]
    people: Array


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Probabilities that captions of a source are right, each fitted without its photo, and whether they are."""

    probabilities: Array
    right: NDArray[np.bool_]


def fit_certainty(
    model: MultimodalModel, captioner: CaptionFolder, data: Sequence[tuple[Path, str]], report: Report = no_report
) -> tuple[Certainty, list[Judged]]:
    """Fit to splits of several origins, which neither model was trained on, each counting as much as another.

    What few people wrote about counts too: how many they were is a feature, and the probability is that of five.

    Args:
        model: the alignment model, calibrated.
        captioner: the caption model, made for it.
        data: folders with ``dataset.json`` and ``images/<split>/``, and splits.
        report: told of the progress.

    Returns:
        What was fitted to all, and how right captions are by probability, for each split.

    Raises:
        DatasetError: a split cannot be read, or the model has no calibration.
        PhotoError: a photo cannot be decoded.
    """
    require_fit(captioner, model.name, model.fingerprint)
    if model.calibration is None:
        raise DatasetError(f"The model {model.name!r} has no calibration; make one by scripts/calibrate first.")
    names = EverydayNames(model, model.calibration)
    sources = [_source(model, captioner, names, folder, split, report) for folder, split in data]
    power = captioner.config.architecture.length_power
    choice = max(CHOICES, key=lambda choice: _cider(sources, power, choice))

    parts = [_part(fold) for fold in range(FOLDS)]
    without = [_fit_names(sources, lambda count, part=part: ~part(count)) for part in parts]  # type: ignore[misc]
    likely: list[Array] = [np.empty(source.said.shape) for source in sources]
    for part, (fitted, offsets) in zip(parts, without, strict=True):
        for source, found in zip(sources, likely, strict=True):
            own = part(len(found))
            found[own] = fitted(source.features[own], offsets)
    features, right = _of_chosen(sources, likely, power, choice)

    judged: list[Array] = [np.empty(len(own)) for own in right]
    for part in parts:
        fitted = _fit_sentences(sources, features, right, lambda count, part=part: ~part(count))  # type: ignore[misc]
        for inputs, found in zip(features, judged, strict=True):
            found[part(len(found))] = fitted(inputs[part(len(found))])
    enough = [source.people >= np.log(ENOUGH_PEOPLE) for source in sources]
    of_names, offsets = _fit_names(sources, lambda count: np.ones(count, bool))
    certainty = Certainty(
        captioner.fingerprint,
        model.fingerprint,
        choice,
        _fit_sentences(sources, features, right, lambda count: np.ones(count, bool)),
        Logistic(of_names.weights, of_names.bias, _cut(likely, sources, enough)),
        dict(zip(load_names().names, offsets.round(3).tolist(), strict=True)),
    )
    return certainty, [Judged(p[rows], y[rows]) for p, y, rows in zip(judged, right, enough, strict=True)]


def _part(fold: int) -> Keep:
    return lambda count: np.arange(count) % FOLDS == fold


def _source(
    model: MultimodalModel, captioner: CaptionFolder, names: EverydayNames, folder: Path, split: str, report: Report
) -> Source:
    captions = with_words(load_captions(folder, split))
    regions = stored_regions(model.regions, [image.path for image in captions.images], report=report)
    written = write_beams(model, captioner, regions, DEFAULT_BEAM, report)
    sentences = [[tokenize(text).words for text in image.sentences] for image in captions.images]
    said = np.array([np.any([load_names().mentioned(words) for words in own], axis=0) for own in sentences])
    features = np.concatenate([names.features(record[None]) for record in written.records])
    return Source(written, sentences, features, said, np.log([float(len(own)) for own in sentences]))


def _cider(sources: Sequence[Source], power: float, choice: float) -> float:
    """The CIDEr of the sentences that a weight of the alignment score chooses, the sum over sources."""
    total = 0.0
    for source in sources:
        known = Vocabulary.from_sentences([words for own in source.sentences for words in own], min_count=1)
        numbers = WordNumbers(known)
        cider = Cider([[numbers.numbers(words) for words in own] for own in source.sentences])
        chosen = [source.written.beams[row][best] for row, best in enumerate(_best(source, power, choice))]
        written = [numbers.numbers(caption.text.split()) for caption in chosen]
        total += float(cider.scores(range(len(written)), written).mean())
    return total


def _best(source: Source, power: float, choice: float) -> list[int]:
    """Which sentence of each beam is chosen."""
    chosen = []
    for captions, scores in zip(source.written.beams, source.written.scores, strict=True):
        read = in_question(captions, power)
        chosen.append(int(np.argmax((ranks(captions, power) + choice * scores)[:read])))
    return chosen


def _fit_names(sources: Sequence[Source], keep: Keep) -> tuple[Logistic, Array]:
    """Whether people say a name of a photo, and the offset of each name (N,)."""
    inputs, said, importance, rows = [], [], [], []
    for source in sources:
        kept = np.flatnonzero(keep(len(source.said)))
        num_names = source.said.shape[1]
        people = np.broadcast_to(source.people[kept, None, None], (len(kept), num_names, 1))
        inputs.append(np.concatenate([source.features[kept], people], axis=-1).reshape(len(kept) * num_names, -1))
        said.append(source.said[kept])
        importance.append(np.full(said[-1].size, 1 / said[-1].size))
        rows.append(len(kept))
    features, right = np.concatenate(inputs), np.concatenate(said)
    weights, bias = fit_logistic(features, right.ravel(), np.concatenate(importance))
    offsets = fit_offsets((features @ weights + bias).reshape(right.shape), right, SPREAD)
    return _of_five(weights, bias, 0.5), offsets


def _of_chosen(
    sources: Sequence[Source], likely: Sequence[Array], power: float, choice: float
) -> tuple[list[Array], list[NDArray[np.bool_]]]:
    """The features (B, 4) of the chosen sentence of each photo, and whether it is right (B,), for each source."""
    features, right = [], []
    for source, names in zip(sources, likely, strict=True):
        rows, agreed = [], []
        for row, best in enumerate(_best(source, power, choice)):
            caption, score = source.written.beams[row][best], source.written.scores[row][best : best + 1]
            rows.append(sentence_features(names[row], [caption], score)[0])
            agreed.append(is_right(caption.text.split(), source.sentences[row]))
        features.append(np.stack(rows))
        right.append(np.array(agreed))
    return features, right


def _fit_sentences(
    sources: Sequence[Source], features: Sequence[Array], right: Sequence[NDArray[np.bool_]], keep: Keep
) -> Logistic:
    inputs, agreed, importance = [], [], []
    for source, own, is_so in zip(sources, features, right, strict=True):
        kept = keep(len(own))
        inputs.append(np.column_stack([own, source.people])[kept])
        agreed.append(is_so[kept])
        importance.append(np.full(kept.sum(), 1 / kept.sum()))
    weights, bias = fit_logistic(np.concatenate(inputs), np.concatenate(agreed), np.concatenate(importance))
    return _of_five(weights, bias, LIKELY)


def _of_five(weights: Array, bias: float, cut: float) -> Logistic:
    """A model whose last feature is how many people wrote, as one of five people's sentences."""
    return Logistic(weights[:-1].round(5).tolist(), round(bias + float(weights[-1]) * float(np.log(PEOPLE)), 5), cut)


def _cut(likely: Sequence[Array], sources: Sequence[Source], enough: Sequence[NDArray[np.bool_]]) -> float:
    """The lowest probability, in hundredths, at which people say enough of the names, each source counting the same."""
    for cut in np.arange(50, 100) / 100:
        shares = []
        for found, source, rows in zip(likely, sources, enough, strict=True):
            shown = found[rows] >= cut
            shares.append(float(source.said[rows][shown].mean()) if shown.any() else 1.0)
        if np.mean(shares) >= SURE:
            return float(cut)
    return 1.0
