"""The one signal path: from raw samples to the channels that a model reads.

The chain is the one behind the UCI HAR files. Their README names its parts; the details below
(causal filters, their orders, the median's padding, the gyroscope's high-pass) were found by
fitting the raw recordings of the same experiments (HAPT) to the published windows, and
reproduce all of them within the rounding of the text files: see `harken data rebuild hapt`.

    noise(s)  = Butterworth low-pass (20 Hz, order 10) of the centred median of 3 of s
    total_acc = noise(acc)
    body_acc  = total_acc - Butterworth low-pass (0.3 Hz, order 3) of total_acc
    body_gyro = noise(gyro) - Butterworth low-pass (0.1 Hz, order 2) of noise(gyro)

All filters are causal, so a stream and a file give the same samples, bit for bit. The centred
median looks one sample ahead: the output lags the input by one sample until `flush`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harken.core.errors import ContractError, FormatError

BODY_ACC = ("body_acc_x", "body_acc_y", "body_acc_z")
BODY_GYRO = ("body_gyro_x", "body_gyro_y", "body_gyro_z")
TOTAL_ACC = ("total_acc_x", "total_acc_y", "total_acc_z")

#: The filtered channels in the order of the notebook's input.
CHANNELS = BODY_ACC + BODY_GYRO + TOTAL_ACC
#: What remains of them without a gyroscope.
ACCELEROMETER_CHANNELS = BODY_ACC + TOTAL_ACC

#: Names that the command line and presets accept for a choice of channels.
CHANNEL_SETS = {"all": CHANNELS, "accelerometer": ACCELEROMETER_CHANNELS}

RATE_HZ = 50.0
NOISE_CUTOFF_HZ, NOISE_ORDER = 20.0, 10
GRAVITY_CUTOFF_HZ, GRAVITY_ORDER = 0.3, 3
DRIFT_CUTOFF_HZ, DRIFT_ORDER = 0.1, 2

#: A settled start takes its steady state from the mean of this many seconds.
SETTLE_S = 1.0

Start = Literal["zero", "settled"]

#: Seconds after a start in which the filters have not settled. Measured on recordings of HAPT, by
#: starting anew in their midst: 5 s later the acceleration channels are within 0.005 g and the
#: angular velocities within 0.07 rad/s of those that had been running all the time, 99 times in
#: 100 (from zero state 0.011 g and 0.12 rad/s). At 3 s it is 0.03 g and 0.42 rad/s.
WARM_UP_S = 5.0


@lru_cache(maxsize=64)
def _butterworth(cutoff_hz: float, order: int, rate_hz: float) -> NDArray[np.float64]:
    """The sections of a low-pass; designing one takes longer than a second of samples."""
    from scipy.signal import butter

    sections: NDArray[np.float64] = butter(order, cutoff_hz, "lowpass", fs=rate_hz, output="sos")
    return sections


class _LowPass:
    """A causal Butterworth low-pass over the columns of what is pushed; it keeps its state."""

    def __init__(self, cutoff_hz: float, order: int, rate_hz: float) -> None:
        self._sos = _butterworth(cutoff_hz, order, rate_hz)
        self._state: NDArray[np.float64] | None = None

    def settle(self, steady: NDArray[np.float64]) -> None:
        """Set the state to that of an endless constant input; zeros give the zero state."""
        from scipy.signal import sosfilt_zi

        self._state = sosfilt_zi(self._sos)[:, None, :] * steady[None, :, None]

    def push(self, samples: NDArray[np.float64]) -> NDArray[np.float64]:
        """Filter (n_channels, n_samples)."""
        from scipy.signal import sosfilt

        filtered, self._state = sosfilt(self._sos, samples, axis=-1, zi=self._state)
        return np.asarray(filtered)


class FilterChain:
    """The filter chain as a stateful object: push any number of samples, get filtered ones.

    However the input is cut into pushes, the concatenated output is the same bit for bit.

    Parameters
    ----------
    gyroscope
        Whether samples have three gyroscope columns after the three of the accelerometer.
    start
        "zero": filters start from zero state, as those behind the UCI HAR files did.
        "settled": they start from the steady state of the mean of the first `SETTLE_S` seconds;
        nothing is returned until these have been pushed.
    rate_hz
        Samples a second.

    Attributes
    ----------
    channels
        Names of the output columns: `CHANNELS`, or `ACCELEROMETER_CHANNELS` without gyroscope.
    warm_up_s
        Seconds of output that should not be trusted.
    """

    def __init__(
        self, *, gyroscope: bool = True, start: Start = "settled", rate_hz: float = RATE_HZ
    ) -> None:
        if start not in ("zero", "settled"):
            raise ValueError(f"start is {start!r}; it must be 'zero' or 'settled'")
        if rate_hz <= 2 * NOISE_CUTOFF_HZ:
            raise ContractError(
                f"The filter chain needs more than {2 * NOISE_CUTOFF_HZ:g} samples a second; "
                f"got {rate_hz:g} Hz."
            )
        self.channels = CHANNELS if gyroscope else ACCELEROMETER_CHANNELS
        self.start = start
        self.rate_hz = rate_hz
        self.warm_up_s = WARM_UP_S
        self._n_inputs = 6 if gyroscope else 3
        self._noise = _LowPass(NOISE_CUTOFF_HZ, NOISE_ORDER, rate_hz)
        self._gravity = _LowPass(GRAVITY_CUTOFF_HZ, GRAVITY_ORDER, rate_hz)
        self._drift = _LowPass(DRIFT_CUTOFF_HZ, DRIFT_ORDER, rate_hz)
        self._settle_samples = max(1, round(SETTLE_S * rate_hz)) if start == "settled" else 1
        self._waiting: list[NDArray[np.float64]] = []  # until there is enough to settle on
        self._tail: NDArray[np.float64] | None = None  # the last two samples, for the median
        self._flushed = False

    def push(self, samples: ArrayLike) -> NDArray[np.float64]:
        """Filter further samples.

        Parameters
        ----------
        samples : (n, 6) or, without gyroscope, (n, 3)
            Acceleration in g, then angular velocity in rad/s.

        Returns
        -------
        (m, n_channels) float64
            As many filtered samples as are complete by now.

        Raises
        ------
        FormatError
            Wrong number of columns, or a value that is not a finite number.
        """
        if self._flushed:
            raise ValueError("this FilterChain was flushed; start a new one")
        block = np.ascontiguousarray(np.asarray(samples, dtype=np.float64).T)
        if block.ndim != 2 or block.shape[0] != self._n_inputs:
            raise FormatError(
                f"Samples have shape {np.shape(samples)}; expected (n, {self._n_inputs}): "
                "acceleration x, y, z"
                + (" and angular velocity x, y, z." if self._n_inputs == 6 else ".")
            )
        if not np.isfinite(block).all():
            raise FormatError(
                "Samples hold a value that is not a finite number (NaN or infinity), which would "
                "stay in the filters for good. Leave such samples out and begin anew after the gap."
            )
        if self._tail is not None:
            return self._filter(block)
        if block.shape[1]:
            self._waiting.append(block)
        if sum(b.shape[1] for b in self._waiting) < self._settle_samples:
            return np.empty((0, len(self.channels)))
        return self._begin()

    def flush(self) -> NDArray[np.float64]:
        """Return what is still inside; the chain takes no samples after that."""
        parts = []
        if not self._flushed and self._tail is None and self._waiting:
            parts.append(self._begin())
        if not self._flushed and self._tail is not None:
            last = self._tail[:, 1:]
            # scipy.signal.medfilt, which made the files, pads with zeros.
            parts.append(self._filter(np.zeros_like(last) if self.start == "zero" else last))
        self._flushed = True
        return np.concatenate(parts) if parts else np.empty((0, len(self.channels)))

    def _begin(self) -> NDArray[np.float64]:
        block = np.concatenate(self._waiting, axis=1)
        self._waiting.clear()
        if self.start == "zero":
            before, steady = np.zeros((self._n_inputs, 1)), np.zeros(self._n_inputs)
        else:
            before, steady = block[:, :1], block[:, : self._settle_samples].mean(axis=1)
        self._noise.settle(steady)
        self._gravity.settle(steady[:3])
        self._drift.settle(steady[3:])
        self._tail = np.concatenate([before, block[:, :1]], axis=1)
        return self._filter(block[:, 1:])

    def _filter(self, block: NDArray[np.float64]) -> NDArray[np.float64]:
        assert self._tail is not None
        padded = np.concatenate([self._tail, block], axis=1)
        self._tail = padded[:, -2:]
        if block.shape[1] == 0:
            return np.empty((0, len(self.channels)))
        smooth = self._noise.push(_median_of_3(padded))
        total_acc, gyro = smooth[:3], smooth[3:]
        out = np.empty((block.shape[1], len(self.channels)))
        out[:, :3] = (total_acc - self._gravity.push(total_acc)).T
        out[:, -3:] = total_acc.T
        if len(gyro):
            out[:, 3:6] = (gyro - self._drift.push(gyro)).T
        return out


def _median_of_3(padded: NDArray[np.float64]) -> NDArray[np.float64]:
    """Running median along the last axis; two samples shorter than its input."""
    a, b, c = padded[:, :-2], padded[:, 1:-1], padded[:, 2:]
    return np.maximum(np.minimum(a, b), np.minimum(np.maximum(a, b), c))
