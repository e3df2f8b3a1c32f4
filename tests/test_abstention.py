"""When a model says that it is not sure."""

from __future__ import annotations

import numpy as np
import pytest

from harken.abstention import Abstention, EmbeddingDistance, fit_abstention

RNG = np.random.default_rng(0)


def probability_of(top: list[float]) -> np.ndarray:
    return np.array([[p, 1 - p] for p in top], np.float32)


def test_either_sign_is_enough() -> None:
    abstention = Abstention(confidence=0.7, distance=3.0)
    probability = probability_of([0.9, 0.6, 0.9, 0.6])
    unsure = abstention.unsure(probability, np.array([1.0, 1.0, 4.0, 4.0]))
    assert unsure.tolist() == [False, True, True, True]


def test_distance_is_that_of_mahalanobis_to_the_nearest_class() -> None:
    covariance = np.array([[4.0, 1.0], [1.0, 1.0]])
    mean = np.array([[0.0, 0.0], [10.0, 0.0]])
    embedding = RNG.normal(5, 5, (50, 2)).astype(np.float32)
    ridge = 0.01 * np.trace(covariance) / 2
    precision = np.linalg.inv(covariance + ridge * np.eye(2))
    from_each = [
        np.sqrt(np.einsum("ni,ij,nj->n", embedding - m, precision, embedding - m)) for m in mean
    ]
    distance = EmbeddingDistance({"mean": mean.tolist(), "covariance": covariance.tolist()})
    np.testing.assert_allclose(distance(embedding), np.min(from_each, axis=0), rtol=1e-6)


@pytest.mark.parametrize("covariance", [np.zeros((3, 3)), np.diag([1.0, 1.0, -1e-9])])
def test_a_covariance_that_cannot_be_inverted(covariance: np.ndarray) -> None:
    distance = EmbeddingDistance({"mean": [[0.0] * 3], "covariance": covariance.tolist()})
    near, far = distance(np.array([[0.0, 0, 0], [0, 0, 5]], np.float32))
    assert near == 0
    assert far > 5
    assert np.isfinite(far)


def test_thresholds_call_a_small_share_of_ordinary_windows_unsure() -> None:
    top = RNG.uniform(0.5, 1, 10_000)
    distance = RNG.exponential(1, 10_000)
    probability = np.stack([top, 1 - top], axis=1).astype(np.float32)
    abstention = fit_abstention(probability, distance, share=0.02)
    assert abstention.confidence == pytest.approx(0.51, abs=0.003)
    assert np.mean(distance > abstention.distance) == pytest.approx(0.02, abs=1e-3)
    assert np.mean(abstention.unsure(probability, distance)) == pytest.approx(0.04, abs=0.005)
