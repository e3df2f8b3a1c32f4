"""Columns of time: seconds, times since 1970 in any unit, times of day, dates with times."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation

import numpy as np
from numpy.typing import NDArray

from harken.core.errors import FormatError
from harken.readers.cells import Table
from harken.readers.units import split_unit

#: How many of a unit make a second.
PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_NAMES = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
#: Seconds since 1970 that a recording's start may lie at: the years 2001 to 2099.
_FIRST_EPOCH_S, _LAST_EPOCH_S = 978_000_000, 4_102_000_000
_TIME_OF_DAY = re.compile(r"(\d{1,2}):(\d{2}):(\d{2})(?:([:.,])(\d{1,9}))?", re.ASCII)
_DAY_S = 86_400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, eq=False)
class Clock:
    """Times of the rows of a table.

    Attributes
    ----------
    time_s : (n_rows,) float64
        Seconds; NaN where the time is missing. From the first row's time on, if that is known as a
        time since 1970, else as in the file.
    epoch_ns : nanoseconds since 1970 (UTC) at second 0, where known
    note : what the column was taken as
    """

    time_s: NDArray[np.float64]
    epoch_ns: int | None
    note: str


def read_clock(table: Table, column: int) -> Clock:
    """Times of a table's rows, from one of its columns.

    The unit is what the column's name says, else told by the magnitude of the values (if they
    count from 1970) or of their steps.

    Raises
    ------
    FormatError
        The column holds no times.
    """
    cells = table.cells(column)
    first = next((cell.strip() for cell in cells if cell.strip()), "")
    if _TIME_OF_DAY.fullmatch(first):
        return _times_of_day(table, column, [cell.strip() for cell in cells])
    if re.match(r"\d{4}-\d\d", first):
        return _dates(table, column, [cell.strip() for cell in cells])
    values = table.numbers(column)
    known = np.flatnonzero(np.isfinite(values))
    if not len(known):
        raise FormatError(
            f"{table.name}: the column {table.header[column]!r} holds no time in any row. "
            "Name another column of times, or export the recording anew."
        )
    unit = _unit(table.header[column], values[known])
    if not _is_epoch(float(np.median(values[known])) / PER_SECOND[unit]):
        return Clock(values / PER_SECOND[unit], None, f"time taken as {_NAMES[unit]}")
    time_s = np.full(len(values), np.nan)
    first_exact, time_s[known] = _since_first([cells[row] for row in known.tolist()])
    per_second = PER_SECOND[unit]
    return Clock(
        time_s / per_second,
        int(first_exact * (1_000_000_000 // per_second)),
        f"time taken as {_NAMES[unit]} since 1970",
    )


def utc(epoch_ns: int | None) -> datetime | None:
    """The time of day of nanoseconds since 1970, where they lie in a year that is plausible."""
    if epoch_ns is None or not _is_epoch(epoch_ns / 1e9):
        return None
    return _EPOCH + timedelta(microseconds=epoch_ns // 1000)


def _unit(name: str, values: NDArray[np.float64]) -> str:
    told = split_unit(name)[1]
    middle = float(np.median(values))
    if told in PER_SECOND and middle / PER_SECOND[told] < _LAST_EPOCH_S:
        return told
    for unit, per_second in PER_SECOND.items():
        if _is_epoch(middle / per_second):
            return unit
    steps = np.diff(values)
    steps = steps[steps > 0]
    step = float(np.median(steps)) if len(steps) else 0.0
    # Phones give 20 to 400 samples a second: 0.0025 to 0.05 s, 2.5 to 50 ms, and so on.
    return "s" if step < 2 else "ms" if step < 1e3 else "us" if step < 1e6 else "ns"


def _is_epoch(seconds: float) -> bool:
    return _FIRST_EPOCH_S < seconds < _LAST_EPOCH_S


def _since_first(cells: Sequence[str]) -> tuple[int | Decimal, NDArray[np.float64]]:
    """The first value, and what each is beyond it.

    With all digits: a float has too few for nanoseconds since 1970.
    """
    try:
        whole = np.fromiter(map(int, cells), np.int64, len(cells))
        if whole.max() < 2**62 and whole.min() > -(2**62):  # so that no difference overflows
            return int(whole[0]), (whole - whole[0]).astype(np.float64)
    except (ValueError, OverflowError):
        pass
    exact = [_exact(cell.strip()) for cell in cells]
    return exact[0], np.array([float(value - exact[0]) for value in exact])


def _exact(cell: str) -> Decimal:
    text = cell.replace(",", ".")
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal(float(text))


def _times_of_day(table: Table, column: int, cells: list[str]) -> Clock:
    seconds = np.full(len(cells), np.nan)
    for row, cell in enumerate(cells):
        match = _TIME_OF_DAY.fullmatch(cell)
        if match:
            hour, minute, second, mark, rest = match.groups()
            seconds[row] = int(hour) * 3600 + int(minute) * 60 + int(second)
            if rest:  # after a colon these are milliseconds, after a point a fraction
                seconds[row] += int(rest) / (1e3 if mark == ":" else 10 ** len(rest))
        elif cell:
            table.refuse(row, column, "a time of day such as 14:03:27:120")
    known = np.flatnonzero(np.isfinite(seconds))
    values = seconds[known]
    midnights = np.cumsum(np.diff(values, prepend=values[0]) < -_DAY_S / 2)
    seconds[known] = values - values[0] + midnights * _DAY_S
    return Clock(
        seconds, None, "time taken as time of day, from the first row on; the date is not known"
    )


def _dates(table: Table, column: int, cells: list[str]) -> Clock:
    microseconds: list[int | None] = []
    zoned = True
    for row, cell in enumerate(cells):
        if not cell:
            microseconds.append(None)
            continue
        try:
            moment = datetime.fromisoformat(cell)
        except ValueError:
            table.refuse(row, column, "a date and time such as 2024-05-01T14:03:27.120+02:00")
        zoned = zoned and moment.tzinfo is not None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        microseconds.append((moment - _EPOCH) // timedelta(microseconds=1))
    origin = next(value for value in microseconds if value is not None)
    time_s = np.array(
        [np.nan if value is None else (value - origin) / 1e6 for value in microseconds], float
    )
    note = "time taken as date and time"
    if not zoned:
        return Clock(time_s, None, f"{note}, from the first row on; its time zone is not known")
    return Clock(time_s, origin * 1000, note)
