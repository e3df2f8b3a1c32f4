"""An hour of six channels through the signal path."""

from __future__ import annotations

import numpy as np

from benchmarks.performance.comparison import Comparison, compare
from harken.core.recording import on_one_clock
from harken.signal.path import filter_recording


def measure(rounds: int) -> list[Comparison]:
    """At 50 Hz and from 100 Hz, beside scipy's functions one after the other."""
    rng = np.random.default_rng(0)
    n = 3600 * 50
    samples = np.array([1.0, 0, 0, 0, 0, 0]) + rng.normal(0, 0.3, (n, 6))
    hour = on_one_clock(np.arange(n) / 50, samples)
    fast = on_one_clock(
        np.arange(2 * n) / 100, np.repeat(samples, 2, axis=0), source="an hour at 100 Hz"
    )
    ways = {
        "harken, 50 Hz": lambda: filter_recording(hour),
        "harken, resampled from 100 Hz": lambda: filter_recording(fast),
        "scipy at 50 Hz, function by function": lambda: plain_chain(samples),
    }
    return [compare("filtering", ways, unit="ms", rounds=rounds)]


def plain_chain(raw: np.ndarray) -> np.ndarray:
    """The same chain as one would write it down in scipy."""
    from scipy.signal import butter, medfilt, sosfilt

    def low_pass(order: int, hz: float, x: np.ndarray) -> np.ndarray:
        return np.asarray(sosfilt(butter(order, hz, fs=50.0, output="sos"), x))

    smooth = [low_pass(10, 20.0, medfilt(column, 3)) for column in raw.T]
    acc, gyro = smooth[:3], smooth[3:]
    body = [a - low_pass(3, 0.3, a) for a in acc] + [g - low_pass(2, 0.1, g) for g in gyro]
    return np.stack(body + acc, axis=1)
