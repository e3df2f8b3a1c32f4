"""The windows of a recording of a collection as they come; memory does not grow with its length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from harken.readers.recording_file import RecordingFile
from harken.signal.filters import ACCELEROMETER_CHANNELS, CHANNELS, WARM_UP_S
from harken.signal.path import SignalPath
from harken.signal.resample import Run
from harken.signal.windows import WindowSpec

#: Windows that are given out at once, at the most.
AT_ONCE = 512

#: Points of the grid at which windows begin, (n,); whether they lie in the warm-up, (n,); the
#: windows, (n, n_steps, n_channels) float32.
Cut = tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.float32]]


def windows_of(
    file: RecordingFile,
    spec: WindowSpec,
    channels: Sequence[str],
    *,
    gyroscope: bool,
    rotation: NDArray[np.float64] | None = None,
) -> Iterator[Cut]:
    """The windows of a recording, as `harken.signal.windows.cut` cuts them, in order of time.

    Parameters
    ----------
    spec : their length, stride and rate
    channels : those that are wanted
    gyroscope : whether it is read at all
    rotation : (3, 3), turns device axes into those of a contract; None leaves them
    """
    cutter = _Cutter(spec, channels)
    for run in _filtered(file, spec.rate_hz, rotation, gyroscope=gyroscope):
        yield from cutter.push(run)


def _filtered(
    file: RecordingFile,
    rate_hz: float,
    rotation: NDArray[np.float64] | None,
    *,
    gyroscope: bool,
) -> Iterator[Run]:
    about = file.about
    path = SignalPath(
        acc_rate_hz=about.acc_rate_hz,
        gyro_rate_hz=about.gyro_rate_hz if gyroscope else None,
        origin_s=about.first_s,
        rate_hz=rate_hz,
        rotation=rotation,
    )
    for acc, gyro in file.pieces():
        yield from path.push(acc, gyro if gyroscope else None)
    yield from path.flush()


class _Cutter:
    """Runs of filtered samples in, windows out."""

    def __init__(self, spec: WindowSpec, channels: Sequence[str]) -> None:
        self._spec = spec
        self._channels = channels
        self._warm_up = round(WARM_UP_S * spec.rate_hz)
        self._first = 0  # the grid's point 0 of this segment
        self._kept = np.empty((0, 0), np.float32)
        self._from = 0  # of this segment, the sample that is kept first

    def push(self, run: Run) -> Iterator[Cut]:
        columns = self._columns(run.values.shape[1])
        new = run.values[:, columns].astype(np.float32)
        if run.begins:
            self._first, self._from, self._kept = run.first, 0, new
        else:
            self._kept = np.concatenate([self._kept, new])
        n_steps, stride = self._spec.n_steps, self._spec.stride_steps
        starts = np.arange(0, len(self._kept) - n_steps + 1, stride)
        if not len(starts):
            return
        views = np.lib.stride_tricks.sliding_window_view(self._kept, n_steps, axis=0)
        for at in range(0, len(starts), AT_ONCE):
            part = starts[at : at + AT_ONCE]
            x = np.ascontiguousarray(views[part].transpose(0, 2, 1))
            inside = part + self._from
            yield self._first + inside, inside < self._warm_up, x
        let_go = int(starts[-1]) + stride
        self._kept = self._kept[let_go:].copy()
        self._from += let_go

    def _columns(self, n_given: int) -> list[int]:
        given = CHANNELS if n_given == len(CHANNELS) else ACCELEROMETER_CHANNELS
        return [given.index(name) for name in self._channels]
