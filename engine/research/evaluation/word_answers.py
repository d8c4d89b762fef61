"""What everyday words get at the model's cut, and how far their probabilities hold."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.alignment.calibration import probabilities_of
from engine.errors import DatasetError, ModelError
from engine.research.data.caption_sets import CaptionSet, load_captions
from engine.research.data.encoded import MeasuredModel
from engine.research.data.features import Report, no_report
from engine.research.evaluation.calibration_error import expected_calibration_error, reliability
from engine.research.evaluation.everyday_words import MEASURED_GROUPS, ScoredWords, score_words, word_hits
from engine.research.evaluation.hits import HITS, Hits, first_hits, score_queries, sentence_queries
from engine.research.training.calibrate import fit_words

SHOWN = 5  # hits that a person looks at
LIBRARIES = (30, 300)  # photos of the smaller libraries that the words are asked in again
WORTH_HALVING = 200  # photos

Predict = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Features of hits (n, M, 10) → probabilities (n, M)."""


@dataclass(frozen=True, slots=True)
class WordFigures:
    """What some words get in a library; shares from 0 to 1, None where there is no word of the sort.

    Attributes:
        photos: in the library.
        words: with three relevant photos or more.
        absent: things that no sentence says.
        answered: share of the words with a hit at the cut.
        precision: of the hits at the cut among each word's five best; 0 for a word without any.
        precision_of_all: of the five best, whatever their probability.
        kept: share of the right photos among the five best that the cut keeps.
        absent_likely: share of the absent things with a hit at the cut.
        error: expected calibration error of the first ten hits, absent things included.
    """

    photos: int
    words: int
    absent: int
    answered: float | None
    precision: float | None
    precision_of_all: float | None
    kept: float | None
    absent_likely: float | None
    error: float | None


@dataclass(frozen=True, slots=True)
class WordsResult:
    """Figures of a model's words.

    Attributes:
        model: its name.
        cut: its own for single words.
        figures: of all words.
        by_group: things, kinds, places, actions, colours; without absent things.
        libraries: of all words in smaller libraries, drawn from the photos.
        cross_fitted: fitted on one half of the photos and measured on the other, with another list of absent things;
            each way. Empty for fewer than 200 photos.
        taken_out_likely: share of the words with a hit at the cut after all photos that a sentence says it of are gone.
        sentence_error: expected calibration error of sentences, with their photos there and without.
    """

    model: str
    cut: float
    figures: WordFigures
    by_group: dict[str, WordFigures]
    libraries: tuple[WordFigures, ...]
    cross_fitted: tuple[WordFigures, ...]
    taken_out_likely: float | None
    sentence_error: float | None

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON, the figures of all words at the top."""
        plain = asdict(self)
        figures: dict[str, Any] = plain.pop("figures")
        return plain | figures


def evaluate_words(model: MeasuredModel, data: Path, split: str, report: Report = no_report) -> WordsResult:
    """How a model answers everyday words on a split, judged by people's sentences.

    Raises:
        ModelError: the model has no calibration.
        DatasetError: the set cannot be read, or no word of the table has three photos.
        PhotoError: one of its photos cannot be decoded.
    """
    calibration = model.calibration
    if calibration is None:
        raise ModelError(f"The model {model.name!r} has no calibration; make one with scripts/calibrate.")

    def predict(features: NDArray[np.float64]) -> NDArray[np.float64]:
        return probabilities_of(features, calibration.weights, calibration.bias)

    captions = load_captions(data, split)
    words = score_words(model, captions, calibration.background, report)
    photos, cut = np.arange(len(captions.images)), calibration.cut_of(1)
    figures = word_figures(words, photos, predict, cut)
    if not figures.words:
        raise DatasetError(f"No everyday word is said of three photos of split {split!r} of {data}.")
    random = np.random.default_rng(0)
    smaller = [np.sort(random.choice(photos, size, replace=False)) for size in LIBRARIES if size < len(photos)]
    taken_out = word_hits(words, photos, MEASURED_GROUPS, removed=True)
    return WordsResult(
        model.name,
        cut,
        figures,
        {
            group: word_figures(words, photos, predict, cut, [group])
            for group in MEASURED_GROUPS[:-1]
            if (words.queries.groups == group).any()
        },
        tuple(word_figures(words, library, predict, cut) for library in smaller),
        _cross_fitted(words, photos),
        _share(np.logical_or.reduce(predict(taken_out.features) >= cut)),
        _sentence_error(model, captions, predict, report),
    )


def word_figures(
    words: ScoredWords,
    photos: NDArray[np.int64],
    predict: Predict,
    cut: float,
    groups: Sequence[str] = MEASURED_GROUPS,
) -> WordFigures:
    """What words get in a library of some photos.

    Args:
        words: of a split.
        photos: the rows of the photos in the library.
        predict: gives the probabilities.
        cut: the probability from which on a hit is shown.
        groups: the words to ask for.
    """
    hits = word_hits(words, photos, groups)
    predicted, absent = predict(hits.features), hits.kinds == "absent"
    shown, right = predicted[:SHOWN, ~absent] >= cut, hits.right[:SHOWN, ~absent]
    precision = (shown & right).sum(axis=0) / np.maximum(shown.sum(axis=0), 1)
    error = expected_calibration_error(reliability(predicted.ravel(), hits.right.ravel())) if predicted.size else None
    return WordFigures(
        len(photos),
        int((~absent).sum()),
        int(absent.sum()),
        _share(np.logical_or.reduce(shown)),
        _share(precision),
        _share(right),
        _share(shown[right]),
        _share(np.logical_or.reduce(predicted[:, absent] >= cut)),
        error,
    )


def _share(values: NDArray[Any]) -> float | None:
    return round(float(values.mean()), 4) if values.size else None


def _cross_fitted(words: ScoredWords, photos: NDArray[np.int64]) -> tuple[WordFigures, ...]:
    if len(photos) < WORTH_HALVING:
        return ()
    halves = photos[::2], photos[1::2]
    return tuple(
        word_figures(words, measured, *fit_words(words, fitted)) for fitted, measured in (halves, halves[::-1])
    )


def _sentence_error(model: MeasuredModel, captions: CaptionSet, predict: Predict, report: Report) -> float | None:
    if model.calibration is None or len(captions.images) <= HITS:
        return None
    queries = sentence_queries(captions)
    scored = score_queries(model, captions, queries, model.calibration.background, report)
    photos, every = np.arange(len(captions.images)), np.ones(len(queries.texts), dtype=bool)
    both: list[Hits] = [first_hits(scored, photos, every, removed) for removed in (False, True)]
    predicted = np.concatenate([predict(hits.features).ravel() for hits in both])
    return expected_calibration_error(reliability(predicted, np.concatenate([hits.right.ravel() for hits in both])))
