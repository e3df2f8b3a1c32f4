"""Sensor Logger (iOS, Android): a zip or folder of one CSV a sensor, or the JSON export.

Accelerations are in m/s². Android's `TotalAcceleration` includes gravity; elsewhere `Gravity` is
added to `Accelerometer`, which does not. On iOS all axes of the acceleration point the other way
unless the metadata say that the app standardised units and frames.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from harken.core.errors import FormatError
from harken.core.recording import Recording
from harken.readers.cells import Table
from harken.readers.clock import read_clock
from harken.readers.export import Export
from harken.readers.tracks import Track, join, read_track
from harken.readers.units import to_g, to_rad_s

NAME = "sensor-logger"
DESCRIPTION = "Sensor Logger (iOS, Android): zip, folder or JSON"

#: Files that are read; an export may hold many others.
_SENSORS = (
    "TotalAcceleration",
    "Accelerometer",
    "Gravity",
    "AccelerometerUncalibrated",
    "Gyroscope",
)
_COLUMNS = {"seconds_elapsed", "x", "y", "z"}


def matches(export: Export) -> bool:
    """Whether this is Sensor Logger's."""
    return any(set(export.header(name)) >= _COLUMNS for name in export.names(".csv")) or any(
        _is_json(export, name) for name in export.names(".json")
    )


def read(export: Export) -> Recording:
    """Read an export of Sensor Logger.

    Raises
    ------
    FormatError
        No accelerometer, or a file that cannot be read.
    """
    tables, metadata = _tables(export)
    time = "time" if all(table.find("time") for table in tables.values()) else "seconds_elapsed"
    acc, notes = _acceleration(export, tables, time, metadata)
    gyro = None
    if "Gyroscope" in tables:
        gyro = _track(tables["Gyroscope"], time, "angular velocity")
        values, gyro_notes = to_rad_s(gyro.values, "rad/s")
        gyro, notes = replace(gyro, values=values), notes + gyro_notes
    return join(export, acc, gyro, notes)


def _is_json(export: Export, name: str) -> bool:
    head = export.head(name).lstrip()
    return head.startswith(b"[") and b'"sensor"' in head


def _tables(export: Export) -> tuple[dict[str, Table], dict[str, str]]:
    """The sensors that are of use by name, and the metadata."""
    for name in export.names(".json"):
        if _is_json(export, name):
            return _from_json(export, name)
    members: dict[str, str] = {}
    for name in export.names(".csv"):
        stem = PurePosixPath(name).stem
        if stem in members and stem in _SENSORS:
            raise FormatError(
                f"{export.path} holds several files {stem}.csv ({members[stem]}, {name}): it is "
                "more than one recording. Give one of them."
            )
        members[stem] = name
    metadata: dict[str, str] = {}
    if "Metadata" in members:
        table = export.table(members["Metadata"], at_least=0)
        metadata = {
            name: table.cells(i)[0].strip() for i, name in enumerate(table.header) if len(table)
        }
    return {name: export.table(members[name]) for name in _SENSORS if name in members}, metadata


def _from_json(export: Export, name: str) -> tuple[dict[str, Table], dict[str, str]]:
    label = export.label(name)
    try:
        entries = json.loads(export.text(name))
    except (ValueError, RecursionError) as error:
        raise FormatError(
            f"{label} is not whole JSON ({error}). It may have been cut off: export it anew."
        ) from None
    rows: dict[str, list[dict[str, Any]]] = {}
    places: dict[str, list[int]] = {}
    for place, entry in enumerate(entries, start=1):
        if not isinstance(entry, dict) or not isinstance(entry.get("sensor"), str):
            raise FormatError(
                f"{label}, entry {place}: found {str(entry)[:60]}; expected an object with the key "
                "'sensor'. Export the recording anew."
            )
        rows.setdefault(entry["sensor"], []).append(entry)
        places.setdefault(entry["sensor"], []).append(place)
    tables = {}
    for sensor in _SENSORS:
        if sensor in rows:
            header = list(dict.fromkeys(key for row in rows[sensor] for key in row))
            columns = [[_text(row.get(key)) for row in rows[sensor]] for key in header]
            tables[sensor] = Table(
                f"{label}: {sensor}", header, columns, places[sensor], place="entry"
            )
    metadata = {key: _text(value) for key, value in rows.get("Metadata", [{}])[0].items()}
    return tables, metadata


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _track(table: Table, time: str, what: str) -> Track:
    clock = read_clock(table, table.need(time)[0])
    return read_track(table, clock, table.need("x", "y", "z"), what)


def _acceleration(
    export: Export, tables: dict[str, Table], time: str, metadata: dict[str, str]
) -> tuple[Track, list[str]]:
    """Specific force in g, and notes."""
    platform = metadata.get("platform", "").lower()
    if "TotalAcceleration" in tables:
        name, unit = "TotalAcceleration", "m/s²"
    elif "Accelerometer" in tables and (
        "Gravity" in tables or "AccelerometerUncalibrated" not in tables
    ):
        name, unit = "Accelerometer", "m/s²"
    elif "AccelerometerUncalibrated" in tables:
        name = "AccelerometerUncalibrated"
        unit = {"ios": "g", "android": "m/s²"}.get(platform, "")
    else:
        raise FormatError(
            f"{export.path} has no acceleration: found {', '.join(tables) or 'no known sensor'}; "
            "expected TotalAcceleration.csv, or Accelerometer.csv with Gravity.csv. "
            "Switch these sensors on and record again."
        )
    acc = _track(tables[name], time, "acceleration")
    notes = [f"acceleration from {name}"]
    if name == "Accelerometer" and "Gravity" in tables:
        gravity = _track(tables["Gravity"], time, "gravity")
        acc = _add(acc, gravity)
        notes = ["acceleration is Accelerometer plus Gravity, at the accelerometer's times"]
        notes += [note for note in gravity.notes if note not in acc.notes]
    sign, sign_note = _sign(platform, metadata)
    values, unit_notes = to_g(sign * acc.values, unit or None, tables[name].name)
    return replace(acc, values=values), [*notes, sign_note, *unit_notes]


def _add(acc: Track, gravity: Track) -> Track:
    """Add gravity, interpolated to the times of the acceleration."""
    shift_s = ((gravity.epoch_ns or 0) - (acc.epoch_ns or 0)) / 1e9
    order = np.argsort(gravity.time_s, kind="stable")
    time_s = gravity.time_s[order] + shift_s
    added = [np.interp(acc.time_s, time_s, gravity.values[order, axis]) for axis in range(3)]
    return replace(acc, values=acc.values + np.stack(added, axis=1))


def _sign(platform: str, metadata: dict[str, str]) -> tuple[int, str]:
    standardised = metadata.get("standardisation", "").lower() in ("true", "1", "yes")
    if platform == "ios" and not standardised:
        return -1, "signs of the acceleration turned: from iOS, not standardised"
    if platform:
        return 1, f"signs of the acceleration kept: from {platform}" + (
            ", standardised" if standardised else ""
        )
    return 1, (
        "signs of the acceleration kept: no metadata name the platform; from an iPhone they may "
        "be the other way"
    )
