"""Physics Toolbox Sensor Suite: one CSV, known from other people's programs that read it.

Its multi-record mode writes one sensor a row and leaves the cells of the others empty.
"""

from __future__ import annotations

from dataclasses import replace

from harken.core.errors import FormatError
from harken.core.recording import Recording
from harken.readers.clock import read_clock
from harken.readers.export import Export
from harken.readers.tracks import join, read_gyroscope, read_track
from harken.readers.units import to_g

NAME = "physics-toolbox"
DESCRIPTION = "Physics Toolbox Sensor Suite (iOS, Android): CSV"

#: Columns of the acceleration with gravity and without it, their sums, and their units.
_ACC = (
    (("gFx", "gFy", "gFz"), {"TgF", "gFx"}, "g"),
    (("ax", "ay", "az"), {"aT"}, "m/s²"),
)
_GYRO = ("wx", "wy", "wz")


def matches(export: Export) -> bool:
    """Whether this is Physics Toolbox's."""
    return _member(export) is not None


def _member(export: Export) -> str | None:
    for name in export.names(".csv", ".txt"):
        header = set(export.header(name))
        for names, signs, _ in _ACC:
            if "time" in header and header.issuperset(names) and header & signs:
                return name
    return None


def read(export: Export) -> Recording:
    """Read an export of Physics Toolbox.

    Raises
    ------
    FormatError
        No acceleration in it, or a cell that cannot be read.
    """
    name = _member(export)
    if name is None:
        raise FormatError(f"{export.path} holds no table of Physics Toolbox.")
    table = export.table(name)
    clock = read_clock(table, table.need("time")[0])
    found = [(table.find(*names), unit) for names, _, unit in _ACC]
    columns, unit = next((c, u) for c, u in found if c)
    acc = read_track(table, clock, columns or [], "acceleration", alternates=True)
    values, notes = to_g(acc.values, unit, table.name)
    gyro = None
    if rates := table.find(*_GYRO):
        gyro, gyro_notes = read_gyroscope(table, clock, rates, "rad/s", alternates=True)
        notes += gyro_notes
    return join(export, replace(acc, values=values), gyro, notes)
