"""Sensor Data Collector (Android), as in RealWorld-HAR: one CSV a sensor, told by its file name."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import PurePosixPath

from harken.core.errors import FormatError
from harken.core.recording import Recording
from harken.readers.clock import read_clock
from harken.readers.export import Export
from harken.readers.tracks import Track, join, read_track
from harken.readers.units import to_g, to_rad_s

NAME = "sensor-data-collector"
DESCRIPTION = "Sensor Data Collector (Android, RealWorld-HAR): CSV, zip or folder"

_TIME = "attr_time"
_AXES = ("attr_x", "attr_y", "attr_z")


def matches(export: Export) -> bool:
    """Whether this is Sensor Data Collector's."""
    return bool(_members(export))


def _members(export: Export) -> list[str]:
    return [n for n in export.names(".csv") if {_TIME, *_AXES} <= set(export.header(n))]


def read(export: Export) -> Recording:
    """Read an export of Sensor Data Collector.

    Raises
    ------
    FormatError
        No accelerometer, several of them, or a cell that cannot be read.
    """
    names = _members(export)
    acc_name = _the_one(export, names, r"acc(?!.*gyr)", "acceleration (acc_*.csv)")
    gyro_name = _the_one(export, names, r"gyr", "angular velocity (Gyroscope_*.csv)")
    notes: list[str] = []
    if acc_name is None and gyro_name is None and len(names) == 1:
        acc_name = names[0]
        notes.append("taken as acceleration: the file name tells no sensor")
    if acc_name is None:
        raise FormatError(
            f"{export.path} has no acceleration: found {', '.join(names)}; expected a file such as "
            "acc_walking_waist.csv. Put it beside the others."
        )
    acc = _track(export, acc_name, "acceleration")
    values, acc_notes = to_g(acc.values, None, export.label(acc_name))
    notes += acc_notes
    gyro = None
    if gyro_name is not None:
        gyro = _track(export, gyro_name, "angular velocity")
        turned, gyro_notes = to_rad_s(gyro.values, None)
        gyro, notes = replace(gyro, values=turned), notes + gyro_notes
    return join(export, replace(acc, values=values), gyro, notes)


def _the_one(export: Export, names: list[str], pattern: str, what: str) -> str | None:
    """The only member whose file name starts so."""
    found = [n for n in names if re.match(pattern, PurePosixPath(n).name, re.IGNORECASE)]
    if len(found) > 1:
        raise FormatError(
            f"{export.path} holds {len(found)} files of {what}: {', '.join(found[:3])}, ... . "
            "A recording has one of each; give them one by one."
        )
    return found[0] if found else None


def _track(export: Export, name: str, what: str) -> Track:
    table = export.table(name)
    return read_track(table, read_clock(table, table.need(_TIME)[0]), table.need(*_AXES), what)
