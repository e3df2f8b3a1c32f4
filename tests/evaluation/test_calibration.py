"""Calibration error and temperature."""

from __future__ import annotations

import numpy as np
import pytest

from harken.evaluation.calibration import (
    expected_calibration_error,
    fit_temperature,
    reliability,
)


def draw(n: int, sharpness: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits whose softmax at temperature `sharpness` is the true distribution of y."""
    rng = np.random.default_rng(seed)
    true_logits = rng.normal(0, 2, (n, 5))
    p = np.exp(true_logits) / np.exp(true_logits).sum(axis=1, keepdims=True)
    y = (p.cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1)
    return true_logits * sharpness, y


def softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 3.0])
def test_the_temperature_that_was_applied_is_found(sharpness: float) -> None:
    logits, y = draw(20_000, sharpness)
    assert fit_temperature(logits, y) == pytest.approx(sharpness, rel=0.05)


def test_honest_confidence_has_little_error_and_overconfidence_much() -> None:
    logits, y = draw(20_000, 1.0)
    assert expected_calibration_error(y, softmax(logits)) < 0.02
    assert expected_calibration_error(y, softmax(4 * logits)) > 0.1


def test_bins_hold_every_window_and_the_highest_confidence() -> None:
    y = np.array([0, 0, 0])
    bins = reliability(y, np.array([[1.0, 0], [0.5, 0.5], [0.61, 0.39]], np.float32))
    assert bins.count.sum() == 3
    assert bins.count[-1] == 1
    assert bins.accuracy[-1] == 1.0
