"""From scores to probabilities: a logistic model of a score and of what the same text scores on unrelated photos.

p(photo matches text) = sigmoid(bias + weights · features), with one set of weights for single words and one for longer
texts. A score alone says little, because texts differ in how high they score anywhere; so the text is also scored on a
fixed **background**: K photos that come with the model. How often the model met the text's rarest word in training says
how much a high score means. Probabilities are comparable between texts, and independent of the library searched.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from engine.errors import ModelError
from index import Query
from index.scoring.maxsim import score_records
from index.store.atomic import replace_file

FILE = "calibration.safetensors"
FIRST_FEATURES = ("score", "background mean", "background deviation", "background maximum", "1 / words", "log words")
FEATURES = (
    *FIRST_FEATURES,
    "background fifth",
    "background skewness",
    "log count of the rarest word",
    "the same up to 60",
)
LOG_WORDS = FEATURES.index("log words")
FIFTH = 5  # best score of the background: its maximum alone hangs on one photo
FREQUENT = 60  # times in training: from here on a word counts as known, and slowly more


def features_of(
    scores: NDArray[np.float32],
    background: NDArray[np.float32],
    num_words: NDArray[np.int64],
    rarest: NDArray[np.int64],
) -> NDArray[np.float64]:
    """What the probability is made of, in the order of ``FEATURES``.

    Args:
        scores: (n, N) of n photos for each of N texts.
        background: (K, N) of the background's photos.
        num_words: (N,), one or more.
        rarest: (N,) how often the model's training said the word of each text that it said least.

    Returns:
        (n, N, 10).

    >>> features_of(np.float32([[3.0]]), np.float32([[1.0], [2.0]]), np.array([1]), np.array([0])).tolist()
    [[[3.0, 1.5, 0.5, 2.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0]]]
    """
    mean, deviation = background.mean(axis=0), background.std(axis=0)
    fifth = max(len(background) - FIFTH, 0)
    of_text = np.stack(
        [
            mean,
            deviation,
            background.max(axis=0),
            1 / num_words,
            np.log(num_words),
            np.partition(background, fifth, axis=0)[fifth],
            (((background - mean) / np.maximum(deviation, 1e-9)) ** 3).mean(axis=0),
            np.log1p(rarest),
            np.log1p(np.minimum(rarest, FREQUENT)),
        ],
        axis=-1,
    )  # (N, 9)
    every = np.broadcast_to(of_text, (*scores.shape, of_text.shape[-1]))
    return np.concatenate([scores[..., None], every], axis=-1, dtype=np.float64)


def probabilities_of(
    features: NDArray[np.float64], weights: NDArray[np.float64], bias: NDArray[np.float64]
) -> NDArray[np.float64]:
    """sigmoid(bias + weights · features), with the first weights for single words and the second for longer texts.

    Args:
        features: (..., 10), of which the first F are weighed.
        weights: (2, F).
        bias: (2,).

    Returns:
        (...).

    >>> probabilities_of(np.zeros((1, 10)), np.ones((2, 10)), np.zeros(2)).tolist()
    [0.5]
    """
    probabilities: NDArray[np.float64] = 0.5 * (1 + np.tanh(0.5 * logits_of(features, weights, bias)))  # no overflow
    return probabilities


def logits_of(
    features: NDArray[np.float64], weights: NDArray[np.float64], bias: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The logits of ``probabilities_of``: bias + weights · features."""
    single, longer = np.moveaxis(features[..., : weights.shape[1]] @ weights.T + bias, -1, 0)
    logits: NDArray[np.float64] = np.where(features[..., LOG_WORDS] > 0, longer, single)
    return logits


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """What turns the scores of one model into probabilities.

    Attributes:
        background: records (K, S, D) of the background's photos, as a library would hold them.
        weights: (2, F), of single words and of longer texts: F = 10 of ``FEATURES``, or 6 of ``FIRST_FEATURES`` in
            files of earlier versions.
        bias: (2,), added to their sums.
        cut: the probability below which a hit is left out of an answer unless the user says otherwise.
        fingerprint: of the model it was fitted to.
        word_cut: the same for single words; None for the same as ``cut``.
    """

    background: NDArray[np.floating]
    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    cut: float
    fingerprint: str
    word_cut: float | None = None

    def cut_of(self, num_words: int) -> float:
        """The cut for a text of some words."""
        return self.cut if num_words > 1 or self.word_cut is None else self.word_cut

    def probabilities(
        self, scores: NDArray[np.float32], query: Query, counts: Sequence[int], num_words: int | None = None
    ) -> NDArray[np.float64]:
        """The probabilities (n,) that photos with these scores (n,) match the text of the query.

        ``counts`` says how often the model's training said each of its words, of which there are ``num_words``; None
        for as many as the query has.
        """
        background = score_records(self.background, query)  # (K,)
        words, rarest = np.array([num_words or len(query.words)]), np.array([min(counts, default=0)])
        features = features_of(scores[:, None], background[:, None], words, rarest)
        return probabilities_of(features[:, 0], self.weights, self.bias)

    def save(self, folder: Path) -> None:
        """Write it into the model's folder."""
        metadata = {
            "features": json.dumps(FEATURES[: self.weights.shape[1]]), "weights": json.dumps(self.weights.tolist()),
            "bias": json.dumps(self.bias.tolist()), "cut": json.dumps(self.cut), "fingerprint": self.fingerprint,
            "word cut": json.dumps(self.word_cut),
        }  # fmt: skip
        content = save({"background": np.ascontiguousarray(self.background, dtype=np.float16)}, metadata)
        replace_file(folder / FILE, lambda temporary: temporary.write_bytes(content))

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """Read it from a model's folder; None where there is none.

        Raises:
            ModelError: the file is damaged, or of another version.
        """
        path = folder / FILE
        if not path.is_file():
            return None
        try:
            with safe_open(path, framework="numpy") as file:
                metadata, background = file.metadata() or {}, file.get_tensor("background").astype(np.float32)
            features = tuple(json.loads(metadata["features"]))
            if features not in (FEATURES, FIRST_FEATURES):
                raise ValueError(f"it was fitted to the features {metadata['features']}")
            weights = np.array(json.loads(metadata["weights"]), dtype=np.float64)
            bias = np.array(json.loads(metadata["bias"]), dtype=np.float64)
            if features == FIRST_FEATURES and weights.ndim == 1:  # earlier versions weighed all texts alike
                weights, bias = np.stack([weights, weights]), np.stack([bias, bias])
            if background.ndim != 3 or weights.shape != (2, len(features)) or bias.shape != (2,):
                raise ValueError(f"shapes {background.shape}, {weights.shape} and {bias.shape}")
            word_cut = json.loads(metadata.get("word cut", "null"))
            word_cut = None if word_cut is None else float(word_cut)
            return cls(background, weights, bias, float(metadata["cut"]), metadata["fingerprint"], word_cut)
        except (OSError, SafetensorError, KeyError, ValueError, TypeError) as error:
            raise ModelError(
                f"The calibration {path} cannot be read ({type(error).__name__}: {error}); "
                "make it again with scripts/calibrate, or delete it: results have no probabilities then."
            ) from error
