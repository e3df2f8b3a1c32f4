"""What clients of a stream may say, checked: the message that begins it, samples, and the rest."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harken.core.errors import FormatError
from harken.core.json_fields import JsonFields
from harken.orientation.mounting import mounting_from_rotation

#: Numbers of a sample in a binary message, in order, each a float64 with its lowest byte first.
COLUMNS = ("time_s", "acc_x", "acc_y", "acc_z", "gyro_x", "gyro_y", "gyro_z")
#: Acceleration in g and angular velocity in rad/s stay far below; clocks count less.
_MOST = np.array([1e11] + 6 * [1e6])
#: Samples in one message of JSON.
_MOST_SAMPLES = 30_000
#: More predictions than any stream gives.
_MOST_PREDICTIONS = 10**9


@dataclass(frozen=True)
class Start:
    """A new stream.

    Attributes
    ----------
    model : by name; None for the default
    keep : whether it outlives its device's connection
    settings : of `harken.Stream`
    """

    model: str | None = None
    keep: bool = False
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Resume:
    """The device of a stream is there again.

    Attributes
    ----------
    session : by its name
    n_predictions : that it has already
    """

    session: str
    n_predictions: int


@dataclass(frozen=True)
class Watch:
    """One who watches a stream, by its name."""

    session: str


@dataclass(frozen=True, eq=False)
class Samples:
    """What a device measured.

    Attributes
    ----------
    rows : (n, 7) seconds, g, rad/s, in the order of `COLUMNS`; (n, 4) without angular velocity
    """

    rows: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, part: slice) -> Samples:
        return Samples(self.rows[part])


@dataclass(frozen=True)
class Finish:
    """The last message of a stream."""


@dataclass(frozen=True)
class Record:
    """Keep what comes from now on, of this person, who consents; None: no longer."""

    subject: str | None


@dataclass(frozen=True)
class Label:
    """What the wearer does from now on; None: nobody says."""

    activity: str | None


#: What may be said of a stream beside its samples.
Said = Finish | Record | Label


def parse_first(text: str) -> Start | Resume | Watch:
    """The message that begins a conversation: "start", "resume" or "watch".

    Raises
    ------
    FormatError
        It is no such message.
    """
    try:
        about = JsonFields(_json(text), "the first message")
        kind = about.text("type")
        if kind == "start":
            return _start(about)
        if kind not in ("resume", "watch"):
            raise ValueError(
                f"the first message is {kind[:50]!r}; expected 'start', 'resume' or 'watch'"
            )
        session = about.text("session")
        if kind == "watch":
            about.done()
            return Watch(session)
        n_predictions = about.whole("n_predictions", 0, _MOST_PREDICTIONS)
        about.done()
        return Resume(session, n_predictions)
    except ValueError as error:
        raise FormatError(f"The stream cannot start: {error}.") from None


def parse_start(text: str | bytes) -> Start:
    """A new stream, where it goes without saying that it is one: "type" may be left out.

    Raises
    ------
    FormatError
        It is no such message.
    """
    try:
        about = JsonFields(_json(text), "the body")
        if not about.is_absent("type") and (kind := about.text("type")) != "start":
            raise ValueError(f"its type is {kind[:50]!r}; expected 'start'")
        return _start(about)
    except ValueError as error:
        raise FormatError(f"The stream cannot start: {error}.") from None


def _start(about: JsonFields) -> Start:
    model = None if about.is_absent("model") else about.text("model")
    keep = False if about.is_absent("keep") else about.flag("keep")
    settings: dict[str, Any] = {}
    for name in ("placement", "smoothing"):
        if not about.is_absent(name):
            settings[name] = about.text(name)
    for name in ("rate_hz", "hop_s"):
        if not about.is_absent(name):
            settings[name] = about.number(name, 1e-3, 1e4)
    if not about.is_absent("mounting"):
        settings["mounting"] = _mounting(about)
    about.done()
    return Start(model, keep, settings)


def _mounting(about: JsonFields) -> Any:
    """A way to find it by name, or a rotation of three rows."""
    if about.holds_text("mounting"):
        return about.text("mounting")
    rows = about.matrix("mounting", 3)
    if len(rows) != 3 or len(rows[0]) != 3:
        raise ValueError("'mounting' is no name of a way and no 3 rows of 3 numbers")
    return mounting_from_rotation(rows)


def parse_binary(data: bytes, *, gyroscope: bool) -> Samples:
    """Rows of `COLUMNS`, or of its first four for a model without gyroscope.

    Raises
    ------
    FormatError
        No whole rows, or values that no device gives.
    """
    width = len(COLUMNS) if gyroscope else 4
    if len(data) % (8 * width):
        raise FormatError(
            f"The message has {len(data)} bytes; expected rows of {width} float64 numbers, which "
            f"are {8 * width} bytes: {', '.join(COLUMNS[:width])}."
        )
    return _checked(np.frombuffer(data, "<f8").reshape(-1, width).astype(np.float64))


def parse_text(text: str) -> Samples | Said:
    """{"type": "samples", "time_s": [...], "acc_g": [[...]], "gyro_rad_s": [[...]]}, or what else
    may be said, see `parse_said`.

    Raises
    ------
    FormatError
        It is no such message, or values that no device gives.
    """
    try:
        about = JsonFields(_json(text), "the message")
        kind = about.text("type")
        found = _samples(about) if kind == "samples" else _said(about, kind)
        about.done()
    except ValueError as error:
        raise FormatError(f"The message cannot be understood: {error}.") from None
    return found


def parse_said(text: str | bytes) -> Said:
    """{"type": "finish"}, {"type": "record", "consent": true, "subject": ...} or
    {"type": "label", "activity": ...}.

    Raises
    ------
    FormatError
        It is no such message.
    """
    try:
        about = JsonFields(_json(text), "the message")
        said = _said(about, about.text("type"))
        about.done()
    except ValueError as error:
        raise FormatError(f"The message cannot be understood: {error}.") from None
    return said


def _said(about: JsonFields, kind: str) -> Said:
    if kind == "finish":
        return Finish()
    if kind == "label":
        return Label(None if about.is_absent("activity") else about.text("activity"))
    if kind != "record":
        raise ValueError(
            f"the message is {kind[:50]!r}; expected 'samples', 'finish', 'record' or 'label'"
        )
    if about.flag("consent"):
        return Record(about.text("subject"))
    about.is_absent("subject")
    return Record(None)


def _samples(about: JsonFields) -> Samples:
    time_s = _array(about, "time_s", 1)
    acc_g = _array(about, "acc_g", 2)
    parts = {"acc_g": acc_g}
    if not about.is_absent("gyro_rad_s"):
        parts["gyro_rad_s"] = _array(about, "gyro_rad_s", 2)
    n = len(time_s)
    for name, values in parts.items():
        if values.shape != (n, 3):
            raise FormatError(f"{name!r} has shape {values.shape}; expected {(n, 3)}.")
    return _checked(np.hstack([time_s[:, None], *parts.values()]))


def _array(about: JsonFields, name: str, n_axes: int) -> NDArray[np.float64]:
    found = np.asarray(about.rows(name, _MOST_SAMPLES))
    if found.size == 0:
        return np.empty((0, 3)[:n_axes])
    if found.ndim != n_axes or found.dtype.kind not in "fiu":
        raise ValueError(
            f"{name!r} is no list of {'numbers' if n_axes == 1 else 'rows of numbers'}"
        )
    return found.astype(np.float64)


def _checked(rows: NDArray[np.float64]) -> Samples:
    # NaN is not at most anything.
    if not (np.abs(rows) <= _MOST[: rows.shape[1]]).all():
        raise FormatError(
            "Samples hold a value that no device gives: expected seconds, g and rad/s, and no "
            "NaN or infinity. Leave such samples out."
        )
    return Samples(rows)


def _json(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
