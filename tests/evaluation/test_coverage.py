"""Abstaining: what is gained by answering only the surest windows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harken.evaluation.coverage import risk_coverage


def two_classes(confidence: list[float]) -> np.ndarray:
    return np.array([[c, 1 - c] for c in confidence], np.float32)


def test_the_surest_windows_are_answered_first() -> None:
    curve = risk_coverage(np.array([0, 1, 0, 0]), two_classes([0.9, 0.6, 0.8, 0.7]))
    assert curve.coverage.tolist() == [0.25, 0.5, 0.75, 1]
    assert curve.risk.tolist() == [0, 0, 0, 0.25]
    assert curve.area == pytest.approx(0.0625)
    assert curve.accuracy_at(0.75) == 1
    assert curve.accuracy_at(0.95) == 0.75


def test_at_95_percent_the_least_sure_twentieth_is_left_out() -> None:
    confidence = np.linspace(0.99, 0.51, 100)
    y = np.zeros(100, int)
    y[95:] = 1
    assert risk_coverage(y, two_classes(confidence.tolist())).accuracy_at(0.95) == 1
    assert risk_coverage(1 - y, two_classes(confidence.tolist())).accuracy_at(0.95) == 0


@settings(max_examples=40, deadline=None)
@given(n=st.integers(1, 40), seed=st.integers(0, 1000))
def test_the_order_of_the_windows_changes_nothing_though_confidences_are_equal(
    n: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    y, probability = rng.integers(0, 2, n), two_classes(rng.choice([0.6, 0.8, 1.0], n).tolist())
    order = rng.permutation(n)
    curve, other = risk_coverage(y, probability), risk_coverage(y[order], probability[order])
    assert other.risk == pytest.approx(curve.risk)
    assert curve.risk[-1] == pytest.approx((probability.argmax(axis=1) != y).mean())
    assert 0 <= curve.area <= 1
