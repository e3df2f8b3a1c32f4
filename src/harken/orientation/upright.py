"""Turn windows upright, by the mounting that the windows of each recording show together.

For windows whose recordings are not at hand. Each recording is looked at on its own and without
labels, as one of a stranger would be. Filters are linear but for a median of three samples, so
turning what they gave is nearly the same as turning what went in.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from harken.core.errors import FormatError
from harken.core.recording import Recording, Sensor
from harken.orientation.mounting import estimate_mounting
from harken.signal.windows import Windows

_TOTAL_ACC = ("total_acc_x", "total_acc_y", "total_acc_z")


def turn_upright(windows: Windows, *, up: str, forward: str) -> Windows:
    """The windows in a frame in which `up` and `forward` point there when the wearer is upright.

    Parameters
    ----------
    windows : channels in triples x, y, z, the total acceleration among them
    up, forward : as in `estimate_mounting`

    Raises
    ------
    FormatError
        There is no total acceleration, which tells where up is.
    """
    missing = [name for name in _TOTAL_ACC if name not in windows.channels]
    if missing:
        raise FormatError(
            f"Windows are turned upright by their total acceleration; {', '.join(missing)} is "
            "missing."
        )
    x = windows.x.copy()
    for recording in np.unique(windows.recording):
        own = np.flatnonzero(windows.recording == recording)
        mounting = estimate_mounting(_laid_out(windows.select(own)), up=up, forward=forward)
        triples = x[own].reshape(len(own), windows.n_steps, -1, 3)
        turned = triples @ mounting.rotation.T.astype(np.float32)
        x[own] = turned.reshape(x[own].shape)
    note = "each recording turned upright by the mounting that its windows show"
    return replace(windows, x=x, notes=(*windows.notes, note))


def _laid_out(windows: Windows) -> Recording:
    """The total acceleration of one recording's windows on its clock; overlaps are taken once."""
    columns = [windows.channels.index(name) for name in _TOTAL_ACC]
    steps = np.rint(windows.start_s * windows.rate_hz).astype(np.int64)
    points = (steps[:, None] + np.arange(windows.n_steps)).ravel()
    unique, first = np.unique(points, return_index=True)
    values = windows.x[:, :, columns].reshape(-1, 3)[first].astype(np.float64)
    return Recording(Sensor(unique / windows.rate_hz, values))
