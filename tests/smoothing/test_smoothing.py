"""Smoothing is what the textbook says, for files and for streams, however these come."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from harken.core.errors import UnknownNameError
from harken.model.smoothing import WAYS, CausalSmoother, Smoothing, smooth
from harken.signal.windows import Windows, WindowSpec
from harken.training.fit_smoothing import fit_smoothing, fit_stay


@st.composite
def chains(
    draw: st.DrawFn, most: int = 6
) -> tuple[NDArray[np.float32], NDArray[np.bool_], Smoothing]:
    """Probabilities of some windows, where chains begin, and a model."""
    n, k = draw(st.integers(1, most)), draw(st.integers(2, 3))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    probability = rng.dirichlet(np.full(k, draw(st.sampled_from([0.2, 1.0, 5.0]))), n)
    starts = np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    starts[0] = True
    stay, prior = rng.uniform(0.3, 0.99, k), rng.dirichlet(np.full(k, 5.0))
    return probability.astype(np.float32), starts, Smoothing(tuple(stay), tuple(prior))


def joint(path: tuple[int, ...], probability: NDArray[np.float32], smoothing: Smoothing) -> float:
    """Probability of a path and of the windows in one chain, up to a factor."""
    k = len(smoothing.stay)
    chance = smoothing.prior[path[0]]
    for before, after in pairwise(path):
        stay = smoothing.stay[before]
        chance *= stay if before == after else (1 - stay) / (k - 1)
    for state, window in zip(path, probability, strict=False):
        chance *= max(float(window[state]), 1e-6) / smoothing.prior[state]
    return chance


def each_chain(starts: NDArray[np.bool_]) -> list[slice]:
    return [slice(*ends) for ends in pairwise([*np.flatnonzero(starts), len(starts)])]


@given(chains())
def test_viterbi_finds_the_likeliest_of_all_paths(
    case: tuple[NDArray[np.float32], NDArray[np.bool_], Smoothing],
) -> None:
    probability, starts, smoothing = case
    path = smooth(probability, starts, smoothing, "viterbi")
    for part in each_chain(starts):
        windows = probability[part]
        best = max(
            joint(p, windows, smoothing) for p in product(*[range(windows.shape[1])] * len(windows))
        )
        assert joint(tuple(path[part]), windows, smoothing) == pytest.approx(best)


@given(chains())
def test_the_causal_posterior_is_the_sum_over_all_paths_up_to_the_next_window(
    case: tuple[NDArray[np.float32], NDArray[np.bool_], Smoothing],
) -> None:
    probability, starts, smoothing = case
    smoother = CausalSmoother(smoothing)
    got = np.concatenate([smoother.push(probability, starts), smoother.flush()])
    k = probability.shape[1]
    for part in each_chain(starts):
        windows, posterior = probability[part], got[part]
        for t in range(len(windows)):
            known = windows[: t + 2]
            expected = np.zeros(k)
            for path in product(*[range(k)] * len(known)):
                expected[path[t]] += joint(path, known, smoothing)
            np.testing.assert_allclose(posterior[t], expected / expected.sum(), atol=1e-9)


@given(chains(most=30), st.lists(st.integers(0, 7), min_size=1, max_size=8))
def test_a_stream_gives_the_same_bits_in_any_pieces(
    case: tuple[NDArray[np.float32], NDArray[np.bool_], Smoothing], sizes: list[int]
) -> None:
    probability, starts, smoothing = case
    whole, pieces = CausalSmoother(smoothing), CausalSmoother(smoothing)
    at_once = [whole.push(probability, starts), whole.flush()]
    edges = np.cumsum(np.resize(sizes, len(starts)))
    parts = [np.arange(len(starts))[a:b] for a, b in pairwise([0, *edges, len(starts)])]
    streamed = [pieces.push(probability[part], starts[part]) for part in parts]
    assert np.array_equal(np.concatenate(at_once), np.concatenate([*streamed, pieces.flush()]))


@given(chains(most=30))
def test_an_answer_is_one_window_late(
    case: tuple[NDArray[np.float32], NDArray[np.bool_], Smoothing],
) -> None:
    probability, starts, smoothing = case
    smoother = CausalSmoother(smoothing)
    assert len(smoother.push(probability, starts)) == len(starts) - 1
    assert len(smoother.flush()) == 1
    assert len(smoother.flush()) == 0


@given(chains(most=12), st.sampled_from(WAYS))
def test_chains_know_nothing_of_one_another(
    case: tuple[NDArray[np.float32], NDArray[np.bool_], Smoothing], way: str
) -> None:
    probability, starts, smoothing = case
    alone = [smooth(probability[part], starts[part], smoothing, way) for part in each_chain(starts)]
    assert np.array_equal(np.concatenate(alone), smooth(probability, starts, smoothing, way))


@given(chains(most=12), st.sampled_from(WAYS))
def test_a_window_alone_and_a_chain_without_memory_keep_their_answers(
    case: tuple[NDArray[np.float32], NDArray[np.bool_], Smoothing], way: str
) -> None:
    probability, starts, smoothing = case
    alone = np.ones_like(starts)
    assert np.array_equal(smooth(probability, alone, smoothing, way), probability.argmax(axis=1))
    k = probability.shape[1]
    forgetful = Smoothing((1 / k,) * k, (1 / k,) * k)
    assert np.array_equal(smooth(probability, starts, forgetful, way), probability.argmax(axis=1))


@pytest.mark.parametrize("way", ["causal", "viterbi"])
def test_one_doubtful_window_among_sure_ones_is_put_right(way: str) -> None:
    probability = np.full((9, 3), 0.05, np.float32)
    probability[:, 0] = 0.9
    probability[4] = (0.4, 0.55, 0.05)
    starts = np.arange(9) == 0
    assert set(smooth(probability, starts, Smoothing.default(3), way)) == {0}
    assert smooth(probability, starts, Smoothing.default(3), "none")[4] == 1


@pytest.mark.parametrize("share", [0.0625, 0.5, 2.0])
def test_at_other_hops_activities_last_as_long(share: float) -> None:
    smoothing = Smoothing((0.9, 0.95, 0.8), (0.2, 0.5, 0.3))
    other = smoothing.at_hops(share)
    assert other.prior == smoothing.prior
    # After as much time the same chance is left that an activity has gone on throughout.
    np.testing.assert_allclose(np.array(other.stay) ** (1 / share), smoothing.stay)


def test_no_windows_no_answers() -> None:
    nothing = np.empty((0, 3), np.float32), np.empty(0, bool)
    for way in WAYS:
        assert len(smooth(*nothing, Smoothing.default(3), way)) == 0


def test_a_way_that_is_none() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'viterbi'"):
        smooth(np.ones((1, 2), np.float32), np.ones(1, bool), Smoothing.default(2), "vitrebi")


def test_the_fit_finds_how_long_activities_last() -> None:
    rng = np.random.default_rng(0)
    truth, n = np.array([0.95, 0.8, 0.5]), 6000
    y = np.zeros(n, np.int64)
    for t in range(1, n):
        others = [k for k in range(3) if k != y[t - 1]]
        y[t] = y[t - 1] if rng.random() < truth[y[t - 1]] else rng.choice(others)
    prior = np.bincount(y) / n
    seen = rng.normal(np.eye(3)[y], 0.6)
    likelihood = np.exp(-((seen[:, None] - np.eye(3)) ** 2).sum(axis=2) / (2 * 0.6**2))
    probability = likelihood * prior
    probability /= probability.sum(axis=1, keepdims=True)
    starts = np.arange(n) % 500 == 0
    stay = fit_stay(probability.astype(np.float32), y, starts, prior)
    lengths = 1 / (1 - stay)
    np.testing.assert_allclose(np.log(lengths), np.log(1 / (1 - truth)), atol=0.3)
    # And what was found helps.
    found = Smoothing(tuple(stay), tuple(prior))
    right = {
        way: (smooth(probability.astype(np.float32), starts, found, way) == y).mean()
        for way in WAYS
    }
    assert right["none"] < right["causal"] < right["viterbi"] + 0.02
    assert right["viterbi"] > right["none"] + 0.03


def test_a_model_is_fitted_on_windows_whatever_their_order() -> None:
    """Labels leave out the moments of change; their two sides count as neighbours."""
    rng = np.random.default_rng(0)
    y = np.repeat(rng.permutation(np.repeat(np.arange(2), 20)), 10)
    start_s = np.arange(400.0) + 5 * np.cumsum(np.diff(y, prepend=y[0]) != 0)
    windows = Windows(
        x=np.zeros((400, 2, 1), np.float32),
        y=y,
        subject=np.full(400, "1"),
        recording=np.full(400, "a"),
        start_s=start_s,
        split=np.full(400, ""),
        warm_up=np.zeros(400, bool),
        channels=("a",),
        labels=("walk", "sit"),
        spec=WindowSpec(2, 1, 1.0),
    )
    doubtful = np.where(rng.random(400) < 0.2, 0.4, 0.9)
    probability = np.where(np.eye(2, dtype=bool)[y], doubtful[:, None], 1 - doubtful[:, None])
    shuffled = rng.permutation(400)
    learnt = np.array([0, 0, 1])
    one = fit_smoothing(windows, probability.astype(np.float32), learnt)
    other = fit_smoothing(
        windows.select(shuffled), probability[shuffled].astype(np.float32), learnt
    )
    assert one == other
    assert one.prior == (3 / 5, 2 / 5)
    assert 5 < 1 / (1 - one.stay[0]) < 60
