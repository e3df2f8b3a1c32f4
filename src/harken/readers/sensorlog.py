"""SensorLog (iOS): one CSV whose columns depend on the settings; accelerations in g.

Apple gives -1 g on z when the phone lies face up: all axes of the acceleration are turned.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from harken.core.errors import FormatError
from harken.core.recording import Recording
from harken.readers.cells import Table
from harken.readers.clock import Clock, read_clock, utc
from harken.readers.export import Export
from harken.readers.tracks import Track, is_empty, join, read_gyroscope, read_track
from harken.readers.units import to_g

NAME = "sensorlog"
DESCRIPTION = "SensorLog (iOS): CSV"

_LOGGED = "loggingTime(txt)"


def _triple(name: str, unit: str) -> tuple[str, ...]:
    return tuple(f"{name}{axis}({unit})" for axis in "XYZ")


_RAW = _triple("accelerometerAcceleration", "G")
_USER = _triple("motionUserAcceleration", "G")
_GRAVITY = _triple("motionGravity", "G")
_RATES = (
    (_triple("gyroRotation", "rad/s"), "gyroTimestamp_sinceReboot(s)"),
    (_triple("motionRotationRate", "rad/s"), "motionTimestamp_sinceReboot(s)"),
)


def matches(export: Export) -> bool:
    """Whether this is SensorLog's."""
    return _member(export) is not None


def _member(export: Export) -> str | None:
    for name in export.names(".csv", ".txt"):
        header = set(export.header(name))
        if any(header.issuperset(names) for names in (_RAW, _USER, _RATES[0][0], _RATES[1][0])):
            return name
    return None


def read(export: Export) -> Recording:
    """Read an export of SensorLog.

    Raises
    ------
    FormatError
        No acceleration in it, or a cell that cannot be read.
    """
    name = _member(export)
    if name is None:
        raise FormatError(f"{export.path} holds no table of SensorLog.")
    table = export.table(name)
    acc, notes = _acceleration(table)
    gyro = None
    for names, time in _RATES:
        columns = table.find(*names)
        if columns and not is_empty(table, columns):
            clock = _clock(table, time)
            gyro, gyro_notes = read_gyroscope(table, clock, columns, "rad/s", alternates=True)
            notes += gyro_notes
            break
    start_ns = acc.epoch_ns
    logged = table.find(_LOGGED)
    if start_ns is None and logged:
        logging = read_clock(table, logged[0])
        first_s = logging.time_s[acc.rows[0]]
        if logging.epoch_ns is not None and np.isfinite(first_s):
            start_ns = logging.epoch_ns + round(first_s * 1e9)
    return join(export, acc, gyro, notes, from_first=True, start_utc=utc(start_ns))


def _clock(table: Table, time: str) -> Clock:
    """Of a sensor by its own timestamps, else by the time of logging."""
    column = table.find(time) or table.find(_LOGGED)
    if column is None:
        raise FormatError(
            f"{table.name}: the columns are {', '.join(table.header)}; expected {time} or "
            f"{_LOGGED}. Switch the timestamps on in the app's settings."
        )
    return read_clock(table, column[0])


def _acceleration(table: Table) -> tuple[Track, list[str]]:
    """Specific force in g, and notes."""
    raw, user, gravity = (table.find(*names) for names in (_RAW, _USER, _GRAVITY))
    if raw and not is_empty(table, raw):
        clock = _clock(table, "accelerometerTimestamp_sinceReboot(s)")
        acc = read_track(table, clock, raw, "acceleration", alternates=True)
        note = "acceleration from the accelerometer"
    elif user:
        clock = _clock(table, _RATES[1][1])
        acc = read_track(table, clock, user, "acceleration", alternates=True)
        note = "acceleration from the fused motion, without gravity"
        if gravity:
            added = np.stack([table.numbers(column) for column in gravity], axis=1)[acc.rows]
            if not np.isfinite(added).all():
                row = int(acc.rows[np.flatnonzero(~np.isfinite(added).all(axis=1))[0]])
                table.refuse(row, gravity[0], "gravity beside the user's acceleration")
            acc = replace(acc, values=acc.values + added)
            note = "acceleration is user acceleration plus gravity"
    else:
        raise FormatError(
            f"{table.name} has no acceleration: found {', '.join(table.header)}; expected columns "
            f"such as {_RAW[0]}, or {_USER[0]} and {_GRAVITY[0]}. Switch them on in the app."
        )
    values, unit_notes = to_g(-acc.values, "g", table.name)
    sign = "signs of the acceleration turned: Apple's are the other way"
    return replace(acc, values=values), [note, sign, *unit_notes]
