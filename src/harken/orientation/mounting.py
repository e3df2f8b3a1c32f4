"""How the device sits on the wearer: the rotation from its axes into those of a contract.

Gravity during gait tells where up is. Gait's horizontal acceleration at the step frequency tells
the line of walking (principal axis, as in Kunze, Lukowicz, Partridge, Begole: "Which Way Am I
Facing", ISWC 2009). Which end of the line is forward follows from the timing of steps: the trunk is
fastest where it is lowest, so forward acceleration comes a quarter of a step before the upward
push (on the energy exchange in walking: Cavagna, Heglund, Taylor, Am. J. Physiol. 233, 1977).

What the recordings of HAPT say of this, over the 42 of the training people:

- Forward is neither y nor z of that dataset: most phones sat at the left front of the waist.
  Forward lies 38 degrees from y towards z in the median, from -12 to 121 over the recordings, so
  `FORWARD` is the diagonal. People lying on their backs, where gravity shows forward, agree within
  5 degrees in the median. Up in gait lies 16 degrees from +x in the median.
- The timing gives the right end in all 40 in which lying shows forward (in two more, one person lay
  on back and belly), on the level and upstairs alike. Downstairs, where the legs brake, it is
  turned around in 9 of 10. That gait is the liveliest of the three, so the livelier half of a
  recording is not asked, and a recording of lively gait alone is called ambiguous. That catches 99
  of 112 such bouts of the training people, 27 of 45 of the test people: forward from nothing but a
  flight of stairs downward can be wrong.
- Angular velocity about the lateral axis is a worse witness of the line (12 degrees in the median
  against 4), so the gyroscope is not used.

`python -m benchmarks.mounting` measures this.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harken.core.errors import ContractError, FormatError
from harken.core.recording import Recording
from harken.orientation.gait import GRID_HZ, STRIDE, WINDOW, Stretches, stretches
from harken.orientation.heading import common_direction, heading

#: Axes of UCI HAR and HAPT that point up and forward, see the module.
UP, FORWARD = "+x", "+y+z"

#: Fewer windows of gait (each 4 s, every 2 s) say too little.
_LEAST_WINDOWS = 3
# Standard deviation of the acceleration's length, in g: 95 % of windows of walking are below 0.32,
# 95 % of those downstairs above 0.26. Medians of recordings lie closer to 0.23 and 0.39.
_LIVELY_G = 0.32
#: The timing of steps is trusted where windows agree this far; 0 is chance, 1 is all of them.
_LEAST_AGREEMENT = 0.3
#: Rest: 95 % of windows of standing, sitting and lying move by less than 0.02 g.
_STILL_G = 0.03
#: Standing people sway, and then the device shakes; this much is no longer standing still.
_MOVED_G = 0.06
#: Mean specific force of a person who stays on the ground, with room for biases.
_PLAUSIBLE_G = (0.8, 1.2)
_AXES = {"x": 0, "y": 1, "z": 2}
_ONE_AXIS = re.compile(r"[+-][xyz]")


@dataclass(frozen=True, eq=False)
class Mounting:
    """A rotation from device axes into the axes of a contract, and how far to trust it.

    Attributes
    ----------
    rotation : (3, 3) float64
        Proper rotation; `rotation @ v` is the vector `v` in the contract's axes.
    up_confidence : 0 (a guess) to 1 (given)
    forward_confidence : 0 to 1
        Of forward; only of the line on which it lies where `forward_is_ambiguous`.
    forward_is_ambiguous : whether forward may as well be backward
    method : "gait", "still", "standing", "given", "as-worn" (on purpose) or "none"
    notes : what was found and done, one sentence each
    """

    rotation: NDArray[np.float64]
    up_confidence: float
    forward_confidence: float
    forward_is_ambiguous: bool
    method: str
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Everything, as plain numbers, text and lists that JSON can hold."""
        return {
            "rotation": self.rotation.tolist(),
            "up_confidence": self.up_confidence,
            "forward_confidence": self.forward_confidence,
            "forward_is_ambiguous": self.forward_is_ambiguous,
            "method": self.method,
            "notes": list(self.notes),
        }


def estimate_mounting(recording: Recording, *, up: str = UP, forward: str = FORWARD) -> Mounting:
    """Estimate the mounting from a recording's accelerometer, without labels.

    Parameters
    ----------
    recording : any rate of 20 Hz or more; times may be uneven and may hold gaps
    up, forward
        Axes of the contract that point there when the wearer is upright, such as "+x", or "+y+z"
        for the direction between two.

    Returns
    -------
    Mounting
        From gait where there is some. Else from the longest rest in which the device looks upright
        as it is, with low confidence and the heading left as it is. Else no rotation at all.
        The same recording always gives the same mounting.

    Raises
    ------
    FormatError
        `up` or `forward` names no direction, or they are not perpendicular.
    """
    return mounting_of(stretches(recording.acc), up=up, forward=forward)


def mounting_of(found: Stretches, *, up: str = UP, forward: str = FORWARD) -> Mounting:
    """What `estimate_mounting` says of a recording that has been cut into stretches already."""
    frame = _frame(up, forward)
    found = _with_gravity(found)
    if len(found.gait) >= _LEAST_WINDOWS:
        return _from_gait(found, frame)
    return _from_rest(found, frame)


def mounting_from_standing(
    recording: Recording, seconds: float = 3.0, *, up: str = UP, forward: str = FORWARD
) -> Mounting:
    """Take up from the first seconds, in which the wearer stands still; heading stays as it is.

    Raises
    ------
    ContractError
        The recording is too short, the device moved, or what it felt was not gravity.
    """
    frame = _frame(up, forward)
    name = recording.source or "The recording"
    acc = recording.acc
    first = acc.values[acc.time_s < acc.time_s[0] + seconds] if len(acc) else acc.values
    if len(first) < 2 or recording.duration_s < 0.999 * seconds:
        raise ContractError(
            f"{name} lasts {recording.duration_s:.3g} s; {seconds:g} s of standing still are "
            "needed at its start. Record for longer, or give the rotation."
        )
    gravity = first.mean(axis=0)
    size_g = float(np.linalg.norm(gravity))
    moved_g = float(np.sqrt(((first - gravity) ** 2).sum(axis=1).mean()))
    # Written so that a NaN among the samples is refused as well.
    if not moved_g <= _MOVED_G:
        raise ContractError(
            f"{name}: in its first {seconds:g} s the device moved by {moved_g:.2g} g; standing "
            f"still is below {_MOVED_G:g} g. Stand still and start anew, or give the rotation; of "
            "a whole recording it can also be estimated from gait."
        )
    if not _PLAUSIBLE_G[0] <= size_g <= _PLAUSIBLE_G[1]:
        raise ContractError(
            f"{name}: at rest the device felt {size_g:.3g}, where gravity is 1 g. Is the "
            "acceleration in g, with gravity included?"
        )
    notes = (
        f"up from the first {seconds:g} s, taken as standing upright",
        "heading unknown: left as near as can be to the device's own axes",
    )
    return Mounting(_tilt(gravity, frame[0]), 0.8, 0.0, True, "standing", notes)


def mounting_from_rotation(matrix: NDArray[np.float64] | list[list[float]]) -> Mounting:
    """Take a rotation that is known.

    Parameters
    ----------
    matrix : (3, 3), turns device axes into those of the contract

    Raises
    ------
    FormatError
        It is no proper rotation.
    """
    try:
        rotation = np.array(matrix, dtype=np.float64)
    except (TypeError, ValueError):
        raise FormatError("A rotation is 3 rows of 3 numbers; this is something else.") from None
    if rotation.shape != (3, 3) or not np.isfinite(rotation).all():
        raise FormatError(
            f"A rotation is 3 rows of 3 finite numbers; this has shape {rotation.shape}"
            f"{'' if np.isfinite(rotation).all() else ' and numbers that are not finite'}."
        )
    off = float(np.abs(rotation @ rotation.T - np.eye(3)).max())
    if off > 1e-6:
        raise FormatError(
            f"The rows of a rotation are perpendicular and of length 1; these are off by {off:.2g}."
        )
    if np.linalg.det(rotation) < 0:
        raise FormatError(
            "The matrix has determinant -1, it mirrors; a rotation has +1. Turn one axis's sign."
        )
    return Mounting(rotation, 1.0, 1.0, False, "given", ("rotation given",))


def _with_gravity(found: Stretches) -> Stretches:
    """The windows in which the mean acceleration can be gravity: neither removed nor in m/s²."""
    size_g = np.linalg.norm(found.mean, axis=1)
    return found.select((size_g >= _PLAUSIBLE_G[0]) & (size_g <= _PLAUSIBLE_G[1]))


def _from_gait(found: Stretches, frame: NDArray[np.float64]) -> Mounting:
    gait, movement_g = found.gait, found.movement_g[found.is_gait]
    up, alike = common_direction(gait.mean(axis=1))
    enough = len(gait) / (len(gait) + 2)
    up_confidence = float(alike.mean() * enough)
    notes = [f"up from gravity in {len(gait)} windows of gait"]
    if alike.mean() < 0.8:
        notes.append(
            f"in {1 - alike.mean():.0%} of the gait gravity lay more than 20 degrees off: the "
            "device may have been put on anew or carried loosely"
        )
    forward, sharpness, agreement = heading(gait[alike], movement_g[alike], up)
    lively_g = float(np.median(movement_g[alike]))
    ambiguous = agreement < _LEAST_AGREEMENT or lively_g > _LIVELY_G
    if ambiguous:
        why = (
            f"this gait is lively ({lively_g:.2g} g), as on stairs downward or in a run, where "
            "steps are timed otherwise"
            if lively_g > _LIVELY_G
            else f"the timing of steps agrees by {agreement:.2g} only"
        )
        notes.append(f"forward may be backward: {why}")
    else:
        notes.append(f"forward from the timing of steps, agreement {agreement:.2g}")
    trust = sharpness * enough * alike.mean() * (1.0 if ambiguous else agreement)
    rotation = frame.T @ np.stack([up, forward, np.cross(up, forward)])
    return Mounting(rotation, up_confidence, float(trust), bool(ambiguous), "gait", tuple(notes))


def _from_rest(found: Stretches, frame: NDArray[np.float64]) -> Mounting:
    """Without gait a device that looks upright is taken to be, and is put straight."""
    gravity = found.mean
    # One that does not may be on someone lying down: turning that upright would be worse.
    looks_upright = gravity @ frame[0] > np.cos(np.pi / 4) * np.linalg.norm(gravity, axis=1)
    first, end = _longest_run((found.movement_g < _STILL_G) & looks_upright)
    if first == end:
        nothing = (
            f"neither gait nor an upright rest with gravity of {_PLAUSIBLE_G[0]:g} to "
            f"{_PLAUSIBLE_G[1]:g} g was found: the device's axes are taken for the contract's"
        )
        return Mounting(np.eye(3), 0.0, 0.0, True, "none", (nothing,))
    seconds = ((end - first - 1) * STRIDE + WINDOW) / GRID_HZ
    notes = (
        f"no gait was found: up from the longest rest in which the device looks upright as it "
        f"is, {seconds:.0f} s from {found.start_s[first]:.0f} s on; it may be sitting",
        "heading unknown: left as near as can be to the device's own axes",
    )
    rotation = _tilt(gravity[first:end].mean(axis=0), frame[0])
    return Mounting(rotation, 0.2, 0.0, True, "still", notes)


def _longest_run(flags: NDArray[np.bool_]) -> tuple[int, int]:
    """First and end of the longest run of True; equal where there is none."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    if not len(edges):
        return 0, 0
    firsts, ends = edges[::2], edges[1::2]
    longest = (ends - firsts).argmax()
    return int(firsts[longest]), int(ends[longest])


def _tilt(gravity: NDArray[np.float64], up: NDArray[np.float64]) -> NDArray[np.float64]:
    """The smallest rotation that turns `gravity` to `up` (Rodrigues' formula)."""
    found = gravity / np.linalg.norm(gravity)
    cosine = float(found @ up)
    if cosine < -1 + 1e-9:  # upside down: any half turn about a horizontal axis
        side = np.roll(up, 1) - (np.roll(up, 1) @ up) * up
        return 2 * np.outer(side, side) / (side @ side) - np.eye(3)
    x, y, z = np.cross(found, up)
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    rotation: NDArray[np.float64] = np.eye(3) + cross + cross @ cross / (1 + cosine)
    return rotation


def _frame(up: str, forward: str) -> NDArray[np.float64]:
    """The contract's up, forward and their cross product in its own axes: rows of (3, 3)."""
    upward, ahead = direction(up), direction(forward)
    if abs(upward @ ahead) > 1e-9:
        raise FormatError(f"up {up!r} and forward {forward!r} are not perpendicular.")
    return np.stack([upward, ahead, np.cross(upward, ahead)])


def direction(name: str) -> NDArray[np.float64]:
    """The unit vector, (3,), of a direction by name: "+x", or "+y+z" for what lies between.

    Raises
    ------
    FormatError
        It is no such name.
    """
    parts = _ONE_AXIS.findall(name)
    if not parts or "".join(parts) != name or len({part[1] for part in parts}) < len(parts):
        raise FormatError(
            f"{name!r} is no direction: write a signed axis such as '+x' or '-z', or several "
            "for what lies between them, such as '+y+z'."
        )
    vector = np.zeros(3)
    for sign, axis in parts:
        vector[_AXES[axis]] = 1.0 if sign == "+" else -1.0
    return vector / np.linalg.norm(vector)
