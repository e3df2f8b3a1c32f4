"""Plain tables: a CSV with columns for time, acceleration and perhaps angular velocity."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harken.errors import FormatError
from harken.recording import STANDARD_GRAVITY, Recording, on_one_clock

#: Names of columns after `_plain`, by what they mean.
_SENSOR = {
    "acc": r"(?:total)?(?:acc|accel|accelerometer|acceleration|a)",
    "gyro": r"(?:gyro|gyr|gyroscope|w|g)",
}
_TIME = ("time", "times", "t", "timestamp", "seconds", "secondselapsed", "elapsed", "timeseconds")
#: Unit of a time column by the magnitude of its first value, when it counts from 1970.
_EPOCH_UNITS = (
    (1e17, 1e9, "nanoseconds"),
    (1e14, 1e6, "microseconds"),
    (1e11, 1e3, "milliseconds"),
)


def read_table(path: Path) -> Recording:
    """Read a CSV of one recording.

    Columns are found by name: time (`time_s`, `timestamp`, ...), `acc_x`, `accX`, `ax`, ... and
    likewise for the gyroscope. Acceleration in g or m/s² is told by its magnitude.

    Raises
    ------
    FormatError
        No such file, unknown columns, a cell that is no number, times that do not increase.
    """
    header, rows = _read_cells(path)
    columns = _find_columns(header, path)
    values = _to_numbers(rows, header, columns, path)
    time_s, time_note = _seconds(values[:, 0])
    _check_times(time_s, path)
    acc, acc_note = _to_g(values[:, 1:4], path)
    has_gyro = len(columns) > 4
    return on_one_clock(
        time_s,
        np.hstack([acc, values[:, 4:]]),
        source=path.name,
        notes=(
            time_note,
            acc_note,
            "gyroscope taken as rad/s" if has_gyro else "no gyroscope",
        ),
    )


def _read_cells(path: Path) -> tuple[list[str], list[list[str]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise FormatError(f"{path} is not a text file in UTF-8.") from None
    if "\0" in text:
        raise FormatError(f"{path} is not a text file.")
    delimiter = max(",;\t", key=text.split("\n", 1)[0].count)
    rows = [row for row in csv.reader(text.splitlines(), delimiter=delimiter) if row]
    if len(rows) < 3:
        raise FormatError(f"{path} has {max(0, len(rows) - 1)} rows of samples; needs at least 2.")
    return rows[0], rows[1:]


def _plain(name: str) -> str:
    """A column's name without units, marks and case: "Acc X (m/s^2)" becomes "accx"."""
    return re.sub(r"[^a-z]", "", re.sub(r"\(.*?\)|\[.*?\]|_(s|g|rad_s|ms2)$", "", name.lower()))


def _find_columns(header: list[str], path: Path) -> list[int]:
    """Positions of time, acceleration x, y, z and, if there, angular velocity x, y, z."""
    plain = [_plain(name) for name in header]
    time = [i for i, name in enumerate(plain) if name in _TIME]
    found = {kind: [_axis_column(plain, kind, axis) for axis in "xyz"] for kind in _SENSOR}
    if not time or None in found["acc"]:
        raise FormatError(
            f"{path}: the columns are {', '.join(header)}. Needed are a time column (such as "
            "time_s) and acceleration by axis (acc_x, acc_y, acc_z), optionally angular velocity "
            "(gyro_x, gyro_y, gyro_z). Rename the columns."
        )
    has_gyro = None not in found["gyro"]
    chosen = [time[0], *found["acc"], *(found["gyro"] if has_gyro else [])]
    return [column for column in chosen if column is not None]


def _axis_column(plain: list[str], kind: str, axis: str) -> int | None:
    sensor = _SENSOR[kind]
    pattern = re.compile(f"{sensor}{axis}|{axis}{sensor}")
    matches = [i for i, name in enumerate(plain) if pattern.fullmatch(name)]
    return matches[0] if matches else None


def _to_numbers(
    rows: list[list[str]], header: list[str], columns: list[int], path: Path
) -> NDArray[np.float64]:
    try:
        values = np.array([[row[c] for c in columns] for row in rows], dtype=np.float64)
    except (ValueError, IndexError):
        values = None
    if values is not None and np.isfinite(values).all():
        return values
    raise FormatError(_first_bad_cell(rows, header, columns, path))


def _first_bad_cell(
    rows: list[list[str]], header: list[str], columns: list[int], path: Path
) -> str:
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            return f"{path}, line {number}: found {len(row)} cells; expected {len(header)}."
        for column in columns:
            try:
                good = bool(np.isfinite(float(row[column])))
            except ValueError:
                good = False
            if not good:
                return (
                    f"{path}, line {number}, column {header[column]!r}: found {row[column]!r}; "
                    "expected a number. Remove such rows at the start or end, or fill them."
                )
    return f"{path} cannot be read as numbers."


def _seconds(time: NDArray[np.float64]) -> tuple[NDArray[np.float64], str]:
    for least, per_second, name in _EPOCH_UNITS:
        if time[0] > least:
            return (time - time[0]) / per_second, f"time taken as {name} since 1970"
    if time[0] > 1e8:
        return time - time[0], "time taken as seconds since 1970"
    return time, "time taken as seconds"


def _check_times(time_s: NDArray[np.float64], path: Path) -> None:
    bad = np.flatnonzero(np.diff(time_s) <= 0)
    if len(bad):
        raise FormatError(
            f"{path}, line {bad[0] + 3}: time {time_s[bad[0] + 1]:g} s follows "
            f"{time_s[bad[0]]:g} s; times must increase from row to row."
        )


def _to_g(acc: NDArray[np.float64], path: Path) -> tuple[NDArray[np.float64], str]:
    size = float(np.median(np.linalg.norm(acc, axis=1)))
    if 0.7 < size < 1.5:
        return acc, f"acceleration taken as g (median size {size:.2f})"
    if 0.7 < size / STANDARD_GRAVITY < 1.5:
        return acc / STANDARD_GRAVITY, f"acceleration taken as m/s² (median size {size:.2f})"
    raise FormatError(
        f"{path}: the median size of the acceleration is {size:.3g}; with gravity it is near 1 "
        "in g or near 9.8 in m/s². Near 0, gravity was taken out: export the acceleration that "
        "includes it."
    )
