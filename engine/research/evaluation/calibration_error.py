"""Whether the probabilities of hits hold, and whether a query without an answer is left without one."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.alignment.calibration import probabilities_of
from engine.errors import DatasetError, ModelError
from engine.research.data.caption_sets import load_captions
from engine.research.data.encoded import MeasuredModel
from engine.research.data.features import Report, no_report
from engine.research.evaluation.hits import Hits, ScoredQueries, first_hits, queries_of, score_queries
from engine.research.evaluation.percent import percent
from engine.research.training.calibrate import fit

BINS = 10
SMALL_LIBRARY = 10  # every tenth photo
SMALLEST = 20  # photos of a library worth measuring


@dataclass(frozen=True, slots=True)
class Bin:
    """The hits with a probability from ``low`` to ``high``: their mean, the share that is right, and how many."""

    low: float
    high: float
    predicted: float
    observed: float
    hits: int


@dataclass(frozen=True, slots=True)
class Answers:
    """What queries get at a cut, in percent of them.

    With their photos in the library: any answer at all (``answered_when_present``), and one with a right photo among
    its hits (``right_shown_when_present``). With all of their photos removed: no answer (``silent_when_removed``).
    """

    answered_when_present: float
    right_shown_when_present: float
    silent_when_removed: float
    queries: int


@dataclass(frozen=True, slots=True)
class CalibrationResult:
    """How far the probabilities of a model hold on a split.

    The errors are expected calibration errors from 0 to 1: the packaged calibration on all hits, the same form fitted
    on one half of the photos and queries and measured on the other, and the packaged one in a library of every tenth
    photo. None where the split is too small.
    """

    model: str
    expected_calibration_error: float
    cross_fitted_error: float | None
    small_library_error: float | None
    bins: tuple[Bin, ...]
    cut: float
    answers: Answers
    by_kind: dict[str, Answers]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON, the answers to all queries at the top."""
        plain = asdict(self)
        answers: dict[str, Any] = plain.pop("answers")
        return plain | answers


def reliability(probabilities: NDArray[np.float64], right: NDArray[np.bool_]) -> tuple[Bin, ...]:
    """Hits (n,) by probability in ten bins of equal width; bins without hits are left out.

    >>> reliability(np.array([0.1, 0.15, 0.95]), np.array([False, True, True]))[0]
    Bin(low=0.1, high=0.2, predicted=0.125, observed=0.5, hits=2)
    """
    numbers = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    return tuple(
        Bin(
            number / BINS,
            (number + 1) / BINS,
            round(float(probabilities[inside].mean()), 4),
            round(float(right[inside].mean()), 4),
            int(inside.sum()),
        )
        for number in range(BINS)
        if (inside := numbers == number).any()
    )


def expected_calibration_error(bins: Sequence[Bin]) -> float:
    """The mean distance between predicted and observed, each bin by its hits (Naeini et al. 2015).

    >>> expected_calibration_error([Bin(0.0, 0.1, 0.05, 0.15, 3), Bin(0.5, 0.6, 0.5, 0.5, 1)])
    0.075
    """
    total = sum(row.hits for row in bins)
    return round(sum(row.hits * abs(row.predicted - row.observed) for row in bins) / total, 4)


def answers_at(
    cut: float, present: NDArray[np.float64], right: NDArray[np.bool_], removed: NDArray[np.float64]
) -> Answers:
    """What queries get at a cut.

    Args:
        cut: hits with a lower probability are left out.
        present: probabilities (n, M) of the hits of M queries with their photos in the library.
        right: (n, M), whether those hits match.
        removed: (n', M') of the hits with their photos removed.
    """
    shown = present >= cut
    return Answers(
        percent(np.logical_or.reduce(shown)),
        percent(np.logical_or.reduce(shown & right)),
        percent(~np.logical_or.reduce(removed >= cut)),
        present.shape[1],
    )


def evaluate_calibration(model: MeasuredModel, data: Path, split: str, report: Report = no_report) -> CalibrationResult:
    """How far a model's probabilities hold on a split: its sentences, phrases and concepts, as far as annotated.

    Raises:
        ModelError: the model has no calibration.
        DatasetError: the set cannot be read, or is too small.
        PhotoError: one of its photos cannot be decoded.
    """
    calibration = model.calibration
    if calibration is None:
        raise ModelError(f"The model {model.name!r} has no calibration; make one with scripts/calibrate.")
    captions = load_captions(data, split)
    if len(captions.images) < 2:
        raise DatasetError(f"Split {split!r} of {data} has one photo; a search needs some to choose from.")
    scored = score_queries(model, captions, queries_of(captions), calibration.background, report)

    def predicted(hits: Hits) -> NDArray[np.float64]:
        return probabilities_of(hits.features, calibration.weights, calibration.bias)

    photos, every = np.arange(len(captions.images)), np.ones(len(scored.num_words), dtype=bool)
    present, removed = _libraries(scored, photos, every)
    bins = reliability(*_together([(predicted(hits), hits.right) for hits in (present, removed)]))

    def answers(kind: str | None) -> Answers:
        of_present, of_removed = (
            np.ones(len(hits.kinds), dtype=bool) if kind is None else hits.kinds == kind for hits in (present, removed)
        )
        return answers_at(
            calibration.cut,
            predicted(present)[:, of_present],
            present.right[:, of_present],
            predicted(removed)[:, of_removed],
        )

    small = photos[::SMALL_LIBRARY]
    small_error = None
    if len(small) >= SMALLEST:
        pairs = [(predicted(hits), hits.right) for hits in _libraries(scored, small, every)]
        small_error = expected_calibration_error(reliability(*_together(pairs)))
    return CalibrationResult(
        model.name, expected_calibration_error(bins), cross_fitted_error(scored), small_error, bins, calibration.cut,
        answers(None), {str(kind): answers(str(kind)) for kind in np.unique(present.kinds)},
    )  # fmt: skip


def cross_fitted_error(scored: ScoredQueries) -> float | None:
    """The expected calibration error of hits in one half of the photos, when fitted on the other half.

    The halves share neither photos nor queries. None for fewer than 40 photos.
    """
    num_photos, num_queries = scored.scores.shape
    if num_photos < 2 * SMALLEST:
        return None
    halves = [
        _libraries(
            scored,
            np.arange(half, num_photos, 2),
            # A sentence belongs to the half that holds its photo; other queries may have photos in both.
            (scored.queries.kinds == "sentence") | (np.arange(num_queries) % 2 == half),
        )
        for half in range(2)
    ]
    measured = []
    for own, other in (halves, halves[::-1]):
        fitted = fit(other)
        measured += [(fitted(hits.features), hits.right) for hits in own]
    return expected_calibration_error(reliability(*_together(measured)))


def _libraries(scored: ScoredQueries, photos: NDArray[np.int64], queries: NDArray[np.bool_]) -> tuple[Hits, Hits]:
    """The hits with the right photos there, and with them removed."""
    return first_hits(scored, photos, queries, removed=False), first_hits(scored, photos, queries, removed=True)


def _together(
    pairs: Sequence[tuple[NDArray[np.float64], NDArray[np.bool_]]],
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Probabilities and whether they are right, end to end."""
    return np.concatenate([p.ravel() for p, _ in pairs]), np.concatenate([right.ravel() for _, right in pairs])
