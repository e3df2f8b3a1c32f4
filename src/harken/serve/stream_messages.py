"""The messages of a stream: what clients may send, checked, and what they are answered."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harken.errors import FormatError
from harken.json_fields import JsonFields
from harken.mounting import mounting_from_rotation
from harken.stream import Stream
from harken.stream_answers import StreamPrediction

#: Numbers of a sample in a binary message, in order, each a float64 with its lowest byte first.
COLUMNS = ("time_s", "acc_x", "acc_y", "acc_z", "gyro_x", "gyro_y", "gyro_z")
#: Acceleration in g and angular velocity in rad/s stay far below; clocks count less.
_MOST, _MOST_S = 1e6, 1e11
#: Samples in one message of JSON.
_MOST_SAMPLES = 30_000


@dataclass(frozen=True)
class Start:
    """The first message of a stream.

    Attributes
    ----------
    model : by name; None for the default
    settings : of `harken.Stream`
    """

    model: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Samples:
    """What a device measured: (n,) seconds, (n, 3) g, (n, 3) rad/s or None."""

    time_s: NDArray[np.float64]
    acc_g: NDArray[np.float64]
    gyro_rad_s: NDArray[np.float64] | None


@dataclass(frozen=True)
class Finish:
    """The last message of a stream."""


def parse_start(text: str) -> Start:
    """{"type": "start", "model": ..., "mounting": ..., ...}; see `harken.Stream`.

    Raises
    ------
    FormatError
        It is no such message.
    """
    try:
        about = JsonFields(_json(text), "the first message")
        if (kind := about.text("type")) != "start":
            raise ValueError(f"the first message is {kind[:50]!r}; expected 'start'")
        model = None if about.is_absent("model") else about.text("model")
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
    except ValueError as error:
        raise FormatError(f"The stream cannot start: {error}.") from None
    return Start(model, settings)


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
    rows = np.frombuffer(data, "<f8").reshape(-1, width).astype(np.float64)
    samples = Samples(rows[:, 0], rows[:, 1:4], rows[:, 4:] if gyroscope else None)
    return _checked(samples)


def parse_text(text: str) -> Samples | Finish:
    """{"type": "samples", "time_s": [...], "acc_g": [[...]], "gyro_rad_s": [[...]]} or "finish".

    Raises
    ------
    FormatError
        It is no such message, or values that no device gives.
    """
    try:
        about = JsonFields(_json(text), "the message")
        kind = about.text("type")
        if kind == "finish":
            about.done()
            return Finish()
        if kind != "samples":
            raise ValueError(f"the message is {kind[:50]!r}; expected 'samples' or 'finish'")
        time_s = _array(about, "time_s", 1)
        acc_g = _array(about, "acc_g", 2)
        gyro = None if about.is_absent("gyro_rad_s") else _array(about, "gyro_rad_s", 2)
        about.done()
    except ValueError as error:
        raise FormatError(f"The message cannot be understood: {error}.") from None
    return _checked(Samples(time_s, acc_g, gyro))


def _array(about: JsonFields, name: str, n_axes: int) -> NDArray[np.float64]:
    found = np.asarray(about.rows(name, _MOST_SAMPLES))
    if found.size == 0:
        return np.empty((0, 3)[:n_axes])
    if found.ndim != n_axes or found.dtype.kind not in "fiu":
        raise ValueError(
            f"{name!r} is no list of {'numbers' if n_axes == 1 else 'rows of numbers'}"
        )
    return found.astype(np.float64)


def _checked(samples: Samples) -> Samples:
    n = len(samples.time_s)
    parts = [("time_s", samples.time_s, (n,), _MOST_S), ("acc_g", samples.acc_g, (n, 3), _MOST)]
    if samples.gyro_rad_s is not None:
        parts.append(("gyro_rad_s", samples.gyro_rad_s, (n, 3), _MOST))
    for name, values, shape, most in parts:
        if values.shape != shape:
            raise FormatError(f"{name!r} has shape {values.shape}; expected {shape}.")
        # NaN is not at most anything.
        if not (np.abs(values) <= most).all():
            raise FormatError(
                "Samples hold a value that no device gives: expected seconds, g and rad/s, and no "
                "NaN or infinity. Leave such samples out."
            )
    return samples


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def started(name: str, stream: Stream, *, gyroscope: bool) -> str:
    """The answer to the first message."""
    return _text(
        "started",
        model=name,
        labels=list(stream.contract.labels),
        columns=list(COLUMNS if gyroscope else COLUMNS[:4]),
        hop_s=stream.hop_s,
    )


def answered(
    kind: str, predictions: Sequence[StreamPrediction], n_samples: int, stream: Stream
) -> str:
    """The answer to samples ("predictions") and to the end ("finished").

    Parameters
    ----------
    n_samples : taken from the stream so far
    """
    return _text(
        kind,
        n_samples=n_samples,
        delay_s=stream.delay_s,
        notes=list(stream.notes),
        predictions=[prediction.as_dict() for prediction in predictions],
    )


def failed(about: dict[str, Any]) -> str:
    """What went wrong, in the form of the service's other errors."""
    return _text("error", **about)


def _text(kind: str, **about: Any) -> str:
    return json.dumps({"type": kind, **about}, allow_nan=False)
