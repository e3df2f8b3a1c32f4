"""How people move: strides that repeat, and everything else as noise of a known spectrum."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harken.datasets.simulated.parameters import (
    ACTIVITIES,
    BAND_EDGES_HZ,
    GAITS,
    HARMONICS,
    N_BANDS,
    N_SIGNALS,
    parameters,
)
from harken.datasets.simulated.person import Person, draw_stride

RATE_HZ = 50.0
#: Changes of the pace and of the strength of steps are slower than this ...
_STEADY_HZ = 0.35
#: ... and so are those of how lively somebody sits or stands.
_MOMENT_HZ = 0.1


def move(person: Person, activity: str, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """The six signals of one bout without gravity, (n, 6), in axes of the upright wearer."""
    other = _movement(person, ACTIVITIES.index(activity), n, rng)
    if activity not in GAITS:
        return other
    gait = GAITS.index(activity)
    size_g = person.size_g[gait] * np.exp(rng.normal(0, parameters().size_bout_spread[gait]))
    moving: NDArray[np.float64] = size_g * (_strides(person, gait, n, rng) + other)
    return moving


def slow_noise(n: int, cutoff_hz: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """(n,) noise of unit size below a frequency."""
    from scipy.signal import sosfilt

    settle = int(2 * RATE_HZ / cutoff_hz)
    noise = np.asarray(sosfilt(_low_pass(cutoff_hz), rng.normal(size=n + settle)))[settle:]
    # The noise bandwidth of this filter is 1.11 times its cutoff.
    scaled: NDArray[np.float64] = noise / np.sqrt(2 * 1.11 * cutoff_hz / RATE_HZ)
    return scaled


@cache
def _low_pass(cutoff_hz: float) -> NDArray[np.float64]:
    from scipy.signal import butter

    return np.asarray(butter(2, cutoff_hz, fs=RATE_HZ, output="sos"))


def _strides(person: Person, gait: int, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """What repeats: harmonics of the stride, which is two steps; (n, 6) of unit size."""
    people = parameters()
    pace = person.cadence_hz[gait] * np.exp(rng.normal(0, people.cadence_bout_spread[gait]))
    tempo = 1 + people.tempo_spread[gait] * slow_noise(n, _STEADY_HZ, rng)
    strength = np.exp(people.strength_spread[gait] * slow_noise(n, _STEADY_HZ, rng))
    first = rng.uniform(0, 2 * np.pi)
    angle = first + np.cumsum(np.pi * pace * tempo) / RATE_HZ
    # Each harmonic is the one before times the first: quicker than so many sines.
    waves = np.cumprod(np.repeat(np.exp(1j * angle)[:, None], len(HARMONICS), axis=1), axis=1)
    stride = draw_stride(person, gait, rng)
    strides: NDArray[np.float64] = strength[:, None] * _product(waves, stride).real
    return strides


def _movement(
    person: Person, activity: int, n: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """What does not repeat, (n, 6): noise by band, which rises and falls."""
    moments = np.stack([slow_noise(n, _MOMENT_HZ, rng) for _ in range(2)])
    first, second = parameters().movement_moment[:, activity]
    change = moments[0, :, None, None] * first + moments[1, :, None, None] * second
    size = np.exp(person.movement[activity] + change)
    moving: NDArray[np.float64] = (size * _band_noise(activity, n, rng)).sum(axis=1)
    return moving


def _band_noise(activity: int, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Noise of unit size in each band, (n, 7, 6); signals go together as they do in people."""
    from scipy.fft import irfft, next_fast_len

    n_quick = next_fast_len(n, real=True)
    hz = np.fft.rfftfreq(n_quick, 1 / RATE_HZ)
    band = np.digitize(hz, BAND_EDGES_HZ) - 1
    drawn = rng.normal(size=(2, len(hz), N_SIGNALS))
    spectrum = np.zeros((len(hz), N_BANDS, N_SIGNALS), complex)
    for b, coherence in enumerate(parameters().coherence[activity]):
        own = np.flatnonzero(band == b)
        white = (drawn[0, own] + 1j * drawn[1, own]) / np.sqrt(2)
        # Of a mean square of 1: 2 / n² times the sum of these squares (Parseval).
        scale = n_quick / np.sqrt(2 * max(len(own), 1))
        spectrum[own, b] = _product(white, np.linalg.cholesky(coherence)) * scale
    noise: NDArray[np.float64] = irfft(spectrum, n_quick, axis=0)
    return noise[:n]


def _product(rows: NDArray[Any], matrix: NDArray[Any]) -> NDArray[Any]:
    """rows @ matrix.T, by NumPy's own loops.

    BLAS rounds some rows in another way where it has another number of threads, and the same seed
    is to give the same person everywhere.
    """
    product: NDArray[Any] = np.einsum("nk,mk->nm", rows, matrix)
    return product
