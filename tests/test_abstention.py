"""When a model says that it is not sure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from scipy.stats import multivariate_normal
from sklearn.mixture import GaussianMixture

from harken.core.recording import Recording, Sensor
from harken.datasets.simulated import simulate
from harken.model.abstention import Abstention, EmbeddingDistance
from harken.model.abstention.mixture import Mixture, fit_mixture
from harken.model.abstention.signals import n_statistics, statistics_of
from harken.model.abstention.stretches import not_sure
from harken.signal.filters import ACCELEROMETER_CHANNELS, CHANNELS
from harken.signal.path import filter_recording
from harken.signal.windows import ACTIVITIES, Windows, WindowSpec, cut
from harken.training.fit_abstention import fit_abstention, fit_signals

RNG = np.random.default_rng(0)


def probability_of(top: list[float]) -> np.ndarray:
    return np.array([[p, 1 - p] for p in top], np.float32)


def windows_of(recording: Recording) -> Windows:
    return cut(filter_recording(recording), WindowSpec(), ACTIVITIES)


def still(noise_g: float, gravity_g: float = 1.0) -> Windows:
    """A device that nobody wears."""
    time_s = np.arange(1500) / 50
    acc = RNG.normal([0, 0, gravity_g], noise_g, (1500, 3))
    return windows_of(
        Recording(Sensor(time_s, acc), Sensor(time_s, RNG.normal(0, 1e-3, (1500, 3))))
    )


@pytest.fixture(scope="module")
def people() -> Windows:
    return windows_of(simulate("1", minutes=6.0))


def test_any_sign_is_enough() -> None:
    abstention = Abstention(confidence=0.7, distance=3.0, density=-5.0)
    probability = probability_of([0.9, 0.6, 0.9, 0.9])
    distance = np.array([1.0, 1.0, 4.0, 1.0])
    density = np.array([0.0, 0.0, 0.0, -np.inf])
    assert abstention.unsure(probability, distance, density).tolist() == [False, True, True, True]
    assert abstention.unsure(probability, distance).tolist() == [False, True, True, False]


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


def test_what_is_impossible_sets_no_threshold() -> None:
    density = np.r_[RNG.normal(0, 1, 1000), np.full(100, -np.inf)]
    probability = probability_of([0.9] * 1100)
    abstention = fit_abstention(probability, np.ones(1100), density, share=0.01)
    assert abstention.density == pytest.approx(-2.3, abs=0.5)
    none = fit_abstention(probability, np.ones(1100), np.full(1100, -np.inf))
    assert np.isfinite(none.density or 0)


def test_the_density_of_a_mixture_is_that_of_its_parts() -> None:
    mean, root = RNG.normal(0, 3, (2, 3)), RNG.normal(0, 1, (2, 3, 3))
    covariance = root @ root.transpose(0, 2, 1) + 0.1 * np.eye(3)
    points = RNG.normal(0, 3, (20, 3))
    density = sum(
        w * multivariate_normal(m, c).pdf(points)
        for w, m, c in zip((0.3, 0.7), mean, covariance, strict=True)
    )
    mixture = Mixture(np.array([0.3, 0.7]), mean, covariance)
    np.testing.assert_allclose(mixture.log_density(points), np.log(density), rtol=1e-9)


def test_the_fit_of_a_mixture_is_as_likely_as_that_of_others() -> None:
    centres = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 8.0]])
    points = centres[RNG.integers(0, 3, 2000)] + RNG.normal(0, [1.0, 0.3], (2000, 2))
    own = fit_mixture(points, 3, least_variance=1e-3)
    other = GaussianMixture(3, reg_covar=1e-3, random_state=0).fit(points)
    assert own.log_density(points).mean() == pytest.approx(other.score(points), abs=1e-3)
    assert own.weight.sum() == pytest.approx(1)
    again = fit_mixture(points, 3, least_variance=1e-3)
    assert np.array_equal(own.mean, again.mean)


def test_a_mixture_of_points_that_are_all_one() -> None:
    mixture = fit_mixture(np.ones((100, 2)), 1, least_variance=1e-3)
    near, far = mixture.log_density(np.array([[1.0, 1.0], [2.0, 1.0]]))
    assert near > far + 100


def test_statistics_are_the_same_however_the_device_is_turned(people: Windows) -> None:
    turn = Rotation.from_euler("xyz", [40, 20, 70], degrees=True).as_matrix().astype(np.float32)
    x = people.x.reshape(len(people), 128, 3, 3) @ turn.T
    turned = statistics_of(x.reshape(people.x.shape), people.channels)
    np.testing.assert_allclose(turned, statistics_of(people.x, people.channels), atol=1e-4)


def test_statistics_of_a_known_signal() -> None:
    """A sine of 5 Hz: between samples, 2 sin(pi 5 lag / 50) of its size; on y half as large."""
    x = np.zeros((1, 128, 9), np.float32)
    x[0, :, 0] = np.sin(2 * np.pi * 5 * np.arange(128) / 50)
    x[0, :, 1] = 0.5 * np.cos(2 * np.pi * 5 * np.arange(128) / 50)
    x[0, :, 2] = 0.25 * np.sin(2 * np.pi * 10 * np.arange(128) / 50)
    size, next_one, second, elongation, *still = statistics_of(x[:, :, :6], CHANNELS[:6])[0]
    assert size == pytest.approx(np.log10(np.sqrt((1 + 0.25 + 0.0625) / 2)), abs=0.01)
    assert next_one == pytest.approx(np.log10(2 * np.sin(np.pi / 10)), abs=0.03)
    assert second == pytest.approx(np.log10(2 * np.sin(2 * np.pi / 10)), abs=0.03)
    assert elongation == pytest.approx(np.log10(4), abs=0.01)
    assert still == pytest.approx([-4, 0, 0, 0])


def test_channels_that_tell_nothing_of_one_device() -> None:
    assert n_statistics(CHANNELS) == 8
    assert n_statistics(ACCELEROMETER_CHANNELS) == 4
    assert n_statistics(("column_1", "column_2")) == 0
    assert n_statistics(CHANNELS[:3]) == 0


def test_people_are_usual_and_what_nobody_wears_is_not(people: Windows) -> None:
    signals = fit_signals(people.select(~people.warm_up))
    assert signals is not None
    other = windows_of(simulate("2", minutes=3.0))
    usual = signals.log_density(other.x, CHANNELS)[~other.warm_up]
    least = np.quantile(usual, 0.01)
    assert np.isfinite(usual).mean() > 0.99
    for windows in (still(1e-5), still(1e-3, gravity_g=0.0), still(0.5)):
        assert (signals.log_density(windows.x, CHANNELS) < least)[~windows.warm_up].all()
    assert np.isneginf(signals.log_density(still(1e-3, 0.0).x, CHANNELS)).all()
    assert signals.log_density(people.x[:0], CHANNELS).shape == (0,)


def test_a_model_of_signals_that_cannot_be(people: Windows) -> None:
    signals = fit_signals(people)
    assert signals is not None
    for changes in (
        {"weight": (1.0,)},
        {"covariance": tuple(tuple(-v for v in row) for row in signals.covariance)},
        {"covariance": tuple(tuple(v * 1e12 for v in row) for row in signals.covariance)},
        {"covariance": signals.covariance[:-1]},
    ):
        with pytest.raises(ValueError, match=r"components of 8|positive definite"):
            replace(signals, **changes)


def flags(marks: str) -> np.ndarray:
    return np.array([mark == "?" for mark in marks])


@pytest.mark.parametrize(
    ("way", "unsure", "expected"),
    [
        ("viterbi", "....?....", "........."),  # one among sure ones
        ("viterbi", "???.????..", "????????.."),  # and the other way round
        ("viterbi", "...????..", "...????.."),
        ("viterbi", "?", "?"),
        ("causal", "...????..", "....????."),  # it knows only one window of what is to come
        ("none", "?.??.", "?.??."),
    ],
)
def test_most_windows_around_decide(way: str, unsure: str, expected: str) -> None:
    starts = np.arange(len(unsure)) == 0
    same = np.zeros(len(unsure), np.int64)
    assert not_sure(flags(unsure), same, starts, way).tolist() == flags(expected).tolist()


def test_doubt_does_not_reach_over_a_gap() -> None:
    starts = flags("?....?....")
    found = not_sure(flags(".....?????"), np.zeros(10, np.int64), starts, "viterbi")
    assert found.tolist() == flags(".....?????").tolist()


def test_what_is_left_of_an_activity_beside_doubt_is_judged_as_a_whole() -> None:
    answer = np.array([0, 0, 0, 0, 1, 2, 2, 2, 2, 2])
    found = not_sure(flags("....????.."), answer, flags("?........."), "viterbi")
    assert found.tolist() == flags("....????..").tolist()
    found = not_sure(flags("....?....."), answer, flags("?........."), "viterbi")
    assert found.tolist() == flags("....?.....").tolist()
