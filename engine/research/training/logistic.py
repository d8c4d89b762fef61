"""Logistic regression of few features on many rows, by Newton's method."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

PENALTY = 1e-5  # of the squared weights of standardised features, on the mean loss
STEPS = 50
SAME = 1e-6


def fit_logistic(features: Array, right: NDArray[np.bool_], importance: Array) -> tuple[Array, float]:
    """Weights (F,) of the features (n, F) as they are, and a bias, for rows that count ``importance`` (n,)."""
    importance = importance / importance.sum()
    mean = importance @ features
    deviation = np.sqrt(importance @ (features - mean) ** 2)
    deviation[deviation < SAME] = 1.0  # the same for all: its weight stays 0
    inputs = np.column_stack([(features - mean) / deviation, np.ones(len(features))])
    penalty = np.full(inputs.shape[1], PENALTY)
    penalty[-1] = SAME * PENALTY
    fitted = np.zeros(inputs.shape[1])
    for _ in range(STEPS):
        found = _sigmoid(inputs @ fitted)
        slope = inputs.T @ (importance * (found - right)) + penalty * fitted
        curvature = (inputs * (importance * found * (1 - found))[:, None]).T @ inputs + np.diag(penalty)
        step = np.linalg.solve(curvature, slope)
        fitted -= step
        if np.abs(step).max() < SAME:
            break
    weights = fitted[:-1] / deviation
    return weights, float(fitted[-1] - weights @ mean)


def fit_offsets(logits: Array, right: NDArray[np.bool_], variance: float) -> Array:
    """What to add to each column of logits (n, N), where offsets are expected to have this variance around 0."""
    offsets = np.zeros(logits.shape[1])
    for _ in range(STEPS):
        found = _sigmoid(logits + offsets)
        slope = (found - right).sum(axis=0) + offsets / variance
        curvature = (found * (1 - found)).sum(axis=0) + 1 / variance
        offsets -= np.clip(slope / curvature, -1, 1)
    return offsets


def _sigmoid(values: Array) -> Array:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * values)))
