"""phyphox: a zip of `Raw Data.csv` and `meta/`, or one CSV, in any of its five dialects.

The experiment's time stands still while it is paused; `meta/time.csv` tells when, so that a pause
becomes a gap.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np

from harken.core.errors import FormatError
from harken.core.recording import Recording
from harken.readers.cells import Table
from harken.readers.clock import read_clock, utc
from harken.readers.export import Export
from harken.readers.tracks import Track, is_empty, join, read_track
from harken.readers.units import to_g, to_rad_s

NAME = "phyphox"
DESCRIPTION = "phyphox (iOS, Android): zip, folder or CSV"

_TIME = "Time (s)"
_KINDS = {
    kind: tuple(f"{kind} {axis} ({unit})" for axis in "xyz")
    for kind, unit in (
        ("Acceleration", "m/s^2"),
        ("Linear Acceleration", "m/s^2"),
        ("Gyroscope", "rad/s"),
    )
}


def matches(export: Export) -> bool:
    """Whether this is phyphox's."""
    headers = [set(export.header(name)) for name in export.names(".csv", ".tsv", ".txt")]
    return any(
        _TIME in header and any(header.issuperset(names) for names in _KINDS.values())
        for header in headers
    )


def read(export: Export) -> Recording:
    """Read an export of phyphox.

    Raises
    ------
    FormatError
        No acceleration in it, or a file that cannot be read.
    """
    tables = _tables(export)
    kind = "Acceleration" if "Acceleration" in tables else "Linear Acceleration"
    if kind not in tables:
        raise FormatError(
            f"{export.path} has no acceleration: found {', '.join(tables) or 'no known sensor'}; "
            f"expected columns such as {_KINDS['Acceleration'][0]!r}. Record with an experiment "
            "that takes the acceleration with gravity."
        )
    pauses = _Pauses(export)
    acc = pauses.undo(_track(tables[kind], kind, "acceleration"))
    values, notes = to_g(acc.values, "m/s²", tables[kind].name)
    gyro = None
    if "Gyroscope" in tables and is_empty(
        tables["Gyroscope"], tables["Gyroscope"].need(*_KINDS["Gyroscope"])
    ):
        notes.append("the columns of the gyroscope are empty")
    elif "Gyroscope" in tables:
        gyro = pauses.undo(_track(tables["Gyroscope"], "Gyroscope", "angular velocity"))
        turned, gyro_notes = to_rad_s(gyro.values, "rad/s")
        gyro, notes = replace(gyro, values=turned), notes + gyro_notes
    return join(
        export,
        replace(acc, values=values),
        gyro,
        notes + pauses.notes,
        start_utc=pauses.start_utc,
    )


def _tables(export: Export) -> dict[str, Table]:
    """The table that holds each kind of columns."""
    tables: dict[str, Table] = {}
    for name in export.names(".csv", ".tsv", ".txt"):
        header = set(export.header(name))
        kinds = [kind for kind, names in _KINDS.items() if header.issuperset(names)]
        if not kinds or _TIME not in header:
            continue
        if twice := [kind for kind in kinds if kind in tables]:
            raise FormatError(
                f"{export.path} holds {twice[0]} in several files, {name} among them: it is more "
                "than one recording. Give one of them."
            )
        tables |= dict.fromkeys(kinds, export.table(name))
    return tables


def _track(table: Table, kind: str, what: str) -> Track:
    clock = read_clock(table, table.need(_TIME)[0])
    return read_track(table, clock, table.need(*_KINDS[kind]), what)


class _Pauses:
    """What `meta/time.csv` tells of starts and pauses."""

    def __init__(self, export: Export) -> None:
        self.notes: list[str] = []
        self.start_utc: datetime | None = None
        self._experiment_s = self._system_s = np.zeros(1)
        name = next((n for n in export.names("time.csv") if n.endswith("meta/time.csv")), None)
        if name is None:
            self.notes.append("no meta/time.csv: pauses cannot be told")
            return
        table = export.table(name, at_least=0)
        event, experiment, system = table.need("event", "experiment time", "system time")
        starts = [i for i, cell in enumerate(table.cells(event)) if cell.strip() == "START"]
        times = [table.numbers(column)[starts] for column in (experiment, system)]
        if not starts or not np.isfinite(times).all():
            self.notes.append("meta/time.csv tells no start: pauses cannot be told")
            return
        self._experiment_s, self._system_s = times
        self.start_utc = utc(round((self._system_s[0] - self._experiment_s[0]) * 1e6) * 1000)
        if len(starts) > 1:
            lengths = np.diff(self._system_s - self._experiment_s)
            self.notes.append(
                f"{len(lengths)} pause{'s' * (len(lengths) > 1)} of {lengths.sum():.1f} s in all "
                "put back into the times, from meta/time.csv"
            )

    def undo(self, track: Track) -> Track:
        """Let the time run on during pauses."""
        part = np.searchsorted(self._experiment_s, track.time_s, side="right") - 1
        shift_s = self._system_s - self._experiment_s
        return replace(track, time_s=track.time_s + (shift_s - shift_s[0])[np.maximum(part, 0)])
