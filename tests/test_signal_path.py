"""One path for streams and files: resampled, aligned, filtered, the same however it arrives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harken.core.errors import ContractError, FormatError
from harken.core.recording import Recording, Sensor
from harken.signal.filters import ACCELEROMETER_CHANNELS, FilterChain
from harken.signal.path import SignalPath, filter_recording, rotate
from harken.signal.resample import Resampler, Run

DURATION_S = 12.0


def movement(time_s: np.ndarray) -> np.ndarray:
    """What a sensor sees of a smooth movement below 8 Hz: (n, 3)."""
    rng = np.random.default_rng(5)
    frequency, phase = rng.uniform(0.3, 8, (6, 3)), rng.uniform(0, 6, (6, 3))
    waves = np.sin(2 * np.pi * frequency * time_s[:, None, None] + phase)
    return np.array([1.0, 0.1, -0.2]) + 0.2 * waves.sum(axis=1)


def sensor(rate_hz: float, *, start_s: float = 0.0, jitter: float = 0.0, seed: int = 0) -> Sensor:
    n = int(DURATION_S * rate_hz)
    noise = np.random.default_rng(seed).uniform(-jitter, jitter, n)
    time_s = start_s + (np.arange(n) + noise) / rate_hz
    return Sensor(time_s, movement(time_s))


def joined(runs: list[Run]) -> list[tuple[int, np.ndarray]]:
    segments: list[tuple[int, list[np.ndarray]]] = []
    for run in runs:
        if run.begins:
            segments.append((run.first, []))
        assert run.first == segments[-1][0] + sum(map(len, segments[-1][1]))
        segments[-1][1].append(run.values)
    return [(first, np.concatenate(parts)) for first, parts in segments]


def pieces(sensor: Sensor, cuts: list[int]) -> list[Sensor]:
    at = sorted(min(c, len(sensor)) for c in cuts)
    parts = zip(np.split(sensor.time_s, at), np.split(sensor.values, at), strict=True)
    return [Sensor(t, v) for t, v in parts]


def resampled(given: Sensor, rate_hz: float = 50.0) -> list[tuple[int, np.ndarray]]:
    resampler = Resampler(given.rate_hz, rate_hz, float(given.time_s[0]))
    return joined(resampler.push(given.time_s, given.values) + resampler.flush())


def test_what_stands_on_the_grid_passes_bit_for_bit() -> None:
    given_ = sensor(50)
    ((first, values),) = resampled(given_)
    assert first == 0
    assert np.array_equal(values, given_.values)


@pytest.mark.parametrize("rate_hz", [20, 25, 31.25, 60, 90, 100, 104, 200, 209, 400])
@pytest.mark.parametrize("jitter", [0.0, 0.3])
def test_a_smooth_movement_survives_any_rate(rate_hz: float, jitter: float) -> None:
    ((first, values),) = resampled(sensor(rate_hz, jitter=jitter))
    inner = slice(25, -25)
    truth = movement((first + np.arange(len(values))) / 50 + _start(rate_hz, jitter))
    error = np.abs(values - truth)[inner]
    # Near half the input's rate a cubic is coarse; from 50 Hz on it is not.
    assert np.sqrt((error**2).mean()) < (0.1 if rate_hz < 40 else 0.02)


def _start(rate_hz: float, jitter: float) -> float:
    return float(sensor(rate_hz, jitter=jitter).time_s[0])


@pytest.mark.parametrize("alias_hz", [32, 45, 70, 95])
def test_what_would_alias_is_filtered_out(alias_hz: float) -> None:
    time_s = np.arange(2400) / 200
    tone = Sensor(time_s, np.repeat(np.sin(2 * np.pi * alias_hz * time_s)[:, None], 3, axis=1))
    ((_, values),) = resampled(tone)
    assert np.abs(values[25:-25]).max() < 0.002


@settings(max_examples=40, deadline=None)
@given(
    rates=st.tuples(st.sampled_from([25, 50, 52, 100, 209]), st.sampled_from([50, 60, 100])),
    jitter=st.sampled_from([0.0, 0.3]),
    gap=st.booleans(),
    cuts=st.lists(st.tuples(st.integers(0, 2600), st.integers(0, 1300)), max_size=6),
)
def test_any_cut_of_the_input_gives_the_same_bits(
    rates: tuple[float, float], jitter: float, gap: bool, cuts: list[tuple[int, int]]
) -> None:
    acc = sensor(rates[0], jitter=jitter)
    gyro = sensor(rates[1], start_s=0.013, jitter=jitter, seed=1)
    if gap:
        keep = (acc.time_s < 4) | (acc.time_s > 5)
        acc = Sensor(acc.time_s[keep], acc.values[keep])

    def path() -> SignalPath:
        return SignalPath(
            acc_rate_hz=rates[0], gyro_rate_hz=rates[1], origin_s=float(acc.time_s[0])
        )

    whole = path()
    at_once = joined(whole.push(acc, gyro) + whole.flush())
    parts = path()
    runs: list[Run] = []
    for a, g in zip(
        pieces(acc, [c[0] for c in cuts]), pieces(gyro, [c[1] for c in cuts]), strict=True
    ):
        runs += parts.push(a, g)
    runs += parts.flush()
    in_parts = joined(runs)
    assert len(at_once) == len(in_parts) == 1 + gap
    for (first, samples), (first_too, samples_too) in zip(at_once, in_parts, strict=True):
        assert first == first_too
        assert np.array_equal(samples, samples_too)
    assert whole.repairs == parts.repairs


def test_sensors_with_clocks_of_their_own_are_aligned() -> None:
    """The gyroscope begins later, runs at another rate, and still fits to the sample."""
    acc, gyro = sensor(100), sensor(60, start_s=0.405)
    (segment,) = filter_recording(Recording(acc, gyro)).segments
    both = Recording(sensor(50), sensor(50))
    (reference,) = filter_recording(both).segments
    offset = round(segment.start_s * 50)
    assert offset == 21  # the first point of the grid at which both have samples
    assert segment.start_s == pytest.approx(0.42)
    settled = segment.samples[250:-50]
    expected = reference.samples[offset + 250 :][: len(settled)]
    assert np.sqrt(((settled - expected)[:, 6:] ** 2).mean()) < 0.02


def test_a_gap_splits_and_a_short_pause_is_filled() -> None:
    time_s = np.arange(1500) / 50
    keep = ~((time_s > 10) & (time_s < 11)) & ~((time_s > 20) & (time_s < 20.1))
    recording = Recording(Sensor(time_s[keep], movement(time_s[keep])))
    filtered = filter_recording(recording)
    assert [len(s.samples) for s in filtered.segments] == [501, 950]
    assert [s.start_s for s in filtered.segments] == pytest.approx([0.0, 11.0])
    assert [s.warm_up_samples for s in filtered.segments] == [250, 250]
    assert filtered.channels == ACCELEROMETER_CHANNELS
    assert any("1 x short pause filled" in note for note in filtered.notes)
    assert any("1 x gap of more than" in note for note in filtered.notes)


def test_duplicates_and_late_samples_are_left_out_and_counted() -> None:
    clean = sensor(50)
    order = np.insert(np.arange(len(clean)), [100, 200, 300], [99, 199, 298])
    messy = Sensor(clean.time_s[order], clean.values[order])
    one, two = filter_recording(Recording(clean)), filter_recording(Recording(messy))
    assert np.array_equal(one.segments[0].samples, two.segments[0].samples)
    assert any("3 x sample left out" in note for note in two.notes)


def test_a_clock_that_runs_backwards_is_refused() -> None:
    clean = sensor(50)
    shuffled = np.random.default_rng(0).permutation(len(clean))
    with pytest.raises(FormatError, match="Its clock cannot be used"):
        filter_recording(Recording(Sensor(clean.time_s[shuffled], clean.values)))


@pytest.mark.parametrize("rate_hz", [5, 10, 800])
def test_rates_that_cannot_be_used(rate_hz: float) -> None:
    with pytest.raises(ContractError, match="samples a second"):
        filter_recording(Recording(sensor(rate_hz)))


def test_one_sample_is_no_recording() -> None:
    with pytest.raises(FormatError, match="needs at least 2"):
        filter_recording(Recording(Sensor(np.zeros(1), np.ones((1, 3)))))


def test_a_rotation_turns_what_the_filters_see() -> None:
    turn = np.array([[0.0, 0, 1], [0, 1, 0], [-1, 0, 0]])
    given_ = sensor(50)
    np.testing.assert_allclose(rotate(given_.values, turn), given_.values @ turn.T, atol=1e-15)
    (turned,) = filter_recording(Recording(given_), rotation=turn).segments
    by_hand = Sensor(given_.time_s, rotate(given_.values, turn))
    (expected,) = filter_recording(Recording(by_hand)).segments
    assert np.array_equal(turned.samples, expected.samples)


def test_the_path_of_an_even_recording_is_the_filter_chain() -> None:
    given_ = sensor(50)
    (segment,) = filter_recording(Recording(given_, given_), start="zero").segments
    chain = FilterChain(start="zero")
    both = np.hstack([given_.values, given_.values])
    assert np.array_equal(segment.samples, np.concatenate([chain.push(both), chain.flush()]))


def test_the_delay_that_is_told_is_kept() -> None:
    """Pushed in messages of 100 ms, no sample comes out later than said."""
    acc = sensor(100)
    path = SignalPath(acc_rate_hz=100, gyro_rate_hz=None, origin_s=0.0)
    n_out = 0
    for first in range(0, len(acc), 10):
        part = Sensor(acc.time_s[first : first + 10], acc.values[first : first + 10])
        n_out += sum(len(run.values) for run in path.push(part))
        if part.time_s[-1] > 3:
            assert part.time_s[-1] - (n_out - 1) / 50 <= path.delay_s + 1 / 50


@pytest.mark.parametrize("hold_s", [0.0, 0.5])
def test_samples_are_held_for_so_long_and_give_the_same_bits(hold_s: float) -> None:
    """Pushed from one buffer that is used again and again, as drivers of sensors do."""
    acc = sensor(100, jitter=0.3)
    expected = filter_recording(Recording(acc)).segments[0].samples
    origin_s = float(acc.time_s[0])
    path = SignalPath(acc_rate_hz=100, gyro_rate_hz=None, origin_s=origin_s, hold_s=hold_s)
    time_s, values = np.empty(10), np.empty((10, 3))
    runs: list[Run] = []
    n_pushes_with_output = 0
    for first in range(0, len(acc), 10):
        time_s[:], values[:] = acc.time_s[first : first + 10], acc.values[first : first + 10]
        given_out = path.push(Sensor(time_s, values))
        n_pushes_with_output += bool(given_out)
        runs += given_out
    ((_, samples),) = joined(runs + path.flush())
    assert np.array_equal(samples, expected)
    assert (n_pushes_with_output > 100) == (hold_s == 0)
