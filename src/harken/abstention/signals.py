"""How usual the signals of a window are: their size and roughness, and gravity.

Size is the deviation of body acceleration or angular velocity within a window; roughness, how much
of it is between one sample and the next. Both are lengths of vectors, so that they are the same
however the device is turned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from harken.abstention.mixture import Mixture

_MOVING = ("body_acc", "body_gyro")
_TOTAL = "total_acc"
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
        blocks = [x[i : i + _AT_ONCE] for i in range(0, len(x), _AT_ONCE)]
        return np.concatenate([np.empty(0), *(self._of_block(b, channels) for b in blocks)])

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


def n_statistics(channels: Sequence[str]) -> int:
    """How many `statistics_of` gives; 0 where the channels are not those of one device."""
    if _columns(channels, _TOTAL) is None:
        return 0
    return 2 * sum(_columns(channels, sensor) is not None for sensor in _MOVING)


def statistics_of(x: NDArray[np.float32], channels: Sequence[str]) -> NDArray[np.float64]:
    """Size and roughness of body acceleration, then of angular velocity: logarithms to base 10.

    (n_windows, n_statistics)
    """
    found = []
    for sensor in _MOVING:
        columns = _columns(channels, sensor)
        if columns is None:
            continue
        values = x[:, :, columns].astype(np.float64)
        size = _root_mean_square(values - values.mean(axis=1, keepdims=True)) + _FLOOR
        step = _root_mean_square(np.diff(values, axis=1)) + _FLOOR
        found += [np.log10(size), np.log10(step / size)]
    return np.stack(found, axis=1)


def gravity_of(x: NDArray[np.float32], channels: Sequence[str]) -> NDArray[np.float64]:
    """Length of the mean total acceleration, (n_windows,), in g."""
    mean = x[:, :, _columns(channels, _TOTAL)].astype(np.float64).mean(axis=1)
    length: NDArray[np.float64] = np.linalg.norm(mean, axis=1)
    return length


def _columns(channels: Sequence[str], sensor: str) -> list[int] | None:
    names = [f"{sensor}_{axis}" for axis in "xyz"]
    return [channels.index(n) for n in names] if set(names) <= set(channels) else None


def _root_mean_square(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of (n_windows, n_steps, 3) vectors' lengths, (n_windows,)."""
    root: NDArray[np.float64] = np.sqrt((vectors**2).sum(axis=2).mean(axis=1))
    return root
