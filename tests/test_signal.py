"""The filter chain: one path, however the samples arrive."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.signal import butter, medfilt, sosfilt

from harken.core.errors import ContractError, FormatError
from harken.signal.filters import ACCELEROMETER_CHANNELS, CHANNELS, FilterChain


def samples(n: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.array([1.0, 0, 0, 0, 0, 0]) + rng.normal(0, 0.3, (n, 6))


def reference(raw: np.ndarray) -> np.ndarray:
    """The chain of the UCI HAR files, written down once more, in scipy's own functions."""

    def low_pass(order: int, hz: float, x: np.ndarray) -> np.ndarray:
        return sosfilt(butter(order, hz, fs=50.0, output="sos"), x)

    smooth = [low_pass(10, 20.0, medfilt(column, 3)) for column in raw.T]
    acc, gyro = smooth[:3], smooth[3:]
    body_acc = [a - low_pass(3, 0.3, a) for a in acc]
    body_gyro = [g - low_pass(2, 0.1, g) for g in gyro]
    return np.stack(body_acc + body_gyro + acc, axis=1)


def run(chain: FilterChain, raw: np.ndarray, cuts: list[int]) -> np.ndarray:
    parts = [chain.push(part) for part in np.split(raw, sorted(cuts))]
    return np.concatenate([*parts, chain.flush()])


def test_zero_start_is_the_published_chain() -> None:
    raw = samples(500)
    got = run(FilterChain(start="zero"), raw, [])
    assert got.shape == (500, 9)
    np.testing.assert_allclose(got, reference(raw), atol=1e-12)


@settings(max_examples=60, deadline=None)
@example(n=0, cuts=[], start="settled", gyroscope=False)
@given(
    n=st.integers(0, 160),
    cuts=st.lists(st.integers(0, 160), max_size=12),
    start=st.sampled_from(["zero", "settled"]),
    gyroscope=st.booleans(),
)
def test_any_chunking_gives_the_same_bits(
    n: int, cuts: list[int], start: str, gyroscope: bool
) -> None:
    raw = samples(n)[:, : 6 if gyroscope else 3]
    whole = run(FilterChain(start=start, gyroscope=gyroscope), raw, [])
    parts = run(FilterChain(start=start, gyroscope=gyroscope), raw, [min(c, n) for c in cuts])
    assert whole.shape == (n, 9 if gyroscope else 6)
    assert np.array_equal(whole, parts)


def test_sample_by_sample_lags_by_one() -> None:
    chain = FilterChain(start="zero")
    raw = samples(10)
    assert [len(chain.push(row[None])) for row in raw] == [0] + [1] * 9
    assert len(chain.flush()) == 1


def test_settled_start_of_a_phone_at_rest_is_at_rest_from_the_first_sample() -> None:
    still = np.tile([0.98, 0.1, -0.1, 0.02, -0.01, 0.03], (200, 1))
    got = run(FilterChain(start="settled"), still, [])
    np.testing.assert_allclose(got[:, :6], 0, atol=1e-9)
    np.testing.assert_allclose(got[:, 6:], still[:, :3], atol=1e-9)


def test_settled_start_is_close_to_having_run_for_long_once_warm() -> None:
    raw = samples(3000, seed=3)
    long_running = run(FilterChain(start="zero"), raw, [])[1500:]
    chain = FilterChain(start="settled")
    fresh = run(chain, raw[1500:], [])
    warm = round(chain.warm_up_s * 50)
    # The last sample is left out: at the end the two pad the median differently.
    assert np.abs(fresh - long_running)[warm:-1].max() < 0.01


def test_without_gyroscope_the_accelerometer_channels_are_the_same() -> None:
    raw = samples(300)
    both = run(FilterChain(start="zero"), raw, [])
    acc = run(FilterChain(start="zero", gyroscope=False), raw[:, :3], [])
    columns = [CHANNELS.index(name) for name in ACCELEROMETER_CHANNELS]
    assert np.array_equal(acc, both[:, columns])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_value_that_is_no_number_is_refused(bad: float) -> None:
    raw = samples(10)
    raw[4, 2] = bad
    with pytest.raises(FormatError, match="not a finite number"):
        FilterChain().push(raw)


def test_wrong_number_of_columns_is_refused() -> None:
    with pytest.raises(FormatError, match=r"expected \(n, 6\)"):
        FilterChain().push(np.zeros((5, 4)))


def test_a_rate_below_twice_the_noise_cutoff_is_refused() -> None:
    with pytest.raises(ContractError, match="more than 40 samples a second"):
        FilterChain(rate_hz=25)


def test_nothing_can_be_pushed_after_the_flush() -> None:
    chain = FilterChain()
    chain.flush()
    with pytest.raises(ValueError, match="flushed"):
        chain.push(samples(1))
