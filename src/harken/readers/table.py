"""Any table: columns for time and acceleration, perhaps for angular velocity, label and subject.

Columns are found by common names, or named by the user. CSV with any separator, and Parquet.
"""

from __future__ import annotations

import importlib.util
import io
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from harken.core.errors import FormatError, MissingExtraError, UnknownNameError
from harken.core.recording import ACC_CHANNELS, GYRO_CHANNELS, Recording, Span
from harken.readers.cells import Table
from harken.readers.clock import read_clock
from harken.readers.export import Export
from harken.readers.tracks import Track, join, read_gyroscope, read_track
from harken.readers.units import split_unit, to_g, unit_of

NAME = "table"
DESCRIPTION = "Any table with columns for time and acceleration: CSV, TSV, Parquet"

#: What a column can be, for `--columns`.
ROLES = ("time", *ACC_CHANNELS, *GYRO_CHANNELS, "label", "subject")
_TEXT = (".csv", ".tsv", ".txt", ".dat")
_PARQUET = (".parquet", ".pq")
#: Names of columns without units, marks and case, by what they mean.
_SENSOR = {
    "acc": r"(?:total)?(?:acc|accel|accelerometer|acceleration|a)",
    "gyro": r"(?:gyro|gyr|gyroscope|w|g)",
}
_NAMES = {
    "time": r"times?|timestamps?|seconds|(?:seconds)?elapsed|datetime|epoch",
    "label": r"labels?|activity|activities",
    "subject": r"subjects?|subjectid|users?|userid|participant|person",
} | {
    f"{kind}_{axis}": f"{sensor}{axis}|{axis}{sensor}"
    for kind, sensor in _SENSOR.items()
    for axis in "xyz"
}


def matches(export: Export) -> bool:
    """Whether there is a table in it."""
    return bool(export.names(*_TEXT, *_PARQUET))


def read(export: Export, columns: Mapping[str, str] | None = None) -> Recording:
    """Read a table of one recording.

    Parameters
    ----------
    export : the file, or a folder or zip that holds only that
    columns : names of columns by role, of `ROLES`; the others are found by common names

    Raises
    ------
    FormatError
        Unknown columns, a cell that is no number, too few rows.
    """
    table = _table(export)
    found = _find_columns(table, columns or {})
    acc_columns = [found[role] for role in ACC_CHANNELS]
    gyro_columns = [found[role] for role in GYRO_CHANNELS if role in found]
    clock = read_clock(table, found["time"])
    acc = read_track(table, clock, acc_columns, "acceleration")
    values, notes = to_g(acc.values, _unit(table, acc_columns), table.name)
    acc = replace(acc, values=values)
    gyro = None
    if len(gyro_columns) == 3:
        unit = _unit(table, gyro_columns)
        gyro, gyro_notes = read_gyroscope(table, clock, gyro_columns, unit)
        notes += gyro_notes
    elif gyro_columns:
        names = ", ".join(repr(table.header[column]) for column in gyro_columns)
        notes.append(f"{names} not used: a gyroscope needs three axes")
    return join(
        export,
        acc,
        gyro,
        notes,
        spans=_spans(table, found["label"], acc) if "label" in found else (),
        subject=_subject(table, found["subject"]) if "subject" in found else None,
    )


def _unit(table: Table, columns: list[int]) -> str | None:
    return unit_of([table.header[column] for column in columns])


def _table(export: Export) -> Table:
    names = export.names(*_TEXT, *_PARQUET)
    if len(names) != 1:
        raise FormatError(
            f"{export.path} holds {len(names)} tables; a recording is one. Give one of them."
        )
    if names[0].lower().endswith(_PARQUET):
        return _parquet(export.bytes_of(names[0]), export.label(names[0]))
    return export.table(names[0])


def _parquet(data: bytes, name: str) -> Table:
    if importlib.util.find_spec("pyarrow") is None:
        raise MissingExtraError("pyarrow", "table", "Reading Parquet")
    import pyarrow
    import pyarrow.parquet

    try:
        found = pyarrow.parquet.read_table(io.BytesIO(data))
        columns = [_texts(_in_microseconds(column).to_pylist()) for column in found.columns]
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise FormatError(f"{name} is not a whole Parquet file ({error}).") from None
    if found.num_rows < 2:
        raise FormatError(f"{name} has {found.num_rows} rows of samples; needs at least 2.")
    return Table(name, found.column_names, columns, range(1, found.num_rows + 1), place="row")


def _in_microseconds(column: Any) -> Any:
    """Times in nanoseconds, as pandas writes them, rounded to what Python's own can hold."""
    import pyarrow

    kind = column.type
    if not pyarrow.types.is_temporal(kind) or getattr(kind, "unit", "") != "ns":
        return column
    if pyarrow.types.is_timestamp(kind):
        return column.cast(pyarrow.timestamp("us", kind.tz), safe=False)
    coarser = pyarrow.time64 if pyarrow.types.is_time(kind) else pyarrow.duration
    return column.cast(coarser("us"), safe=False)


def _texts(values: list[object]) -> list[str]:
    return ["" if value is None else str(value) for value in values]


def _find_columns(table: Table, given: Mapping[str, str]) -> dict[str, int]:
    """Positions of columns by role."""
    found: dict[str, int] = {}
    for role, name in given.items():
        if role not in ROLES:
            raise UnknownNameError("role of a column", role, ROLES)
        if name not in table.header:
            raise FormatError(
                f"{table.name} has no column {name!r} for {role}; the columns are "
                f"{', '.join(table.header)}."
            )
        found[role] = table.header.index(name)
    plain = [re.sub(r"[^a-z]", "", split_unit(name)[0].lower()) for name in table.header]
    for role, pattern in _NAMES.items():
        place = next((i for i, name in enumerate(plain) if re.fullmatch(pattern, name)), None)
        if place is not None:
            found.setdefault(role, place)
    if "time" not in found and "t" in plain:  # only then: T may be a temperature
        found["time"] = plain.index("t")
    missing = [role for role in ("time", *ACC_CHANNELS) if role not in found]
    if missing:
        raise FormatError(
            f"{table.name}: the columns are {', '.join(table.header)}. Needed are a time column "
            "(such as time_s) and acceleration by axis (acc_x, acc_y, acc_z), optionally angular "
            f"velocity (gyro_x, gyro_y, gyro_z); not found: {', '.join(missing)}. Rename the "
            "columns, or tell which is which with --columns."
        )
    used = (f"{role} is {table.header[found[role]]!r}" for role in ROLES if role in found)
    table.note(f"columns: {', '.join(used)}")
    return found


def _spans(table: Table, column: int, acc: Track) -> tuple[Span, ...]:
    """Stretches of equal labels; each ends where the next sample after it starts."""
    cells = table.cells(column)
    labels = np.array([cells[row].strip() for row in acc.rows])
    starts = np.flatnonzero(np.concatenate([[True], labels[1:] != labels[:-1]]))
    steps = np.diff(acc.time_s)
    steps = steps[steps > 0]
    end_s = acc.time_s[-1] + (float(np.median(steps)) if len(steps) else 0.0)
    edges = [*acc.time_s[starts], end_s]
    return tuple(
        Span(float(edges[i]), float(edges[i + 1]), str(labels[start]))
        for i, start in enumerate(starts)
        if labels[start]
    )


def _subject(table: Table, column: int) -> str | None:
    subjects = {cell.strip() for cell in table.cells(column)} - {""}
    if len(subjects) > 1:
        shown = ", ".join(sorted(subjects)[:3])
        raise FormatError(
            f"{table.name}, column {table.header[column]!r}: found {len(subjects)} subjects "
            f"({shown}, ...); a recording is of one person. Split the file by subject."
        )
    return subjects.pop() if subjects else None
