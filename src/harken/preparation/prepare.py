"""The steps from a recording to its windows, and a record of what they did."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harken.core.errors import ContractError
from harken.core.recording import Recording
from harken.inspection import refuse_unfit
from harken.orientation.gait import Stretches, stretches
from harken.orientation.mounting import Mounting
from harken.preparation.resolve import (
    parse_mounting,
    placement_of,
    settle_mounting,
    settle_placement,
)
from harken.readers import parse_columns
from harken.signal.filters import CHANNELS
from harken.signal.path import filter_recording
from harken.signal.windows import (
    ACTIVITIES,
    DeviceFrame,
    LabelRule,
    Windows,
    WindowSpec,
    cut,
)


@dataclass(frozen=True)
class Settings:
    """What a user says of recordings, for all of them alike.

    Attributes
    ----------
    columns : names of a table's columns by what they are, see `harken.read`
    placement : where the device was worn; None believes the recording
    mounting : how to find the rotation into the target's axes, see `settle_mounting`
    force : go on where a recording does not fit; what was wrong is kept
    """

    columns: Mapping[str, str] | None = None
    placement: str | None = None
    mounting: str | Mounting | NDArray[np.float64] = "estimate"
    force: bool = False

    @classmethod
    def of_words(cls, columns: str | None, placement: str | None, mounting: str) -> Settings:
        """From the words of a command line or a form; a mistake shows before a file is opened.

        Raises
        ------
        FormatError, UnknownNameError
            They are not of the right form, or there is no such placement or mounting.

        Examples
        --------
        >>> Settings.of_words(None, "belt", "as-worn")
        Settings(columns=None, placement='waist', mounting='as-worn', force=False)
        """
        return cls(
            columns=None if columns is None else parse_columns(columns),
            placement=None if placement is None else placement_of(placement),
            mounting=parse_mounting(mounting),
        )

    def as_keywords(self) -> dict[str, Any]:
        """`columns`, `placement` and `mounting`, as `harken.predict` and its sisters take them."""
        return {"columns": self.columns, "placement": self.placement, "mounting": self.mounting}


@dataclass(frozen=True)
class Target:
    """What windows are made for: a model's contract, or what a training asks for.

    Attributes
    ----------
    spec : length, stride and rate of the windows
    channels : names, in order
    frame : where devices are worn, and the axes that recordings are turned into
    """

    spec: WindowSpec
    channels: tuple[str, ...] = CHANNELS
    frame: DeviceFrame = field(default_factory=DeviceFrame)

    @property
    def reads_gyroscope(self) -> bool:
        """Whether any channel comes from a gyroscope."""
        return any("gyro" in channel for channel in self.channels)


@dataclass(frozen=True, eq=False)
class Prepared:
    """A recording whose placement and mounting are settled.

    Attributes
    ----------
    recording : with its placement; without a gyroscope that the target does not read
    target : what it was prepared for
    mounting : the rotation from its axes into the target's
    violations : what does not fit and was gone past with `force`, one sentence each
    notes : what was inferred, one sentence each
    find_gait : looks for gait in the recording
    """

    recording: Recording
    target: Target
    mounting: Mounting
    violations: tuple[str, ...]
    notes: tuple[str, ...]
    find_gait: Callable[[], Stretches]

    @cached_property
    def gait(self) -> Stretches:
        """The recording in stretches with and without gait; looked for once."""
        return self.find_gait()

    def windows(self, labels: tuple[str, ...] = ACTIVITIES, rule: LabelRule = "whole") -> Windows:
        """Filter and cut the whole recording.

        Parameters
        ----------
        labels, rule : names of the activities, and how windows are labelled, see `cut`
        """
        return windows_for(self.recording, self.target, self.mounting.rotation, labels, rule)


def prepare(
    recording: Recording,
    target: Target,
    settings: Settings = Settings(),
    *,
    find_gait: Callable[[Recording], Stretches] | None = None,
) -> Prepared:
    """Settle all that must be known of a recording before its first window.

    Parameters
    ----------
    find_gait : looks for gait; None looks at the accelerometer of the recording as it is here,
        which may be an excerpt of a longer one

    Raises
    ------
    ContractError
        The recording does not fit the target or is damaged, and `force` is not set.
    FormatError, UnknownNameError
        The settings hold no such placement, or no rotation.
    """
    if not target.reads_gyroscope:
        recording = replace(recording, gyro=None)
    violations: list[ContractError] = []
    notes: list[str] = []
    try:
        refuse_unfit(recording)
    except ContractError as error:
        violations.append(error)
    try:
        recording, note = settle_placement(recording, target.frame, settings.placement)
        notes.append(note)
    except ContractError as error:
        violations.append(error)
        if settings.placement is not None:
            recording = replace(recording, placement=placement_of(settings.placement))
    if violations and not settings.force:
        reasons = " ".join(map(str, violations))
        raise ContractError(f"{reasons} To use it all the same, give --force (force=True).")
    look = find_gait or (lambda found: stretches(found.acc))
    found: list[Stretches] = []

    def gait() -> Stretches:
        if not found:
            found.append(look(recording))
        return found[0]

    mounting = settle_mounting(recording, target.frame, settings.mounting, gait)
    return Prepared(
        recording=recording,
        target=target,
        mounting=mounting,
        violations=tuple(map(str, violations)),
        notes=(*notes, *mounting.notes),
        find_gait=gait,
    )


def windows_for(
    recording: Recording,
    target: Target,
    rotation: NDArray[np.float64] | None,
    labels: tuple[str, ...] = ACTIVITIES,
    rule: LabelRule = "whole",
) -> Windows:
    """Filter and cut a recording whose rotation is known.

    Parameters
    ----------
    rotation : (3, 3), turns device axes into the target's; None leaves them

    Raises
    ------
    ContractError
        A channel of the target is missing.
    """
    filtered = filter_recording(recording, rate_hz=target.spec.rate_hz, rotation=rotation)
    return cut(filtered, target.spec, labels, rule, target.frame)
