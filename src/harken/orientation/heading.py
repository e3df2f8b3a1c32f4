"""Directions in windows of gait: where gravity points, and where the walker goes.

The reasons, and how well this does on people, stand in `harken.orientation.mounting`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harken.orientation.gait import GRID_HZ, STEP_HZ

#: Windows whose gravity is farther from the mean are another posture or another mounting.
_SAME_POSTURE = np.cos(np.radians(20.0))


def common_direction(
    vectors: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The direction of most (n, 3) vectors, and which of them lie near it."""
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    # The one with the most near it begins, so that a second mounting does not pull on the first.
    candidates = units[:: 1 + len(units) // 200]
    start = candidates[(candidates @ units.T > _SAME_POSTURE).sum(axis=1).argmax()]
    mean = vectors[units @ start > _SAME_POSTURE].mean(axis=0)
    mean /= np.linalg.norm(mean)
    alike: NDArray[np.bool_] = units @ mean > _SAME_POSTURE
    if not alike.any():
        alike = units @ start > _SAME_POSTURE
    direction = vectors[alike].mean(axis=0)
    return direction / np.linalg.norm(direction), alike


def heading(
    gait: NDArray[np.float64], movement_g: NDArray[np.float64], up: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float, float]:
    """Forward, how much it stands out from sideways, and how far windows agree on its sign.

    Parameters
    ----------
    gait : (n_windows, WINDOW, 3) in g
    movement_g : (n_windows,)
    up : (3,) unit vector

    Returns
    -------
    forward : (3,) unit vector, perpendicular to `up`
    sharpness, agreement : 0 to 1
    """
    vertical, horizontal = _at_step_frequency(gait, up)
    spread = np.einsum("nki,nkj->ij", horizontal, horizontal.conj()).real
    # In two axes across `up`: with little horizontal movement, up itself could come out.
    across = np.linalg.svd(up[None])[2][1:]
    sizes, axes = np.linalg.eigh(across @ spread @ across.T)
    forward = axes[:, 1] @ across
    if sizes[1] < 1e-12:  # what is left is rounding
        return forward, 0.0, 0.0
    # Positive where acceleration along the line comes a quarter of a step before the upward push.
    lead = np.einsum("nki,nk->ni", horizontal, vertical.conj()).imag @ forward
    calm = lead[movement_g <= np.median(movement_g)]
    vote = float(calm.sum() / max(float(np.abs(calm).sum()), 1e-12))
    sharpness = 1 - max(float(sizes[0]), 0.0) / float(sizes[1])
    return (forward if vote >= 0 else -forward), sharpness, abs(vote)


def _at_step_frequency(
    gait: NDArray[np.float64], up: NDArray[np.float64]
) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """Vertical (n, 3) and horizontal (n, 3, 3) spectrum at each window's step frequency.

    Three neighbouring frequencies are kept; the last axis of the second is x, y, z.
    """
    n_steps = gait.shape[1]
    moving = (gait - gait.mean(axis=1, keepdims=True)) * np.hanning(n_steps)[:, None]
    hz = np.fft.rfftfreq(n_steps, 1 / GRID_HZ)
    keep = np.flatnonzero((hz >= STEP_HZ[0] - 0.25) & (hz <= STEP_HZ[1] + 0.25))
    spectrum = np.fft.rfft(moving, axis=1)[:, keep]
    vertical = spectrum @ up
    strongest = 1 + np.abs(vertical[:, 1:-1]).argmax(axis=1)
    rows, near = np.arange(len(gait))[:, None], strongest[:, None] + np.arange(-1, 2)
    vertical, spectrum = vertical[rows, near], spectrum[rows, near]
    return vertical, spectrum - vertical[..., None] * up
