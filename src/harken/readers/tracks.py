"""From columns of a table to a sensor, and from sensors to a recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harken.core.errors import FormatError
from harken.core.recording import Recording, Sensor
from harken.readers.cells import Table
from harken.readers.clock import Clock, utc
from harken.readers.export import Export
from harken.readers.units import to_rad_s


@dataclass(frozen=True, eq=False)
class Track:
    """One sensor as an export gives it.

    Attributes
    ----------
    time_s : (n_samples,) seconds
    values : (n_samples, 3)
    epoch_ns : nanoseconds since 1970 at second 0, where known
    rows : (n_samples,) rows of the table that they came from
    notes : what was inferred and left out
    """

    time_s: NDArray[np.float64]
    values: NDArray[np.float64]
    epoch_ns: int | None
    rows: NDArray[np.intp]
    notes: tuple[str, ...]


def read_track(
    table: Table,
    clock: Clock,
    columns: Sequence[int],
    what: str,
    *,
    alternates: bool = False,
) -> Track:
    """Samples of a sensor: the rows of a table that hold a time and all three values.

    Parameters
    ----------
    table, clock : where to read
    columns : of x, y and z
    what : the sensor, for messages ("acceleration")
    alternates : whether the app writes one sensor a row, so that most cells may be empty

    Raises
    ------
    FormatError
        Too few rows are complete.
    """
    values = np.stack([table.numbers(column) for column in columns], axis=1)
    complete = np.isfinite(values).all(axis=1) & np.isfinite(clock.time_s)
    rows = np.flatnonzero(complete)
    n, lost = len(table), len(table) - len(rows)
    if len(rows) < 2 or (lost > n / 2 and not alternates):
        gaps = np.isnan(values).sum(axis=0)
        worst = columns[int(np.argmax(gaps))]
        lacking = table.place_of(int(np.argmin(complete)), worst).removeprefix(table.name + ", ")
        raise FormatError(
            f"{table.name}: only {len(rows):,} of {n:,} rows hold a time and all of the {what}; "
            f"column {table.header[worst]!r} is empty in {int(gaps.max()):,} "
            f"(the first that lacks something: {lacking}). "
            "Export the recording anew with this sensor switched on."
        )
    notes = (clock.note, *table.notes)
    if lost:
        first = int(np.flatnonzero(~complete)[0])
        notes += (
            f"{lost:,} of {n:,} rows without {what} left out "
            f"(the first: {table.place_of(first, columns[0]).removeprefix(table.name + ', ')})",
        )
    time_s, epoch_ns = clock.time_s[rows], clock.epoch_ns
    if epoch_ns is not None:
        epoch_ns += round(time_s[0] * 1e9)
        time_s = time_s - time_s[0]
    return Track(time_s, values[rows], epoch_ns, rows, notes)


def read_gyroscope(
    table: Table,
    clock: Clock,
    columns: Sequence[int],
    unit: str | None,
    *,
    alternates: bool = False,
) -> tuple[Track | None, list[str]]:
    """Angular velocity in rad/s, or None where its columns are empty; and notes on it.

    Arguments as for `read_track`; `unit` is that of the columns, None where it is not known.

    Raises
    ------
    FormatError
        Too few rows are complete.
    """
    if is_empty(table, columns):
        return None, ["the columns of the gyroscope are empty"]
    track = read_track(table, clock, columns, "angular velocity", alternates=alternates)
    values, notes = to_rad_s(track.values, unit)
    return replace(track, values=values), notes


def is_empty(table: Table, columns: Sequence[int]) -> bool:
    """Whether none of the columns holds a value, as where a phone lacks the sensor."""
    return all(not any(map(str.strip, table.cells(column))) for column in columns)


def join(
    export: Export,
    acc: Track,
    gyro: Track | None,
    notes: Sequence[str],
    *,
    from_first: bool = False,
    **about: Any,
) -> Recording:
    """A recording of tracks whose values are in g and rad/s already, on the clock of `acc`.

    Parameters
    ----------
    export : where it came from
    acc, gyro : the sensors
    notes : on units and signs; those of the tracks come before them
    from_first : let second 0 be the first acceleration, whatever the export counts from
    about : further fields of `Recording`
    """
    shift_s = 0.0
    if gyro is not None and acc.epoch_ns is not None and gyro.epoch_ns is not None:
        shift_s = (gyro.epoch_ns - acc.epoch_ns) / 1e9
    zero_s = acc.time_s[0] if from_first else 0.0
    about.setdefault("start_utc", utc(acc.epoch_ns))
    all_notes = [*acc.notes, *(gyro.notes if gyro else ()), *notes]
    if gyro is None:
        all_notes.append("no gyroscope")
    return Recording(
        acc=Sensor(acc.time_s - zero_s, acc.values),
        gyro=None if gyro is None else Sensor(gyro.time_s + (shift_s - zero_s), gyro.values),
        source=export.path.name,
        notes=tuple(dict.fromkeys(all_notes)),
        **about,
    )
