"""From a sensor's own clock to an even grid, as a stateful object.

Samples come as phones give them: uneven, duplicated, late, missing, at any rate. Cubic
interpolation brings them to a grid of a whole number of times the wanted rate, the smallest that
loses nothing, and a linear-phase low-pass from there to the wanted rate. What stands on the grid
already passes unchanged, bit for bit. However the input is cut into pushes, the output is the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from harken.core.errors import ContractError, FormatError

#: Rates of input that can be used, in samples a second.
LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 20.0, 400.0
#: A longer pause splits the recording; a shorter one is filled. At two steps a second or more of
#: gait, a quarter of a second is half a step: what lies in it can be guessed, no more than that.
MAX_GAP_S = 0.25

#: The low-pass passes up to 20 Hz, where the noise filter of the chain ends, and stops at 30 Hz,
#: whose alias at 50 Hz would be 20 Hz. Kaiser window, 60 dB.
_PASS_HZ, _STOP_HZ, _ATTENUATION_DB = 20.0, 30.0, 60.0
#: Times that are closer than this share of a step count as equal.
_SAME = 1e-3


@dataclass(frozen=True)
class Repairs:
    """What was done to a sensor's samples.

    Attributes
    ----------
    n_samples : pushed in all
    n_late : left out, since their time was not after that of the sample before (duplicates too)
    n_filled : pauses that were filled by interpolation
    n_gaps : pauses that were too long for that
    """

    n_samples: int = 0
    n_late: int = 0
    n_filled: int = 0
    n_gaps: int = 0


@dataclass(frozen=True, eq=False)
class Run:
    """Neighbouring points of the grid.

    Attributes
    ----------
    first : index on the grid; its time is origin + first / rate
    values : (n, 3) float64
    begins : whether it begins anew, after the start or a gap, and does not continue the run before
    """

    first: int
    values: NDArray[np.float64]
    begins: bool


class Resampler:
    """One sensor's samples, brought to an even grid.

    Parameters
    ----------
    input_rate_hz : samples a second that the sensor gives, about; see `Sensor.rate_hz`
    rate_hz : samples a second of the output
    origin_s : time of the grid's point 0
    max_gap_s : a longer pause begins a new run

    Attributes
    ----------
    repairs : what was done so far
    delay_s : how long after a moment its sample comes out, at the most

    Raises
    ------
    ContractError
        The input's rate is outside of what can be used.
    """

    def __init__(
        self,
        input_rate_hz: float,
        rate_hz: float,
        origin_s: float,
        max_gap_s: float = MAX_GAP_S,
    ) -> None:
        if not LOWEST_RATE_HZ * 0.95 <= input_rate_hz <= HIGHEST_RATE_HZ * 1.05:
            raise ContractError(
                f"The sensor gives {input_rate_hz:.3g} samples a second; Harken uses recordings of "
                f"{LOWEST_RATE_HZ:g} to {HIGHEST_RATE_HZ:g}. Record anew at 50 or 100 Hz."
            )
        self.repairs = Repairs()
        self._step_s = 1 / input_rate_hz
        self._max_gap_s = max(max_gap_s, 1.5 * self._step_s)
        factor = max(1, math.ceil(input_rate_hz / rate_hz - 0.02))
        self._fine = _Interpolator(rate_hz * factor, origin_s)
        self._low_pass = _Decimator(factor, rate_hz) if factor > 1 else None
        self.delay_s = 2 * self._step_s + (self._low_pass.delay_s if self._low_pass else 0.0)
        self._last_s = -math.inf

    def push(self, time_s: NDArray[np.float64], values: NDArray[np.float64]) -> list[Run]:
        """Take further samples; return what is complete by now.

        Parameters
        ----------
        time_s : (n,) float64, on the recording's clock
        values : (n, 3) float64
        """
        time_s, values = self._in_order(time_s, values)
        if not len(time_s):
            return []
        steps = time_s - np.concatenate([[self._last_s], time_s[:-1]])
        after_gap = np.flatnonzero(steps > self._max_gap_s)
        n_filled = int((steps > 1.75 * self._step_s).sum()) - len(after_gap)
        self.repairs = replace(
            self.repairs,
            n_filled=self.repairs.n_filled + n_filled,
            # The first sample of all follows no gap.
            n_gaps=self.repairs.n_gaps + len(after_gap) - (self._last_s == -math.inf),
        )
        self._last_s = float(time_s[-1])
        runs: list[Run] = []
        bounds = [0, *after_gap.tolist(), len(time_s)]
        for number, (first, end) in enumerate(pairwise(bounds)):
            if number:
                runs += self._finish_run()
            if end > first:
                runs += self._decimated(self._fine.push(time_s[first:end], values[first:end]))
        return runs

    def flush(self) -> list[Run]:
        """Return what is still inside."""
        return self._finish_run()

    def _in_order(
        self, time_s: NDArray[np.float64], values: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        if not (np.isfinite(time_s).all() and np.isfinite(values).all()):
            raise FormatError(
                "Samples or their times hold a value that is not a finite number (NaN or "
                "infinity). Leave such samples out."
            )
        n = len(time_s)
        highest = np.maximum.accumulate(np.concatenate([[self._last_s], time_s]))[:-1]
        good = time_s > highest
        n_late = n - int(good.sum())
        self.repairs = replace(
            self.repairs,
            n_samples=self.repairs.n_samples + n,
            n_late=self.repairs.n_late + n_late,
        )
        return (time_s, values) if not n_late else (time_s[good], values[good])

    def _decimated(self, run: Run | None) -> list[Run]:
        if run is None or self._low_pass is None:
            return [] if run is None else [run]
        coarse = self._low_pass.push(run)
        return [] if coarse is None else [coarse]

    def _finish_run(self) -> list[Run]:
        runs = self._decimated(self._fine.flush())
        if self._low_pass is not None and (last := self._low_pass.flush()) is not None:
            runs.append(last)
        return runs


class _Interpolator:
    """Cubic Hermite interpolation onto a grid, with slopes from the neighbours on either side.

    The slope at a sample is that of the parabola through it and its two neighbours; at the ends of
    a run, that of the line. A point is given out once the sample after next is there, on which it
    depends.
    """

    def __init__(self, rate_hz: float, origin_s: float) -> None:
        self._rate_hz = rate_hz
        self._origin_s = origin_s
        self._begin()

    def _begin(self) -> None:
        self._time_s = np.empty(0)
        self._values = np.empty((0, 3))
        self._next: int | None = None  # the grid's next point
        self._has_before = False  # whether the first kept sample serves for the slope only

    def push(self, time_s: NDArray[np.float64], values: NDArray[np.float64]) -> Run | None:
        self._time_s = np.concatenate([self._time_s, time_s])
        self._values = np.concatenate([self._values, values])
        return self._give(final=False)

    def flush(self) -> Run | None:
        run = self._give(final=True)
        self._begin()
        return run

    def _give(self, *, final: bool) -> Run | None:
        """Points up to the sample before the last one, or up to the last one at the end."""
        t = self._time_s
        last = len(t) - 1 if final else len(t) - 2
        if last < int(self._has_before) or (last < 1 and not final):
            return None
        begins = self._next is None
        if self._next is None:
            self._next = self._index_at_or_after(t[0])
        # The point at the last usable sample belongs to the next call, unless there is none.
        end = self._index_at_or_after(t[last]) + int(final and self._is_on_grid(t[last]))
        first, n = self._next, end - self._next
        if n <= 0:
            return None
        points_s = self._origin_s + np.arange(first, end) / self._rate_hz
        found = self._at(points_s, last)
        self._next = end
        if not final:
            keep = max(0, last - 1)  # one sample before, for the slope
            self._has_before = keep < last
            self._time_s, self._values = t[keep:], self._values[keep:]
        return Run(first, found, begins)

    def _index_at_or_after(self, time_s: float) -> int:
        return math.ceil((time_s - self._origin_s) * self._rate_hz - _SAME)

    def _is_on_grid(self, time_s: float) -> bool:
        position = (time_s - self._origin_s) * self._rate_hz
        return abs(position - round(position)) <= _SAME

    def _at(self, points_s: NDArray[np.float64], last: int) -> NDArray[np.float64]:
        t, x = self._time_s, self._values
        tolerance_s = _SAME / self._rate_hz
        # Samples that stand on the grid already, one for each point, need not be looked for.
        first = int(np.searchsorted(t, points_s[0] - tolerance_s))
        end = first + len(points_s)
        alone = end <= last + 1 and not (t[end : end + 1] <= points_s[-1] + tolerance_s).any()
        if alone and (np.abs(points_s - t[first:end]) <= tolerance_s).all():
            return x[first:end]
        sample = np.searchsorted(t, points_s + tolerance_s, side="right") - 1
        sample = np.minimum(np.maximum(sample, 0), last)
        on_sample = np.abs(points_s - t[sample]) <= tolerance_s
        if on_sample.all():
            return x[sample]
        left = np.minimum(sample, len(t) - 2)
        right = left + 1
        slope = _slopes(t, x)
        width = (t[right] - t[left])[:, None]
        u = (points_s - t[left])[:, None] / width
        u = np.minimum(np.maximum(u, 0.0), 1.0)
        v = 1 - u
        curve = (
            (1 + 2 * u) * v**2 * x[left]
            + u * v**2 * width * slope[left]
            + u**2 * (3 - 2 * u) * x[right]
            - u**2 * v * width * slope[right]
        )
        return np.where(on_sample[:, None], x[sample], curve) if on_sample.any() else curve


def _slopes(t: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The slope at each sample, by the parabola through it and its neighbours."""
    width = (t[1:] - t[:-1])[:, None]
    line = (x[1:] - x[:-1]) / width
    slope = np.empty_like(x)
    slope[0], slope[-1] = line[0], line[-1]
    before, after = width[:-1], width[1:]
    slope[1:-1] = (line[:-1] * after + line[1:] * before) / (before + after)
    return slope


class _Decimator:
    """A linear-phase low-pass that keeps each `factor`-th point; the ends of a run are held."""

    def __init__(self, factor: int, rate_hz: float) -> None:
        from scipy.signal import firwin, kaiserord

        fine_hz = factor * rate_hz
        n_taps, beta = kaiserord(_ATTENUATION_DB, (_STOP_HZ - _PASS_HZ) / (fine_hz / 2))
        # The delay is a whole number of coarse points, so that these are all that is computed.
        self._half = math.ceil(n_taps / 2 / factor) * factor
        self._taps = firwin(
            2 * self._half + 1, (_PASS_HZ + _STOP_HZ) / 2, window=("kaiser", beta), fs=fine_hz
        )
        self._factor = factor
        self.delay_s = self._half / fine_hz
        self._begin()

    def _begin(self) -> None:
        self._kept = np.empty((0, 3))  # from the fine point `_from` on
        self._from = 0
        self._next: int | None = None  # the next coarse point
        self._given = False

    def push(self, run: Run) -> Run | None:
        if run.begins:
            self._begin()
            self._next = -(-run.first // self._factor)
            self._kept = np.repeat(run.values[:1], self._half, axis=0)
            self._from = run.first - self._half
        self._kept = np.concatenate([self._kept, run.values])
        return self._give()

    def flush(self) -> Run | None:
        if self._next is None:
            return None
        self._kept = np.concatenate([self._kept, np.repeat(self._kept[-1:], self._half, axis=0)])
        run = self._give()
        self._begin()
        return run

    def _give(self) -> Run | None:
        from scipy.signal import upfirdn

        assert self._next is not None
        # Coarse point k stands on fine point k * factor and needs `half` points on either side.
        start = self._next * self._factor - self._half - self._from
        n = (len(self._kept) - start - len(self._taps)) // self._factor + 1
        if n <= 0:
            return None
        points = upfirdn(self._taps, self._kept[start:], down=self._factor, axis=0)
        settled = 2 * self._half // self._factor
        run = Run(self._next, points[settled : settled + n], begins=not self._given)
        self._given = True
        self._next += n
        drop = self._next * self._factor - self._half - self._from
        self._kept = self._kept[drop:]
        self._from += drop
        return run
