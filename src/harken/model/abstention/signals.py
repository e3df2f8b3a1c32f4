"""How usual the signals of a window are: four statistics of each sensor, and gravity.

Of body acceleration, and of angular velocity where it is there:

- size: the deviation within the window, which stillness and violence change;
- roughness: how much of it lies between one sample and the next, and between one and the next but
  one, which noise and vibration change;
- elongation: the deviation along the axis in which it is largest, by that in which it is least,
  which machines and what turns on a hinge change.

All are the same however the device is turned.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from harken.model.abstention.mixture import Mixture

_MOVING = ("body_acc", "body_gyro")
_TOTAL = "total_acc"
#: Samples from one to the other whose difference tells roughness.
_LAGS = (1, 2)
_N_EACH = 2 + len(_LAGS)
#: Added to sizes before the logarithm, in g and rad/s: below what sensors resolve.
_FLOOR = 1e-4
#: Windows that are taken at once, to keep copies small.
_AT_ONCE = 4096


@dataclass(frozen=True)
class SignalModel:
    """A density over statistics of windows: a mixture of normal distributions.

    Attributes
    ----------
    gravity : lowest and highest length of the mean total acceleration that may be, in g
    weight : of each component; they sum to 1
    mean : (n_components, n_statistics)
    covariance : (n_components * n_statistics, n_statistics), one under another

    Raises
    ------
    ValueError
        They do not fit together, or a covariance is none.
    """

    gravity: tuple[float, float]
    weight: tuple[float, ...]
    mean: tuple[tuple[float, ...], ...]
    covariance: tuple[tuple[float, ...], ...]

    def __post_init__(self) -> None:
        n, width = len(self.weight), len(self.mean[0])
        covariance = np.array(self.covariance)
        if len(self.mean) != n or covariance.shape != (n * width, width):
            raise ValueError(
                f"{n} components of {width} statistics need as many means and square covariances"
            )
        parts = covariance.reshape(n, width, width)
        symmetric = np.allclose(parts, parts.transpose(0, 2, 1), rtol=1e-5, atol=1e-9)
        if not symmetric or np.abs(parts).max() > 1e6 or np.linalg.eigvalsh(parts).min() < 1e-9:
            raise ValueError("a covariance of its signals is not positive definite")

    def log_density(self, x: NDArray[np.float32], channels: Sequence[str]) -> NDArray[np.float64]:
        """Natural logarithm of the density by window, (n_windows,); without gravity, -inf.

        Parameters
        ----------
        x : (n_windows, n_steps, n_channels), with the names of its channels
        """
        each = (self._of_block(block, channels) for block in blocks_of(x))
        return np.concatenate([np.empty(0), *each])

    def _of_block(self, x: NDArray[np.float32], channels: Sequence[str]) -> NDArray[np.float64]:
        density = self._mixture.log_density(statistics_of(x, channels))
        low, high = self.gravity
        length = gravity_of(x, channels)
        density[(length < low) | (length > high)] = -np.inf
        return density

    @cached_property
    def _mixture(self) -> Mixture:
        n, width = len(self.weight), len(self.mean[0])
        covariance = np.array(self.covariance).reshape(n, width, width)
        return Mixture(np.array(self.weight), np.array(self.mean), covariance)


def blocks_of(x: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    """Windows, or their file, a few thousand at a time."""
    for first in range(0, len(x), _AT_ONCE):
        yield np.asarray(x[first : first + _AT_ONCE])


def n_statistics(channels: Sequence[str]) -> int:
    """How many `statistics_of` gives; 0 where the channels are not those of one device."""
    if _columns(channels, _TOTAL) is None:
        return 0
    return _N_EACH * sum(_columns(channels, sensor) is not None for sensor in _MOVING)


def statistics_of(x: NDArray[np.float32], channels: Sequence[str]) -> NDArray[np.float64]:
    """Size, roughness and elongation by sensor, as logarithms to base 10.

    (n_windows, n_statistics), those of body acceleration first
    """
    by_sensor = [_columns(channels, sensor) for sensor in _MOVING]
    found = [_of_sensor(x[:, :, columns]) for columns in by_sensor if columns is not None]
    return np.log10(np.hstack(found))


def _of_sensor(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """The statistics themselves: (n_windows, n_steps, 3) to (n_windows, _N_EACH)."""
    moving = _by_axis(values)
    moving -= moving.mean(axis=2, keepdims=True)
    covariance = moving @ moving.transpose(0, 2, 1) / moving.shape[2]
    size = np.sqrt(np.trace(covariance, axis1=1, axis2=2)) + _FLOOR
    steps = [_root_mean_square(moving[..., lag:] - moving[..., :-lag]) + _FLOOR for lag in _LAGS]
    least, _, most = np.sqrt(np.maximum(np.linalg.eigvalsh(covariance), 0)).T + _FLOOR
    return np.stack([size, *(step / size for step in steps), most / least], axis=1)


def gravity_of(x: NDArray[np.float32], channels: Sequence[str]) -> NDArray[np.float64]:
    """Length of the mean total acceleration, (n_windows,), in g."""
    mean = _by_axis(x[:, :, _columns(channels, _TOTAL)]).mean(axis=2)
    length: NDArray[np.float64] = np.linalg.norm(mean, axis=1)
    return length


def _by_axis(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """(n_windows, 3, n_steps): sums over what lies together are several times as fast."""
    return values.transpose(0, 2, 1).astype(np.float64, order="C")


def _columns(channels: Sequence[str], sensor: str) -> list[int] | None:
    names = [f"{sensor}_{axis}" for axis in "xyz"]
    return [channels.index(n) for n in names] if set(names) <= set(channels) else None


def _root_mean_square(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of (n_windows, 3, n_steps) vectors' lengths, (n_windows,)."""
    square = np.einsum("nit,nit->n", vectors, vectors) / vectors.shape[2]
    root: NDArray[np.float64] = np.sqrt(square)
    return root
