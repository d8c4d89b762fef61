"""Logistic regression finds the weights that data were made with, and offsets stay small where there is little data."""

import numpy as np

from engine.research.training.logistic import fit_logistic, fit_offsets


def test_weights_and_bias_are_found_whatever_the_scale() -> None:
    random = np.random.default_rng(0)
    features = random.normal(size=(40_000, 3)) * [1.0, 100.0, 1.0] + [0.0, 50.0, 0.0]
    features[:, 2] = 7.0  # the same for all
    logits = features @ [1.5, -0.02, 0.0] + 0.5
    right = random.random(len(features)) < 1 / (1 + np.exp(-logits))
    weights, bias = fit_logistic(features, right, np.ones(len(features)))
    np.testing.assert_allclose(weights, [1.5, -0.02, 0.0], atol=0.05)
    np.testing.assert_allclose(features @ weights + bias, logits, atol=0.3)


def test_rows_count_as_much_as_they_should() -> None:
    features = np.zeros((4, 1))
    _, bias = fit_logistic(features, np.array([True, False, False, False]), np.array([3.0, 1.0, 1.0, 1.0]))
    assert abs(bias) < 1e-3


def test_an_offset_follows_its_column_as_far_as_there_is_data() -> None:
    right = np.zeros((1000, 2), bool)
    right[:, 0] = np.arange(1000) % 4 > 0  # three of four
    many, none = fit_offsets(np.zeros((1000, 2)), right, 0.3)
    assert abs(many - np.log(3)) < 0.02
    assert none < -1.5
    few = fit_offsets(np.zeros((4, 1)), right[:4, :1], 0.3)
    assert 0 < few[0] < 0.3
