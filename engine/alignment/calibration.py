"""From scores to probabilities: a logistic model of a score and of what the same text scores on unrelated photos.

p(photo matches text) = sigmoid(bias + weights · features). A score alone says little, because texts differ in how high
they score anywhere; so the text is also scored on a fixed **background**: K photos that come with the model. That makes
probabilities comparable between texts, and independent of the library that is searched.
"""

import json
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
FEATURES = ("score", "background mean", "background deviation", "background maximum", "1 / words", "log words")


def features_of(
    scores: NDArray[np.float32], background: NDArray[np.float32], num_words: NDArray[np.int64]
) -> NDArray[np.float64]:
    """What the probability is made of, in the order of ``FEATURES``.

    Args:
        scores: (n, N) of n photos for each of N texts.
        background: (K, N) of the background's photos.
        num_words: (N,), one or more.

    Returns:
        (n, N, 6).

    >>> features_of(np.float32([[3.0]]), np.float32([[1.0], [2.0]]), np.array([1])).tolist()
    [[[3.0, 1.5, 0.5, 2.0, 1.0, 0.0]]]
    """
    of_text = np.stack(
        [background.mean(axis=0), background.std(axis=0), background.max(axis=0), 1 / num_words, np.log(num_words)],
        axis=-1,
    )  # (N, 5)
    return np.concatenate([scores[..., None], np.broadcast_to(of_text, (*scores.shape, 5))], axis=-1, dtype=np.float64)


def probabilities_of(features: NDArray[np.float64], weights: NDArray[np.float64], bias: float) -> NDArray[np.float64]:
    """sigmoid(bias + weights · features): features (..., 6), weights (6,) → (...).

    >>> probabilities_of(np.zeros((1, 6)), np.ones(6), 0.0).tolist()
    [0.5]
    """
    probabilities: NDArray[np.float64] = 0.5 * (1 + np.tanh(0.5 * (features @ weights + bias)))  # does not overflow
    return probabilities


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """What turns the scores of one model into probabilities.

    Attributes:
        background: records (K, S, D) of the background's photos, as a library would hold them.
        weights: (6,), of ``FEATURES``.
        bias: added to their sum.
        cut: the probability below which a hit is left out of an answer unless the user says otherwise.
        fingerprint: of the model it was fitted to.
    """

    background: NDArray[np.floating]
    weights: NDArray[np.float64]
    bias: float
    cut: float
    fingerprint: str

    def probabilities(self, scores: NDArray[np.float32], query: Query) -> NDArray[np.float64]:
        """The probabilities (n,) that photos with these scores (n,) match the text of the query."""
        background = score_records(self.background, query)  # (K,)
        features = features_of(scores[:, None], background[:, None], np.array([len(query.words)]))
        return probabilities_of(features[:, 0], self.weights, self.bias)

    def save(self, folder: Path) -> None:
        """Write it into the model's folder."""
        metadata = {
            "features": json.dumps(FEATURES), "weights": json.dumps(self.weights.tolist()),
            "bias": json.dumps(self.bias), "cut": json.dumps(self.cut), "fingerprint": self.fingerprint,
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
            if json.loads(metadata["features"]) != list(FEATURES):
                raise ValueError(f"it was fitted to the features {metadata['features']}")
            weights = np.array(json.loads(metadata["weights"]), dtype=np.float64)
            if background.ndim != 3 or weights.shape != (len(FEATURES),):
                raise ValueError(f"shapes {background.shape} and {weights.shape}")
            bias, cut = float(metadata["bias"]), float(metadata["cut"])
            return cls(background, weights, bias, cut, metadata["fingerprint"])
        except (OSError, SafetensorError, KeyError, ValueError, TypeError) as error:
            raise ModelError(
                f"The calibration {path} cannot be read ({type(error).__name__}: {error}); "
                "make it again with scripts/calibrate, or delete it: results have no probabilities then."
            ) from error
