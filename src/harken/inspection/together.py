"""Accelerometer and gyroscope against one another: time, scale and sense of rotation.

While a device turns, gravity turns in its axes: da/dt = -w x a. What walking adds to that averages
out, so that the slope of the one on the other tells whether the gyroscope is in rad/s and turns the
right way round. (HAPT: correlation 0.57 to 0.89, slope 0.70 to 1.07.)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harken.inspection.finding import Finding, in_words
from harken.inspection.view import View

#: Both sensors are averaged over bins of that length, then over about half a second.
_BIN_S = 0.1
#: Of a longer pause only so much is looked at: wide enough that nothing reaches over it.
_LONG_S = 30.0
_SMOOTH = np.hanning(11)[1:-1] / np.hanning(11)[1:-1].sum()
#: Lags that are tried, in bins. At more than 3 s other things of the day correlate.
_MOST_LAG = 30
#: Over less than half a minute a few movements may fit at a wrong lag.
_FEWEST_BINS = 300
#: A lag counts from here, in bins (HAPT: 1 at most) ...
LEAST_LAG = 3
#: ... if the correlation there is this much better than without one (HAPT: 0.004 at most).
CLEARLY = 0.1
#: Correlations that say something of the slope.
LEAST_CORRELATION = 0.3
#: Degrees instead of radians give 1/57; other errors are no such thing. (HAPT: 0.70 at least)
DEGREES_SLOPE = 1 / 20
#: One sample in twenty of a gyroscope in rad/s is above that only in machines. (HAPT: 2.3 at most)
DEGREES_SIZE = 15.0
#: Both sensors should run for that share of the accelerometer's time. (HAPT: 1)
LEAST_COVER = 0.95
#: An accelerometer that ran for a smaller share of the gyroscope's time stopped early. (HAPT: 1)
LEAST_LENGTH = 0.5


def coverage_findings(acc: View, gyro: View) -> Iterator[Finding]:
    """Whether both sensors ran at the same time."""
    a, g = (
        (float(view.sensor.time_s.min()), float(view.sensor.time_s.max())) for view in (acc, gyro)
    )
    both_s = min(a[1], g[1]) - max(a[0], g[0])
    ranges = (
        f"the accelerometer runs from {a[0]:.2f} to {a[1]:.2f} s, the gyroscope from {g[0]:.2f} to "
        f"{g[1]:.2f} s"
    )
    if both_s <= 0:
        cure = "Put both on one clock, or leave the gyroscope out."
        yield Finding("no-overlap", "refused", "", f"{ranges}: never at the same time", cure)
    elif both_s < LEAST_COVER * (a[1] - a[0]):
        alone = tuple(s for s in ((a[0], g[0]), (g[1], a[1])) if s[1] > s[0])
        yield Finding(
            "gyroscope-partial",
            "repaired",
            "gyro",
            f"{ranges}: it is missing {in_words(alone)}",
            "Harken uses the time in which both run.",
            alone,
        )
    elif a[1] - a[0] < LEAST_LENGTH * (g[1] - g[0]):
        cure = "Harken uses the time in which both run; look for where the accelerometer stopped."
        yield Finding("lengths-differ", "repaired", "acc", ranges, cure)


@dataclass(frozen=True, eq=False)
class Turning:
    """What both sensors say of the device's turning, on common bins.

    Attributes
    ----------
    lag_s : by how much the gyroscope comes late; 0 where that cannot be told
    lag_gain : how much better the correlation is there; 0 where the directions do not agree
    correlation, slope : of da/dt on -w x a, without lag
    """

    lag_s: float
    lag_gain: float
    correlation: float
    slope: float


def turning_of(acc: View, gyro: View) -> Turning | None:
    """Compare the sensors; None where there is too little that both saw."""
    if not len(acc.sensor) or not len(gyro.sensor):
        return None
    acc_s, gyro_s = _without_pauses(acc.sensor.time_s, gyro.sensor.time_s)
    start_s = float(acc_s.min())
    n = int((float(acc_s.max()) - start_s) / _BIN_S)
    # A clock in other units would make more bins than there are samples.
    if n > 20 * len(acc.sensor) or n < _FEWEST_BINS:
        return None
    a = _smooth(_binned(acc, acc_s - start_s, n))
    g = _smooth(_binned(gyro, gyro_s - start_s, n))
    g = g - np.nan_to_num(np.nanmedian(g, axis=0)) if np.isfinite(g).any() else g
    change = (a[2:] - a[:-2]) / (2 * _BIN_S)
    a, g = a[1:-1], g[1:-1]
    fit = _fit(change, a, g)
    if fit is None:
        return None
    slope, correlation = fit
    lag, gain = _lag(np.linalg.norm(change, axis=1), np.linalg.norm(g, axis=1))
    # Sizes alone are misled by other things of the day: the directions must agree, too.
    there = _fit(change, a, np.roll(g, -lag, axis=0))
    agree = there is not None and there[1] > max(LEAST_CORRELATION, correlation + CLEARLY)
    return Turning(lag * _BIN_S, gain if agree else 0.0, correlation, slope)


def _fit(
    change: NDArray[np.float64], acc: NDArray[np.float64], gyro: NDArray[np.float64]
) -> tuple[float, float] | None:
    """Slope and correlation of the change of gravity on what the gyroscope makes one expect."""
    expected = -np.cross(gyro, acc)
    known = np.isfinite(change).all(axis=1) & np.isfinite(expected).all(axis=1)
    x, y = expected[known].ravel(), change[known].ravel()
    if len(x) < 12 * _MOST_LAG or not x.any() or not y.any():
        return None
    product, square = float(x @ y), float(x @ x)
    return product / square, product / float(np.sqrt(square * float(y @ y)))


def turning_findings(gyro: View, turning: Turning | None) -> Iterator[Finding]:
    """Unit, time and sense of rotation of the gyroscope."""
    large = float(np.percentile(gyro.sizes, 95))
    clear = turning is not None and abs(turning.correlation) > LEAST_CORRELATION
    slope = turning.slope if turning is not None and clear else None
    if large > DEGREES_SIZE or (slope is not None and 0 < slope < DEGREES_SLOPE):
        seen = (
            ""
            if slope is None or slope < 0
            else f"; gravity turns {1 / slope:.3g} times slower than that"
        )
        yield Finding(
            "gyro-in-deg",
            "refused",
            "gyro",
            f"one sample in twenty turns faster than {large:.3g} rad/s{seen}",
            "It is probably in degrees per second: multiply by π / 180.",
        )
    if turning is None:
        return
    if abs(turning.lag_s) > (LEAST_LAG - 0.5) * _BIN_S and turning.lag_gain > CLEARLY:
        late = "after" if turning.lag_s > 0 else "before"
        yield Finding(
            "sensors-out-of-step",
            "note",
            "gyro",
            f"it sees movements {abs(turning.lag_s):.1f} s {late} the accelerometer does",
            f"Subtract {turning.lag_s:.1f} s from its times.",
        )
    elif slope is not None and slope < 0:
        yield Finding(
            "gyroscope-sign",
            "note",
            "gyro",
            f"gravity turns the other way than it says (correlation {turning.correlation:.2f})",
            "Its axes or their signs are not those of the accelerometer: negate them, or export "
            "anew.",
        )


def _without_pauses(
    acc_s: NDArray[np.float64], gyro_s: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Times on a clock that stands still while neither sensor gives samples for long."""
    both = np.sort(np.concatenate([acc_s, gyro_s]))
    steps = np.diff(both)
    last = np.flatnonzero(steps > _LONG_S)
    stood_s = np.concatenate([[0.0], np.cumsum(steps[last] - _LONG_S)])

    def shifted(time_s: NDArray[np.float64]) -> NDArray[np.float64]:
        moved: NDArray[np.float64] = time_s - stood_s[np.searchsorted(both[last], time_s)]
        return moved

    return shifted(acc_s), shifted(gyro_s)


def _binned(view: View, time_s: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """(n, 3) means over bins; NaN where there is no sample."""
    at = np.floor(time_s / _BIN_S)
    inside = (at >= 0) & (at < n)
    index = at[inside].astype(np.int64)
    count = np.bincount(index, minlength=n)
    sums = [np.bincount(index, axis[inside], minlength=n) for axis in _without_spikes(view).T]
    means = np.full((n, 3), np.nan)
    filled = count > 0
    means[filled] = np.stack(sums, axis=1)[filled] / count[filled, None]
    return means


def _without_spikes(view: View) -> NDArray[np.float64]:
    """(n_samples, 3) medians of three: one spike would outweigh all turning."""
    values = view.sensor.values
    before, middle, after = values[:-2], values[1:-1], values[2:]
    low, high = np.minimum(before, after), np.maximum(before, after)
    return np.concatenate([values[:1], np.clip(middle, low, high), values[-1:]])


def _smooth(values: NDArray[np.float64]) -> NDArray[np.float64]:
    smooth = np.stack([np.convolve(axis, _SMOOTH, "same") for axis in values.T], axis=1)
    smooth[: len(_SMOOTH)] = smooth[-len(_SMOOTH) :] = np.nan  # what zeros beyond the ends made
    return smooth


def _lag(acc: NDArray[np.float64], gyro: NDArray[np.float64]) -> tuple[int, float]:
    """Bins by which the gyroscope is late, and what the correlation gains by that."""
    n = len(acc)

    def correlation(lag: int) -> float:
        x = gyro[_MOST_LAG + lag : n - _MOST_LAG + lag]
        y = acc[_MOST_LAG : n - _MOST_LAG]
        known = np.isfinite(x) & np.isfinite(y)
        x, y = x[known], y[known]
        if len(x) < 2 * _MOST_LAG or not x.std() or not y.std():
            return 0.0
        return float(np.corrcoef(x, y)[0, 1])

    found = {lag: correlation(lag) for lag in range(-_MOST_LAG, _MOST_LAG + 1)}
    best = max(found, key=lambda lag: (found[lag], -abs(lag)))
    return best, found[best] - found[0]
