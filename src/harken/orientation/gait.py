"""Finding gait in raw acceleration, whatever way the device is turned.

Lengths of the acceleration do not depend on the mounting: gait shows in them as something that
repeats with every step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harken.core.recording import Sensor

#: Samples a second of the grid: many times the step frequency, cheap for long recordings.
GRID_HZ = 25.0
#: Length of a window and the way to the next one, in points of the grid: 4 s and 2 s.
WINDOW, STRIDE = 100, 50
#: Steps a second, from a slow walk to a run.
STEP_HZ = (1.2, 2.6)
#: A longer pause of the sensor is no part of any window.
_MAX_GAP_S = 0.5
# On the training people of HAPT these two find 98 % of windows of walking, 97 % upstairs, 94 %
# downstairs, and none of 2,379 of sitting, standing and lying.
_LEAST_PERIODICITY = 0.3
_LEAST_MOVEMENT_G = 0.08


@dataclass(frozen=True, eq=False)
class Stretches:
    """A recording's acceleration in overlapping windows on an even grid; samples of gait alone.

    Attributes
    ----------
    start_s : (n_windows,) float64
        Time of each window's start on the recording's clock.
    mean : (n_windows, 3) float64
        Mean specific force in g, device axes.
    movement_g : (n_windows,) float64
        Standard deviation of the acceleration's length.
    is_gait : (n_windows,) bool
    gait : (n_gait, WINDOW, 3) float64
        Specific force in g of the windows that are gait.
    """

    start_s: NDArray[np.float64]
    mean: NDArray[np.float64]
    movement_g: NDArray[np.float64]
    is_gait: NDArray[np.bool_]
    gait: NDArray[np.float64]

    @property
    def gait_start_s(self) -> NDArray[np.float64]:
        """(n_gait,) float64"""
        return self.start_s[self.is_gait]

    def select(self, which: NDArray[np.bool_]) -> Stretches:
        """Some of the windows, by a mask."""
        return Stretches(
            self.start_s[which],
            self.mean[which],
            self.movement_g[which],
            self.is_gait[which],
            self.gait[which[self.is_gait]],
        )

    def with_gait_of(self, most: int) -> Stretches:
        """All windows that are no gait, and at most so many of gait, evenly spread."""
        n = len(self.gait)
        if n <= most:
            return self
        keep = ~self.is_gait
        chosen = np.linspace(0, n - 1, most).round().astype(int)
        keep[np.flatnonzero(self.is_gait)[chosen]] = True
        return self.select(keep)


def stretches(acc: Sensor) -> Stretches:
    """Cut acceleration into windows and tell which of them are gait.

    Samples that are not finite or not later than those before are left out. A recording that is
    shorter than one window gives none.
    """
    time_s, values = _usable(acc)
    # Each side of a long pause has a grid of its own: one over both would be as long as the pause.
    cuts = np.flatnonzero(np.diff(time_s) > WINDOW / GRID_HZ) + 1
    sides = zip(np.split(time_s, cuts), np.split(values, cuts), strict=True)
    return join([_on_a_grid(*side) for side in sides])


def join(parts: Sequence[Stretches]) -> Stretches:
    """The windows of several stretches of a recording, in order of time."""
    if len(parts) == 1:
        return parts[0]
    return Stretches(
        np.concatenate([part.start_s for part in parts]),
        np.concatenate([part.mean for part in parts]),
        np.concatenate([part.movement_g for part in parts]),
        np.concatenate([part.is_gait for part in parts]),
        np.concatenate([part.gait for part in parts]),
    )


def _on_a_grid(time_s: NDArray[np.float64], values: NDArray[np.float64]) -> Stretches:
    if len(time_s) < 2 or time_s[-1] - time_s[0] < WINDOW / GRID_HZ:
        nothing = np.empty(0)
        return Stretches(
            nothing, np.empty((0, 3)), nothing, np.empty(0, bool), np.empty((0, WINDOW, 3))
        )
    grid = _bin_means(time_s, values)
    first = np.arange(0, len(grid) - WINDOW + 1, STRIDE)
    start_s = time_s[0] + first / GRID_HZ
    whole = _without_gap(time_s, start_s)
    windows = grid[first[whole, None] + np.arange(WINDOW)]
    length = np.sqrt(np.einsum("nti,nti->nt", windows, windows))
    length -= length.mean(axis=1, keepdims=True)
    movement_g = length.std(axis=1)
    is_gait = movement_g > _LEAST_MOVEMENT_G
    is_gait[is_gait] = _periodicity(length[is_gait]) > _LEAST_PERIODICITY
    return Stretches(start_s[whole], windows.mean(axis=1), movement_g, is_gait, windows[is_gait])


def _usable(acc: Sensor) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    time_s, values = acc.time_s, acc.values
    if not (np.isfinite(time_s).all() and np.isfinite(values).all()):
        finite = np.isfinite(time_s) & np.isfinite(values).all(axis=1)
        time_s, values = time_s[finite], values[finite]
    if (np.diff(time_s) > 0).all():
        return time_s, values
    later = np.ones(len(time_s), bool)
    later[1:] = time_s[1:] > np.maximum.accumulate(time_s)[:-1]
    return time_s[later], values[later]


def _bin_means(time_s: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means over the grid's bins, (n_bins, 3), by the trapezoid rule.

    The integral is interpolated, not the signal: that takes any rate and uneven times, and
    averages what is faster than the grid instead of folding it down.
    """
    steps = np.diff(time_s)[:, None] * (values[1:] + values[:-1]) / 2
    integral = np.concatenate([np.zeros((1, 3)), np.cumsum(steps, axis=0)])
    n_bins = int((time_s[-1] - time_s[0]) * GRID_HZ + 1e-6)
    edges = time_s[0] + np.arange(n_bins + 1) / GRID_HZ
    at_edges = [np.interp(edges, time_s, column) for column in integral.T]
    return np.diff(np.stack(at_edges, axis=1), axis=0) * GRID_HZ


def _without_gap(time_s: NDArray[np.float64], start_s: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which windows hold no part of a pause."""
    pauses = np.flatnonzero(np.diff(time_s) > _MAX_GAP_S)
    begun = np.searchsorted(time_s[pauses], start_s + WINDOW / GRID_HZ)
    over = np.searchsorted(time_s[pauses + 1], start_s, side="right")
    whole: NDArray[np.bool_] = begun == over
    return whole


def _periodicity(length: NDArray[np.float64]) -> NDArray[np.float64]:
    """Highest peak of the autocorrelation among the step frequencies; 0 where there is none.

    A peak is asked for, since slow movement correlates highly at all short lags.
    """
    spectrum = np.fft.rfft(length, 2 * WINDOW, axis=1)
    power = spectrum.real**2 + spectrum.imag**2
    correlation = np.fft.irfft(power, axis=1)[:, :WINDOW]
    correlation /= np.maximum(correlation[:, :1], 1e-12)
    correlation *= WINDOW / (WINDOW - np.arange(WINDOW))
    low, high = round(GRID_HZ / STEP_HZ[1]), round(GRID_HZ / STEP_HZ[0])
    at = correlation[:, low : high + 1]
    before, after = correlation[:, low - 1 : high], correlation[:, low + 1 : high + 2]
    highest: NDArray[np.float64] = np.where((at >= before) & (at >= after), at, 0.0).max(axis=1)
    return highest
