"""One person's continuous multi-channel sensor stream."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

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
class Recording:
    """Samples of one device on one person, as the device gave them.

    Attributes
    ----------
    time_s : (n_samples,) float64
        Seconds; strictly increasing.
    samples : (n_samples, n_channels) float64
        Specific force including gravity in g (z = +1 when the device lies face up), angular
        velocity in rad/s.
    channels
        One name for each column of `samples`: the three of `ACC_CHANNELS`, then, if the device
        has a gyroscope, the three of `GYRO_CHANNELS`.
    rate_hz
        Samples a second.
    subject, placement
        Who wore it, and where; None where unknown.
    start_utc
        Time of day of `time_s == 0`, where known.
    spans
        Labelled stretches, in order.
    source
        Where it came from, for messages: a file name, or an experiment of a dataset.
    notes
        What the reader inferred or repaired, one sentence each.
    """

    time_s: NDArray[np.float64]
    samples: NDArray[np.float64]
    channels: tuple[str, ...]
    rate_hz: float
    subject: str | None = None
    placement: str | None = None
    start_utc: datetime | None = None
    spans: tuple[Span, ...] = ()
    source: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.samples.shape != (len(self.time_s), len(self.channels)):
            raise ValueError(
                f"samples has shape {self.samples.shape}; {len(self.time_s)} times and "
                f"{len(self.channels)} channels need {(len(self.time_s), len(self.channels))}"
            )

    def __len__(self) -> int:
        return len(self.time_s)

    @property
    def duration_s(self) -> float:
        """Seconds from the first sample to one sample period after the last."""
        return len(self) / self.rate_hz
