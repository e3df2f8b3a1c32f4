"""The windows of a recording of a collection as they come; memory does not grow with its length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from harken.readers.recording_file import RecordingFile
from harken.signal.cutter import Cut, Cutter
from harken.signal.filters import ACCELEROMETER_CHANNELS, CHANNELS
from harken.signal.path import SignalPath
from harken.signal.resample import Run
from harken.signal.windows import WindowSpec


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
    given = CHANNELS if gyroscope else ACCELEROMETER_CHANNELS
    columns = [given.index(name) for name in channels]
    cutter = Cutter(spec.n_steps, spec.stride_steps, columns)
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
