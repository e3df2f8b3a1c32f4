"""What must be settled about a recording before its first window: placement and mounting.

Both are inferred or given once, and stored with the output.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from harken.core.errors import ContractError, FormatError, UnknownNameError
from harken.core.recording import Recording
from harken.orientation.gait import Stretches, stretches
from harken.orientation.mounting import (
    Mounting,
    direction,
    mounting_from_rotation,
    mounting_from_standing,
    mounting_of,
)
from harken.signal.windows import DeviceFrame

#: Where a device may be worn, with what else people call it.
PLACEMENTS = {
    "waist": ("waist", "hip", "belt"),
    "pocket": ("pocket", "trousers", "thigh"),
    "chest": ("chest", "torso", "trunk"),
    "wrist": ("wrist", "watch"),
    "hand": ("hand",),
    "arm": ("arm", "upper arm"),
    "ankle": ("ankle", "foot", "shin"),
    "head": ("head", "ear"),
    "bag": ("bag", "backpack"),
}
#: Ways to find the mounting by name.
WAYS = ("estimate", "standing", "as-worn")
#: A model that learnt from devices as they were worn has seen them lean so far, in degrees: up in
#: gait lies 16 degrees from the axis in the median of HAPT, 31 at most.
SEEN_TILT_DEG = 35.0
#: So far off may forward be that such a model has still seen it, in degrees, and so sure must one
#: be of it to turn the recording for it.
SEEN_TURN_DEG, SURE = 90.0, 0.5


def placement_of(name: str) -> str:
    """The one name of a placement.

    Raises
    ------
    UnknownNameError
    """
    for placement, others in PLACEMENTS.items():
        if name.strip().lower() in others:
            return placement
    raise UnknownNameError("placement", name, [n for names in PLACEMENTS.values() for n in names])


def settle_placement(
    recording: Recording, frame: DeviceFrame, given: str | None
) -> tuple[Recording, str]:
    """The recording with its placement, and a sentence on it.

    Parameters
    ----------
    given : what the user says, by any name in `PLACEMENTS`; None believes the recording

    Raises
    ------
    UnknownNameError
        No such placement.
    ContractError
        The model is made for another one.
    """
    needed = frame.placement
    found = placement_of(given) if given is not None else recording.placement
    if needed not in PLACEMENTS:
        return replace(recording, placement=found), "the model does not say where its devices sat"
    if found is None:
        return recording, (
            f"where the device was worn is unknown: taken for the {needed}, for which the model is "
            "made (--placement tells)"
        )
    if found != needed:
        raise ContractError(
            f"{recording.source or 'The recording'} is of a device worn at the {found}; the model "
            f"is made for the {needed}, and its answers for other places mean little. Record at "
            f"the {needed}, or train a model on labelled recordings of your own: "
            "harken train my-recordings/."
        )
    return replace(recording, placement=found), f"worn at the {found}"


def settle_mounting(
    recording: Recording,
    frame: DeviceFrame,
    way: str | Mounting | NDArray[np.float64],
    find_gait: Callable[[], Stretches] | None = None,
) -> Mounting:
    """The rotation from the recording's axes into those of a frame.

    Parameters
    ----------
    frame
        Its `up` and `forward`; where it has none, axes stay as they are.
    way
        "estimate": from gait, see `estimate_mounting`. "standing": from the first 3 s, standing.
        "as-worn": no rotation. Else a mounting, or a (3, 3) rotation.
    find_gait
        Gives the recording in stretches; None looks for gait in its accelerometer.

    Raises
    ------
    UnknownNameError
        No such way.
    ContractError
        "standing", and the device did not stand still.
    FormatError
        The matrix is no rotation.
    """
    if isinstance(way, Mounting):
        return way
    if not isinstance(way, str):
        return mounting_from_rotation(way)
    if way not in WAYS:
        raise UnknownNameError("way to find the mounting", way, WAYS)
    up, forward = frame.up, frame.forward
    if way == "as-worn":
        return _as_worn("axes left as they are, as asked for")
    if not up or not forward:
        return _as_worn("axes left as they are: the model does not say how its devices were turned")
    if way == "standing":
        return mounting_from_standing(recording, up=up, forward=forward)
    found = stretches(recording.acc) if find_gait is None else find_gait()
    mounting = mounting_of(found, up=up, forward=forward)
    if frame.learnt == "estimated" or not _was_seen(mounting, up, forward):
        return mounting
    return replace(
        mounting,
        rotation=np.eye(3),
        notes=(*mounting.notes, "that is within what the model has learnt: axes left as they are"),
    )


def parse_mounting(text: str) -> str | Mounting:
    """A mounting as it is written in a shell: one of `WAYS`, or the 9 numbers of a rotation.

    Raises
    ------
    UnknownNameError, FormatError
        It is neither.
    """
    words = text.replace(",", " ").split()
    if len(words) == 1:
        if text not in WAYS:
            raise UnknownNameError("way to find the mounting", text, WAYS)
        return text
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        numbers = []
    if len(numbers) != 9:
        raise FormatError(
            f"{text!r} is no mounting. Give one of {', '.join(WAYS)}, or the 9 numbers of a "
            "rotation into the model's axes, row by row: '0 0 1  1 0 0  0 1 0'."
        )
    return mounting_from_rotation([numbers[:3], numbers[3:6], numbers[6:]])


def _as_worn(why: str) -> Mounting:
    return Mounting(np.eye(3), 0.0, 0.0, True, "as-worn", (why,))


def _was_seen(found: Mounting, up: str, forward: str) -> bool:
    """Whether a model that learnt from devices as they were worn has seen one turned like this."""
    tilt_deg, turn_deg = (_turned_deg(found, axis) for axis in (up, forward))
    sure = not found.forward_is_ambiguous and found.forward_confidence >= SURE
    return tilt_deg <= SEEN_TILT_DEG and (turn_deg <= SEEN_TURN_DEG or not sure)


def _turned_deg(found: Mounting, axis: str) -> float:
    """Degrees between a direction of the contract's and the same direction in device axes."""
    wanted = direction(axis)
    cosine = float(wanted @ found.rotation @ wanted)
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
