"""Whether the device is worn, and which of its axes points up."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from harken.core.errors import UnknownNameError
from harken.inspection.finding import Finding
from harken.inspection.view import ENOUGH_BLOCKS, View

#: A device that lies varies within seconds by its noise alone; in g. A person who lies still is
#: hardly more restless, but breathes: that turns the device from second to second.
_NOISE_G, _NOISE_SHARE = 0.015, 0.98
#: Change from one second to the next, median over the recording, in g. (People
#: who lie or sit still in HAPT: 0.0018 at least; a chip with noise of 0.003 g: 0.0010.)
_BREATH_G = 0.0013
#: Further from the contract's axis than that, in degrees, another axis points up. (HAPT: up to 31)
MOST_TILT_DEG = 60.0
UP_AXES = ("+x", "-x", "+y", "-y", "+z", "-z")


def is_lying_about(acc: View) -> bool:
    """Nothing moves from beginning to end, not even by breath."""
    if len(acc.mean) < 2 * ENOUGH_BLOCKS:
        return False
    still = float((acc.sd.max(axis=1) < _NOISE_G).mean())
    drift = float(np.median(np.linalg.norm(np.diff(acc.mean, axis=0), axis=1)))
    return still >= _NOISE_SHARE and drift < _BREATH_G


def up_of(acc: View) -> NDArray[np.float64] | None:
    """(3,) unit vector in device axes that points up while the wearer walks; None without gait."""
    if acc.in_gait.sum() < ENOUGH_BLOCKS:
        return None
    up = np.median(acc.mean[acc.in_gait], axis=0)
    return np.asarray(up / max(float(np.linalg.norm(up)), 1e-9))


def axis_of(up: NDArray[np.float64]) -> str:
    """The device axis that is nearest to a direction: "+x"."""
    axis = int(np.argmax(np.abs(up)))
    return ("+" if up[axis] > 0 else "-") + "xyz"[axis]


def wearing_findings(acc: View, contract_up: str) -> Iterator[Finding]:
    """Not worn, upside down, or mounted in another way than the contract says."""
    if is_lying_about(acc):
        yield Finding(
            "not-worn",
            "note",
            "acc",
            "nothing moves from the first second to the last, not even by breath",
            "The device lies somewhere: what a model says of it means nothing.",
        )
    up = up_of(acc)
    if up is None:
        return
    tilt_deg = float(np.degrees(np.arccos(np.clip(up @ vector_of(contract_up), -1, 1))))
    if tilt_deg > MOST_TILT_DEG:
        yield Finding(
            "upside-down" if tilt_deg > 180 - MOST_TILT_DEG else "mounted-otherwise",
            "note",
            "acc",
            f"in gait {axis_of(up)} points up, {tilt_deg:.0f}° from {contract_up}",
            f"Prediction turns it to {contract_up}, by the mounting that the gait shows.",
        )


def vector_of(axis: str) -> NDArray[np.float64]:
    """(3,) unit vector of an axis by name.

    Raises
    ------
    UnknownNameError
        No such axis.
    """
    if axis not in UP_AXES:
        raise UnknownNameError("axis", axis, UP_AXES)
    vector = np.zeros(3)
    vector["xyz".index(axis[1])] = 1.0 if axis[0] == "+" else -1.0
    return vector
