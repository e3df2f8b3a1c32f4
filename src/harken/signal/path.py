"""The one signal path, from a device's samples to the channels that a model reads.

Each sensor is resampled to the path's grid; where both have samples they are joined, turned into
the contract's frame, and filtered. A gap in either begins a new segment, with a warm-up of its own.
The path is a stateful object for streams; a whole recording is pushed through the same object.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harken.core.errors import FormatError
from harken.core.recording import Recording, Sensor
from harken.signal.filters import RATE_HZ, FilterChain, Start
from harken.signal.resample import MAX_GAP_S, Repairs, Resampler, Run

#: Seconds of a recording that are pushed at once: fast, and little memory beyond the result.
_PUSH_S = 600.0
#: Seconds of a stream that are worked on together. Each time costs the same for few samples as for
#: many; this is short beside a window, and several messages of a phone.
HOLD_S = 0.5
#: A recording of which a larger share is out of order has no usable clock.
MOST_LATE = 0.05


class SignalPath:
    """Samples in, filtered channels out.

    However the input is cut into pushes, the output is the same bit for bit.

    Parameters
    ----------
    acc_rate_hz, gyro_rate_hz
        Samples a second that the sensors give, about; None without a gyroscope.
    origin_s
        Time of the grid's point 0; that of the accelerometer's first sample keeps the grid on it.
    rate_hz
        Samples a second of the output.
    start
        How the filters start, see `FilterChain`.
    rotation : (3, 3) or None
        Turns device axes into those of the contract.
    max_gap_s
        A longer pause of a sensor begins a new segment.
    hold_s
        Samples are held until there are so many seconds of them, then worked on together. 0 gives
        each out as soon as it can be; that costs several times as much in short pushes.

    Attributes
    ----------
    delay_s
        How long after a moment its sample comes out, at the most, while both sensors give samples.
    """

    def __init__(
        self,
        *,
        acc_rate_hz: float,
        gyro_rate_hz: float | None,
        origin_s: float,
        rate_hz: float = RATE_HZ,
        start: Start = "settled",
        rotation: NDArray[np.float64] | None = None,
        max_gap_s: float = MAX_GAP_S,
        hold_s: float = HOLD_S,
    ) -> None:
        self.rate_hz = rate_hz
        self.origin_s = origin_s
        self._start = start
        self._rotation = rotation
        rates = [acc_rate_hz] + ([] if gyro_rate_hz is None else [gyro_rate_hz])
        self._sensors = [
            _Side(Resampler(rate, rate_hz, origin_s, max_gap_s), round(hold_s * rate))
            for rate in rates
        ]
        self._chain: FilterChain | None = None
        self._next_in: int | None = None  # the grid's point that would continue the segment
        self._next_out = 0
        self._begins = True
        self.delay_s = hold_s + max(s.resampler.delay_s for s in self._sensors) + 1 / rate_hz

    @property
    def repairs(self) -> tuple[Repairs, ...]:
        """What was done to the accelerometer's samples, and to the gyroscope's if there is one."""
        return tuple(side.resampler.repairs for side in self._sensors)

    def push(self, acc: Sensor, gyro: Sensor | None = None) -> list[Run]:
        """Take further samples of both sensors, each with times of its own.

        Returns
        -------
        list of Run
            Filtered samples that are complete by now, (n, n_channels) each. A run that begins does
            so after a gap, and has a warm-up of its own.
        """
        for side, sensor in zip(self._sensors, (acc, gyro), strict=False):
            if sensor is not None and len(sensor):
                side.hold(sensor)
        if not any(side.is_full for side in self._sensors):
            return []
        for side in self._sensors:
            side.resample()
        return self._filter_what_is_joint()

    def flush(self) -> list[Run]:
        """Return what is still inside; the path takes no samples after that."""
        for side in self._sensors:
            side.resample()
            side.waiting += side.resampler.flush()
        return self._filter_what_is_joint() + self._end_segment()

    def _filter_what_is_joint(self) -> list[Run]:
        out: list[Run] = []
        sides = [side.waiting for side in self._sensors]
        while all(sides):
            first = max(waiting[0].first for waiting in sides)
            end = min(_end(waiting[0]) for waiting in sides)
            if first < end:
                parts = [_cut(waiting[0], first, end).values for waiting in sides]
                out += self._filter(first, parts)
            for waiting in sides:
                if _end(waiting[0]) <= end:
                    waiting.pop(0)
                else:
                    waiting[0] = _cut(waiting[0], max(first, end), _end(waiting[0]))
        return out

    def _filter(self, first: int, parts: list[NDArray[np.float64]]) -> list[Run]:
        out: list[Run] = []
        if first != self._next_in:
            out += self._end_segment()
        if self._chain is None:
            self._chain = FilterChain(
                gyroscope=len(parts) > 1, start=self._start, rate_hz=self.rate_hz
            )
            self._next_out, self._begins = first, True
        if self._rotation is not None:
            parts = [rotate(part, self._rotation) for part in parts]
        samples = np.hstack(parts)
        self._next_in = first + len(samples)
        return out + self._out(self._chain.push(samples))

    def _end_segment(self) -> list[Run]:
        if self._chain is None:
            return []
        rest = self._out(self._chain.flush())
        self._chain = None
        return rest

    def _out(self, filtered: NDArray[np.float64]) -> list[Run]:
        if not len(filtered):
            return []
        run = Run(self._next_out, filtered, self._begins)
        self._next_out += len(filtered)
        self._begins = False
        return [run]


class _Side:
    """One sensor: its samples that are held, its resampler, and what waits for the other sensor."""

    def __init__(self, resampler: Resampler, n_hold: int) -> None:
        self.resampler = resampler
        self.waiting: list[Run] = []
        self._held: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
        self._n_held = 0
        self._n_hold = n_hold

    @property
    def is_full(self) -> bool:
        return self._n_held >= max(1, self._n_hold)

    def hold(self, sensor: Sensor) -> None:
        # Copies, since whoever pushes may use its arrays again.
        self._held.append((sensor.time_s.copy(), sensor.values.copy()))
        self._n_held += len(sensor)

    def resample(self) -> None:
        """Let go of what is held; it waits on the grid then."""
        if not self._held:
            return
        time_s, values = (np.concatenate(parts) for parts in zip(*self._held, strict=True))
        self._held.clear()
        self._n_held = 0
        self.waiting += self.resampler.push(time_s, values)


def _end(run: Run) -> int:
    return run.first + len(run.values)


def _cut(run: Run, first: int, end: int) -> Run:
    return Run(first, run.values[first - run.first : end - run.first], begins=False)


def rotate(values: NDArray[np.float64], rotation: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn (n, 3) vectors: rotation @ v for each.

    Written out, since a matrix product may round differently for another number of rows.
    """
    x, y, z = values.T
    return np.stack([row[0] * x + row[1] * y + row[2] * z for row in rotation], axis=1)


@dataclass(frozen=True, eq=False)
class Filtered:
    """A stretch of a recording without gaps, after the signal path.

    Attributes
    ----------
    samples : (n_samples, n_channels) float64
    rate_hz : samples a second
    start_s : time of the first sample, on the recording's clock
    warm_up_samples : how many at the start should not be trusted
    """

    samples: NDArray[np.float64]
    rate_hz: float
    start_s: float
    warm_up_samples: int


@dataclass(frozen=True, eq=False)
class FilteredRecording:
    """A recording after the signal path.

    Attributes
    ----------
    segments : stretches without gaps, in order of time
    channels : names of their columns
    recording : what went in
    notes : what was done, one sentence each
    """

    segments: tuple[Filtered, ...]
    channels: tuple[str, ...]
    recording: Recording
    notes: tuple[str, ...]


def filter_recording(
    recording: Recording,
    *,
    rate_hz: float = RATE_HZ,
    start: Start = "settled",
    rotation: NDArray[np.float64] | None = None,
) -> FilteredRecording:
    """Run a whole recording through the path.

    Raises
    ------
    ContractError
        A sensor's rate is outside of what can be used.
    FormatError
        Too few samples, or times that run backwards.
    """
    acc, gyro = recording.acc, recording.gyro
    for name, sensor in (("accelerometer", acc), ("gyroscope", gyro)):
        if sensor is None:
            continue
        if len(sensor) < 2:
            raise FormatError(
                f"{recording.source or 'The recording'}: the {name} has {len(sensor)} samples; a "
                "recording needs at least 2."
            )
        _refuse_a_broken_clock(name, sensor, recording.source)
    path = SignalPath(
        acc_rate_hz=acc.rate_hz,
        gyro_rate_hz=None if gyro is None else gyro.rate_hz,
        origin_s=float(acc.time_s[0]),
        rate_hz=rate_hz,
        start=start,
        rotation=rotation,
    )
    grown: list[_Segment] = []
    for part in _parts(acc, gyro):
        _add(grown, path.push(*part))
    _add(grown, path.flush())
    chain = FilterChain(gyroscope=gyro is not None, start=start, rate_hz=rate_hz)
    warm_up = round(chain.warm_up_s * rate_hz)
    segments = tuple(
        Filtered(
            samples=segment.samples,
            rate_hz=rate_hz,
            start_s=path.origin_s + segment.first / rate_hz,
            warm_up_samples=min(len(segment.samples), warm_up),
        )
        for segment in grown
    )
    notes = _notes(recording, path, start, chain.warm_up_s)
    return FilteredRecording(segments, chain.channels, recording, notes)


def _parts(acc: Sensor, gyro: Sensor | None) -> list[tuple[Sensor, Sensor | None]]:
    """The recording in pieces of `_PUSH_S`, both sensors cut at the same times."""
    n_parts = max(1, int((float(acc.time_s[-1]) - float(acc.time_s[0])) / _PUSH_S))
    edges = float(acc.time_s[0]) + _PUSH_S * np.arange(1, n_parts)

    def split(sensor: Sensor) -> list[Sensor]:
        cuts = np.searchsorted(np.maximum.accumulate(sensor.time_s), edges)
        times, values = np.split(sensor.time_s, cuts), np.split(sensor.values, cuts)
        return [Sensor(t, v) for t, v in zip(times, values, strict=True)]

    gyros: list[Sensor] | list[None] = [None] * n_parts if gyro is None else split(gyro)
    return list(zip(split(acc), gyros, strict=True))


class _Segment:
    """A stretch without gaps that grows run by run; what has been taken up can be let go of."""

    def __init__(self, run: Run) -> None:
        self.first = run.first
        self._rows = run.values
        self._n = len(run.values)

    @property
    def samples(self) -> NDArray[np.float64]:
        return self._rows[: self._n]

    def append(self, values: NDArray[np.float64]) -> None:
        end = self._n + len(values)
        if end > len(self._rows):
            grown = np.empty((max(end, 2 * len(self._rows)), values.shape[1]))
            grown[: self._n] = self.samples
            self._rows = grown
        self._rows[self._n : end] = values
        self._n = end


def _add(segments: list[_Segment], runs: list[Run]) -> None:
    """Let the segments grow by runs."""
    for run in runs:
        if run.begins:
            segments.append(_Segment(run))
        else:
            segments[-1].append(run.values)


def _refuse_a_broken_clock(name: str, sensor: Sensor, source: str) -> None:
    n_late = int((sensor.time_s[1:] <= np.maximum.accumulate(sensor.time_s)[:-1]).sum())
    if n_late > MOST_LATE * len(sensor):
        raise FormatError(
            f"{source or 'The recording'}: {n_late:,} of {len(sensor):,} samples of the {name} "
            "stand at a time that is not after the ones before. Its clock cannot be used: sort "
            "the samples by time, or export the recording anew."
        )


def _notes(
    recording: Recording, path: SignalPath, start: Start, warm_up_s: float
) -> tuple[str, ...]:
    notes = [f"filtered at {path.rate_hz:g} Hz, {start} start, warm-up {warm_up_s:g} s"]
    sensors = [("accelerometer", recording.acc), ("gyroscope", recording.gyro)]
    for (name, sensor), repairs in zip(sensors, path.repairs, strict=False):
        assert sensor is not None
        if sensor.rate_hz != path.rate_hz:
            notes.append(f"{name} resampled from {sensor.rate_hz:.4g} Hz")
        for n, what in (
            (repairs.n_late, "sample left out: its time was not after the one before"),
            (repairs.n_filled, "short pause filled"),
            (repairs.n_gaps, f"gap of more than {MAX_GAP_S:g} s: filters begin anew after it"),
        ):
            if n:
                notes.append(f"{name}: {n} x {what}")
    return tuple(notes)
