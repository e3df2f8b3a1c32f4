"""One sensor, prepared once for all checks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from harken.core.recording import Sensor

#: Samples of a block, whatever the clock says: about a second at any rate that can be used.
_FEWEST, _MOST = 20, 400
#: Blocks that are averaged for gravity: over 4 s the accelerations of gait cancel out.
_GRAVITY_BLOCKS = 4
#: A block whose axes all vary by less, in g, is at rest (HAPT: 8 to 53 % of the seconds).
_REST_G = 0.02
#: A block whose size of acceleration varies by more, in g, is gait (HAPT: 14 to 73 %); only people
#: who are upright move so.
_GAIT_G = 0.1
#: Whatever the unit, no sensor says more.
_LARGEST = 1e12
#: Ranges of the sensors of phones and watches (16 g, 2,000 degrees per second), and a bit.
RANGE = {"acc": 16.5, "gyro": 36.0}
#: Fewer blocks than this are no evidence of anything.
ENOUGH_BLOCKS = 5


@dataclass(frozen=True, eq=False)
class View:
    """A sensor with what several checks need of it, cut into blocks of about a second.

    Attributes
    ----------
    key : "acc" or "gyro"
    sensor : the samples
    """

    key: Literal["acc", "gyro"]
    sensor: Sensor

    @property
    def name(self) -> str:
        return {"acc": "accelerometer", "gyro": "gyroscope"}[self.key]

    @cached_property
    def rate_hz(self) -> float:
        return self.sensor.rate_hz

    @cached_property
    def block(self) -> int:
        """Samples of a block."""
        rate_hz = self.rate_hz if np.isfinite(self.rate_hz) else _FEWEST
        return round(min(max(rate_hz, _FEWEST), _MOST))

    @cached_property
    def blocks(self) -> NDArray[np.float64]:
        """(n_blocks, block, 3); what is left at the end is not in it."""
        n = len(self.sensor) // self.block
        return self.sensor.values[: n * self.block].reshape(n, self.block, 3)

    @cached_property
    def mean(self) -> NDArray[np.float64]:
        """(n_blocks, 3)"""
        return np.asarray(self.blocks.mean(axis=1))

    @cached_property
    def sd(self) -> NDArray[np.float64]:
        """(n_blocks, 3)"""
        return np.asarray(self.blocks.std(axis=1))

    @cached_property
    def at_rest(self) -> NDArray[np.bool_]:
        """(n_blocks,) of the accelerometer: nothing moves."""
        return np.asarray(self.sd.max(axis=1) < _REST_G)

    @cached_property
    def in_gait(self) -> NDArray[np.bool_]:
        """(n_blocks,) of the accelerometer: the size of the acceleration swings."""
        return np.asarray(np.linalg.norm(self.blocks, axis=2).std(axis=1) > _GAIT_G)

    @cached_property
    def sizes(self) -> NDArray[np.float64]:
        """(n_samples,) lengths of the vectors."""
        return np.asarray(np.linalg.norm(self.sensor.values, axis=1))

    @cached_property
    def gravity(self) -> float:
        """Size of what stands still in the acceleration, in the unit of the samples.

        Holds whatever the posture, and is near 0 where gravity was taken out.
        """
        n = len(self.mean) // _GRAVITY_BLOCKS
        if not n:
            return float(np.linalg.norm(self.sensor.values.mean(axis=0)))
        standing = self.mean[: n * _GRAVITY_BLOCKS].reshape(n, _GRAVITY_BLOCKS, 3).mean(axis=1)
        return float(np.median(np.linalg.norm(standing, axis=1)))

    @cached_property
    def held(self) -> NDArray[np.bool_]:
        """(n_samples - 1, 3) whether a value equals the one before."""
        return np.asarray(self.sensor.values[1:] == self.sensor.values[:-1])

    @cached_property
    def quantum(self) -> float:
        """Largest step, among the three axes, between neighbouring values that occur."""
        return max(_quantum(axis) for axis in self.sensor.values.T)

    def stretches(self, runs: NDArray[np.int64]) -> tuple[tuple[float, float], ...]:
        """Times of (n, 2) first and last samples."""
        time_s = self.sensor.time_s
        return tuple((float(time_s[first]), float(time_s[last])) for first, last in runs)


def view_of(key: Literal["acc", "gyro"], sensor: Sensor) -> View:
    """A view whose squares are sure to be finite."""
    if len(sensor) and np.abs(sensor.values).max() > _LARGEST:
        sensor = Sensor(sensor.time_s, np.clip(sensor.values, -_LARGEST, _LARGEST))
    return View(key, sensor)


def runs_of(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(n, 2) first and last index of each stretch where a mask is true."""
    edges = np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8))
    return np.stack([np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1], axis=1)


def _quantum(axis: NDArray[np.float64]) -> float:
    """The step on whose multiples the values stand; 0 where there is none.

    Conversions of units leave differences in the last bits, which are no steps.
    """
    values = np.unique(axis)
    steps = np.diff(values)
    steps = steps[steps > 1e-7]
    # A grid shows in that most samples share their value with others.
    if not len(steps) or len(values) > len(axis) / 4:
        return 0.0
    step = float(np.median(steps))
    off = np.abs((axis - values[0]) / step % 1 - 0.5)
    return step if np.mean(off > 0.4) > 0.95 else 0.0
