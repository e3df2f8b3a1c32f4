"""What repeats in a bout of gait: the stride's Fourier coefficients, and how evenly it goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from harken.datasets.hapt import RATE_HZ
from harken.datasets.simulated.parameters import HARMONICS
from harken.orientation.gait import STEP_HZ

#: Steps come within so many Hz of their mean frequency.
_STEP_BAND_HZ = 0.35
#: Filtering by whole spectra reaches round from end to start: so many samples are not asked.
_EDGE = 25


@dataclass(frozen=True, eq=False)
class Gait:
    """One bout.

    Attributes
    ----------
    size_g : root mean square of the vertical acceleration
    cadence_hz : steps a second
    stride : (6, n_harmonics), relative to the size; the vertical step has phase 0
    strength_spread, tempo_spread : as in `Parameters`
    residual : (n, 6), the signals without gravity and without what repeats
    """

    size_g: float
    cadence_hz: float
    stride: NDArray[np.complex128]
    strength_spread: float
    tempo_spread: float
    residual: NDArray[np.float64]


def gait_of(samples: NDArray[np.float64]) -> Gait:
    """Take a bout apart; samples are (n, 6), upright."""
    moving = samples - samples.mean(axis=0)
    step = _step_wave(moving[:, 0])
    step_phase = np.unwrap(np.angle(step))
    step_hz = np.diff(step_phase[_EDGE:-_EDGE]) * RATE_HZ / (2 * np.pi)
    strength = np.log(np.abs(step[_EDGE:-_EDGE]))
    angles = step_phase[:, None] / 2 * HARMONICS
    design = np.hstack([np.cos(angles), -np.sin(angles)])
    weights = np.linalg.lstsq(design, moving, rcond=None)[0]
    n = len(HARMONICS)
    size_g = float(moving[:, 0].std())
    return Gait(
        size_g,
        float(step_hz.mean()),
        (weights[:n] + 1j * weights[n:]).T / size_g,
        float(strength.std()),
        float(step_hz.std() / step_hz.mean()),
        moving - design @ weights,
    )


def _step_wave(vertical: NDArray[np.float64]) -> NDArray[np.complex128]:
    """The vertical movement at the step frequency as an analytic signal, (n,)."""
    n = len(vertical)
    spectrum = np.fft.fft(vertical)
    hz = np.fft.fftfreq(n, 1 / RATE_HZ)
    padded_hz = np.fft.rfftfreq(8 * n, 1 / RATE_HZ)
    power = np.abs(np.fft.rfft(vertical * np.hanning(n), 8 * n))
    power[(padded_hz < STEP_HZ[0]) | (padded_hz > STEP_HZ[1])] = 0
    near = np.abs(hz - padded_hz[power.argmax()]) <= _STEP_BAND_HZ
    return np.fft.ifft(np.where(near, 2 * spectrum, 0))


def same_leg_first(gaits: Sequence[Gait]) -> list[Gait]:
    """Let all strides begin with the same leg, as far as odd harmonics tell.

    Half a stride later they have the other sign, and even ones are the same. Which leg it is cannot
    be known: it is the one on which the sideways sway has a positive real part on average.
    """
    strides = np.stack([gait.stride for gait in gaits])
    odd = HARMONICS % 2 == 1
    mean = strides[0]
    for _ in range(20):
        alike = np.einsum("nsk,sk->n", strides[:, :, odd], mean[:, odd].conj()).real
        strides[alike < 0] *= np.where(odd, -1, 1)
        mean = strides.mean(axis=0)
    if mean[1, 0].real < 0:
        strides *= np.where(odd, -1, 1)
    return [replace(gait, stride=own) for gait, own in zip(gaits, strides, strict=True)]
