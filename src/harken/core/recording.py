"""One person's continuous multi-channel sensor stream."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

ACC_CHANNELS = ("acc_x", "acc_y", "acc_z")
GYRO_CHANNELS = ("gyro_x", "gyro_y", "gyro_z")

#: Unit of each kind of raw channel inside the program. Readers convert, once.
UNITS = {"acc": "g", "gyro": "rad/s"}

#: Standard gravity in m/s², to convert specific force to g (CGPM 1901).
STANDARD_GRAVITY = 9.80665


@dataclass(frozen=True)
class Span:
    """A labelled stretch of a recording, in seconds of the recording's own clock.

    The sample at `start_s` belongs to the span, the one at `end_s` does not.
    """

    start_s: float
    end_s: float
    label: str


@dataclass(frozen=True, eq=False)
class Sensor:
    """Samples of one three-axis sensor on a clock of its own, as the device gave them.

    Attributes
    ----------
    time_s : (n_samples,) float64
        Seconds of the recording's clock. May be uneven, and may hold gaps.
    values : (n_samples, 3) float64
        x, y, z in the unit of `UNITS`.
    """

    time_s: NDArray[np.float64]
    values: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.values.shape != (len(self.time_s), 3):
            raise ValueError(
                f"values has shape {self.values.shape}; {len(self.time_s)} times need "
                f"{(len(self.time_s), 3)}"
            )

    def __len__(self) -> int:
        return len(self.time_s)

    @property
    def rate_hz(self) -> float:
        """Samples a second, by the median step; NaN with fewer than two samples.

        A rate within 2 % of a whole number is that number: clocks of phones run no better.
        """
        steps = np.diff(self.time_s)
        steps = steps[steps > 0]
        if not len(steps):
            return float("nan")
        rate_hz = float(1 / np.median(steps))
        whole = round(rate_hz)
        return float(whole) if abs(rate_hz - whole) < 0.02 * rate_hz else rate_hz


@dataclass(frozen=True, eq=False)
class Recording:
    """What a device on one person recorded.

    Accelerometer and gyroscope keep clocks and rates of their own, since in most phones they have
    them; the signal path brings them together.

    Attributes
    ----------
    acc : Sensor
        Specific force including gravity, in g (z = +1 when the device lies face up).
    gyro : Sensor, or None where the device has none
        Angular velocity in rad/s.
    subject, placement
        Who wore it, and where; None where unknown.
    start_utc
        Time of day of second 0 of the recording's clock, where known.
    spans
        Labelled stretches, in order.
    source
        Where it came from, for messages: a file name, or an experiment of a dataset.
    notes
        What the reader inferred or repaired, one sentence each.
    """

    acc: Sensor
    gyro: Sensor | None = None
    subject: str | None = None
    placement: str | None = None
    start_utc: datetime | None = None
    spans: tuple[Span, ...] = ()
    source: str = ""
    notes: tuple[str, ...] = ()

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the raw channels: `ACC_CHANNELS`, and `GYRO_CHANNELS` where there are such."""
        return ACC_CHANNELS + (GYRO_CHANNELS if self.gyro is not None else ())

    @property
    def duration_s(self) -> float:
        """Seconds from the first acceleration to one sample period after the last."""
        if len(self.acc) < 2:
            return 0.0
        return float(self.acc.time_s.max() - self.acc.time_s.min()) + 1 / self.acc.rate_hz


def on_one_clock(
    time_s: NDArray[np.float64], samples: NDArray[np.float64], **about: Any
) -> Recording:
    """A recording whose sensors share a clock.

    Parameters
    ----------
    time_s : (n_samples,) seconds
    samples : (n_samples, 3) acceleration in g, or (n_samples, 6) with angular velocity in rad/s
    about : further fields of `Recording`
    """
    acc = Sensor(time_s, samples[:, :3])
    gyro = Sensor(time_s, samples[:, 3:]) if samples.shape[1] > 3 else None
    return Recording(acc, gyro, **about)
