"""Steps a minute, from the vertical acceleration."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harken.orientation.gait import GRID_HZ, STEP_HZ, WINDOW, Stretches

#: Points of the spectrum: every 0.4 steps a minute, by zeros behind the window's 100.
_N_FFT = 4096


def steps_per_minute(found: Stretches, spans_s: Sequence[tuple[float, float]]) -> float | None:
    """The cadence within some spans of walking.

    In each window of 4 s that is gait, the highest peak of the vertical acceleration's spectrum
    among step frequencies: the trunk rises and falls once a step, on either leg alike (Zijlstra,
    Hof, Gait & Posture 18, 2003). The median over windows is not moved by a stumble.

    Parameters
    ----------
    found : the recording in stretches, see `harken.orientation.gait`; the device turned any way
    spans_s : begin and end of each, in seconds of the recording's clock

    Returns
    -------
    float or None
        None where no whole window of gait lies in a span.
    """
    start_s = found.gait_start_s
    end_s = start_s + WINDOW / GRID_HZ
    inside = np.zeros(len(end_s), bool)
    for first_s, last_s in spans_s:
        inside |= (start_s >= first_s) & (end_s <= last_s)
    windows = found.gait[inside]
    return float(60 * np.median(_step_hz(_vertical(windows)))) if len(windows) else None


def _vertical(acc: NDArray[np.float64]) -> NDArray[np.float64]:
    """Acceleration along gravity, which is each window's mean; (n_windows, WINDOW, 3) to 2 axes."""
    gravity = acc.mean(axis=1)
    up = gravity / np.linalg.norm(gravity, axis=1, keepdims=True)
    vertical: NDArray[np.float64] = np.einsum("nti,ni->nt", acc - gravity[:, None], up)
    return vertical


def _step_hz(vertical: NDArray[np.float64]) -> NDArray[np.float64]:
    """Frequency of the highest peak in each window, (n_windows,)."""
    power = np.abs(np.fft.rfft(vertical * np.hanning(WINDOW), _N_FFT, axis=1))
    frequency_hz = np.fft.rfftfreq(_N_FFT, 1 / GRID_HZ)
    steps = (frequency_hz >= STEP_HZ[0]) & (frequency_hz <= STEP_HZ[1])
    highest: NDArray[np.float64] = frequency_hz[steps][power[:, steps].argmax(axis=1)]
    return highest
