"""Fits the calibration of a model: which scores mean what probability, and below which one nothing is answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from engine.alignment.calibration import FEATURES, Calibration, probabilities_of
from engine.encoders.clip_encoder import ClipEncoder
from engine.errors import DatasetError
from engine.research.data.caption_sets import CaptionSet, load_captions
from engine.research.data.encoded import MeasuredModel, encoded_photos
from engine.research.data.features import Report, no_report, stored_regions
from engine.research.evaluation.everyday_words import (
    ABSENT_GROUPS,
    FITTED_GROUPS,
    ScoredWords,
    score_words,
    word_hits,
)
from engine.research.evaluation.hits import Hits, first_hits, queries_of, score_queries

BACKGROUND = 128  # photos; 64 to 512 gave the same error
PENALTY = 1e-3  # of the squared weights of standardised features, on the mean loss
SAME = 1e-6
FIT_ON = ("sentence", "phrase")
LOCATIONS = tuple(FEATURES.index(name) for name in ("score", "background maximum", "background fifth"))
MEAN = FEATURES.index("background mean")
UNMOVED = np.eye(len(FEATURES))
"""What scores are, as distances from the background's mean: what is taken off all scores of a text changes nothing."""
UNMOVED[MEAN, list(LOCATIONS)] = -1
UNMOVED[MEAN, MEAN] = 0
ANSWERED = 0.9  # of the queries whose photos are there, at the default cut
WORDS_ANSWERED = 0.99  # of single words: 0.98 of them are then answered among 80 photos of another origin
LIBRARIES = (30, 80, 300)  # photos of the smaller libraries that words are asked in, beside all of them
DRAWS = 8  # of each size at most
TAKEN_OUT = 0.1  # what words whose photos are all taken out count, against the same with their photos there


@dataclass(frozen=True, slots=True, eq=False)
class Logistic:
    """A fitted logistic model: weights (10,) of the features as they are, and a bias."""

    weights: NDArray[np.float64]
    bias: float

    def __call__(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """The probabilities of features (..., 10)."""
        return probabilities_of(features, np.stack([self.weights] * 2), np.full(2, self.bias))


def fit(libraries: Sequence[Hits], shares: Sequence[float] | None = None) -> Logistic:
    """Logistic regression on the hits of queries in some libraries, by L-BFGS.

    Args:
        libraries: the hits.
        shares: what each library counts; by default as many as it has hits.

    Raises:
        DatasetError: there are no right hits, or no wrong ones.
    """
    features = np.concatenate([hits.features.reshape(-1, len(FEATURES)) for hits in libraries])
    right = np.concatenate([hits.right.ravel() for hits in libraries])
    if not right.any() or right.all():
        raise DatasetError(
            f"{int(right.sum())} of {len(right)} hits are right; a calibration needs right ones and wrong ones: "
            "take a split with more photos."
        )
    counts = [hits.right.size for hits in libraries]
    importance = np.repeat(
        [1.0 if shares is None else s / n for s, n in zip(shares or counts, counts, strict=True)], counts
    )
    importance /= importance.sum()
    features = features @ UNMOVED
    mean = importance @ features
    deviation = np.sqrt(importance @ (features - mean) ** 2)
    deviation[deviation < SAME] = 1.0  # the same for all: its weight stays 0
    of_hits = torch.from_numpy(importance)
    inputs, targets = torch.from_numpy((features - mean) / deviation), torch.from_numpy(right.astype(np.float64))
    parameters = torch.zeros(len(FEATURES) + 1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([parameters], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> float:
        optimizer.zero_grad()
        logits = inputs @ parameters[:-1] + parameters[-1]
        value = F.binary_cross_entropy_with_logits(logits, targets, of_hits, reduction="sum")
        value = value + PENALTY / 2 * parameters[:-1].square().sum()
        value.backward()  # type: ignore[no-untyped-call]
        return float(value.detach())

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    fitted = parameters.detach().numpy()
    weights = fitted[:-1] / deviation
    return Logistic(UNMOVED @ weights, float(fitted[-1] - weights @ mean))


def fit_words(words: ScoredWords, photos: NDArray[np.int64]) -> tuple[Logistic, float]:
    """A logistic model of single words, and the cut at which nearly all of those that are there are answered.

    Words are asked for in all of some photos and in libraries drawn from them, so that the probabilities hold in small
    ones; things that no photo shows are asked for too, and, for little, words whose photos are all taken out.

    Raises:
        DatasetError: no word has enough photos.
    """
    random = np.random.default_rng(0)
    libraries, shares, best = [], [], []
    for size in dict.fromkeys(min(size, len(photos)) for size in (*LIBRARIES, len(photos))):
        draws = min(DRAWS, len(photos) // size)
        for _ in range(draws):
            library = np.sort(random.choice(photos, size, replace=False))
            for share, removed in ((1.0, False), (TAKEN_OUT, True)):
                hits = word_hits(words, library, FITTED_GROUPS, removed=removed)
                if hits.right.size:
                    libraries.append(hits)
                    shares.append(share / draws)
                if not removed:
                    best.append(hits.features[0, ~np.isin(hits.kinds, ABSENT_GROUPS)])
    if not libraries:
        raise DatasetError("No word has enough photos to fit a calibration of words to.")
    fitted = fit(libraries, shares)
    return fitted, choose_cut(fitted(np.concatenate(best)), WORDS_ANSWERED)


def choose_cut(present: NDArray[np.float64], share: float = ANSWERED) -> float:
    """The highest probability, in hundredths, at which nine of ten answerable queries are still answered.

    To withhold an answer costs a person more than to show a doubtful one, so the cut is set by what it may withhold.

    Args:
        present: probabilities (n,) of the first hits of queries whose right photos are there.
        share: of them that are answered.

    >>> choose_cut(np.array([0.05] + [0.125] * 9))
    0.12
    """
    cuts = np.arange(100) / 100
    answered = np.array([(present >= cut).mean() for cut in cuts])
    return float(cuts[np.flatnonzero(answered >= share)[-1]])


def calibrate(
    model: MeasuredModel, data: Path, split: str, background_split: str = "train", report: Report = no_report
) -> Calibration:
    """Fit a calibration on a split that the model was not trained on.

    The first ten hits of each sentence and phrase of the split are right or wrong; each query is asked twice, once
    with its photos there and once with them removed. So the probabilities hold for queries that have an answer as
    often as not. Single words have weights of their own, see ``fit_words``; where the split has too few photos for
    that, those of phrases.

    Args:
        model: to calibrate.
        data: a folder with ``dataset.json`` and ``images/<split>/``; with ``entities.json`` short queries count too.
        split: to fit on.
        background_split: gives the photos of the background, evenly spaced.
        report: told of the progress.

    Raises:
        DatasetError: the set cannot be read, or is too small.
        PhotoError: one of its photos cannot be decoded.
    """
    captions = load_captions(data, split)
    background = background_of(model, load_captions(data, background_split), report)
    scored = score_queries(model, captions, queries_of(captions), background, report)
    several = scored.num_words > 1
    photos, queries = np.arange(len(captions.images)), np.isin(scored.queries.kinds, FIT_ON) & several
    present, removed = (first_hits(scored, photos, queries, removed) for removed in (False, True))
    longer = fit([present, removed])
    cut = choose_cut(longer(present.features[0]))
    try:
        single, cut_of_words = fit_words(score_words(model, captions, background, report), photos)
    except DatasetError:  # a few photos
        single, cut_of_words = longer, cut
    weights, bias = np.stack([single.weights, longer.weights]), np.array([single.bias, longer.bias])
    of_model = model.config.scored if isinstance(model, ClipEncoder) else model.fingerprint
    return Calibration(background, weights, bias, cut, of_model, cut_of_words)


def background_of(model: MeasuredModel, captions: CaptionSet, report: Report = no_report) -> NDArray[np.float16]:
    """The records (K, S, D) of up to 128 photos of a split, evenly spaced."""
    rows = np.unique(np.linspace(0, len(captions.images) - 1, BACKGROUND).round().astype(int))
    paths = [captions.images[row].path for row in rows]
    if isinstance(model, ClipEncoder):
        return np.array(encoded_photos(model, paths, report).records)
    regions = stored_regions(model.regions, paths, report=report)
    return model.embed_regions(regions.features.astype(np.float32), np.array(regions.boxes)).astype(np.float16)
