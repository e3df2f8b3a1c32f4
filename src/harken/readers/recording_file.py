"""One recording of a collection: a Parquet file that streams through, whatever its length.

A row for each moment at which a sensor gave a sample, in the order in which they came: seconds on
the recording's clock, acceleration in g, angular velocity in rad/s, and the label if there is one.
Where the sensors keep clocks of their own, each has nulls in the other's rows. Values are float32,
times float64; nothing is resampled. What else is known stands in the file's metadata, as JSON under
the key `harken`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from harken.core.errors import FormatError, storing
from harken.core.files import replacing
from harken.core.json_fields import JsonFields
from harken.core.recording import Recording, Sensor, Span

VERSION = 1
ACC = ("acc_x_g", "acc_y_g", "acc_z_g")
GYRO = ("gyro_x_rad_s", "gyro_y_rad_s", "gyro_z_rad_s")
#: Rows that are read and written at once: 22 minutes at 50 Hz.
ROW_GROUP = 65_536
#: Stretches that a sketch of a long recording is made of.
_SKETCHES = 8
_KEY = b"harken"
#: What pyarrow raises where a file is not what it should be.
_BROKEN = (OSError, ValueError, pa.ArrowException)
_MOST_SPANS = 10**6


@dataclass(frozen=True)
class About:
    """What is known of a recording beside its samples.

    Attributes
    ----------
    subject, placement, source, start_utc, notes : as of `Recording`
    source_sha256 : of the file that it was imported from
    acc_rate_hz, gyro_rate_hz : samples a second, about; None without a gyroscope
    n_acc, n_gyro : how many samples
    first_s, last_s : times of the first and the last acceleration
    """

    subject: str
    placement: str | None
    source: str
    start_utc: datetime | None
    notes: tuple[str, ...]
    source_sha256: str
    acc_rate_hz: float
    gyro_rate_hz: float | None
    n_acc: int
    n_gyro: int
    first_s: float
    last_s: float

    @property
    def hours(self) -> float:
        return (self.last_s - self.first_s) / 3600


def write_recording(recording: Recording, path: Path, *, source_sha256: str) -> None:
    """Write a recording, whole or not at all.

    Raises
    ------
    StorageError
        The disk is full, or there is no permission.
    """
    acc, gyro = recording.acc, recording.gyro
    about = {
        "version": VERSION,
        "subject": recording.subject or "",
        "placement": recording.placement,
        "source": recording.source,
        "start_utc": recording.start_utc and recording.start_utc.isoformat(),
        "notes": list(recording.notes),
        "source_sha256": source_sha256,
        "acc_rate_hz": acc.rate_hz,
        "gyro_rate_hz": None if gyro is None else gyro.rate_hz,
        "n_acc": len(acc),
        "n_gyro": 0 if gyro is None else len(gyro),
        "first_s": float(acc.time_s[0]),
        "last_s": float(acc.time_s[-1]),
        "spans": [[span.start_s, span.end_s, span.label] for span in recording.spans],
    }
    time_s, of_acc, of_gyro = _merged(acc, gyro)
    schema = _schema(gyroscope=gyro is not None).with_metadata({_KEY: json.dumps(about)})
    with storing(path), replacing(path) as file:
        # Times compress by their differences, values by their bytes.
        writer = pq.ParquetWriter(
            file, schema, compression="zstd", use_dictionary=["label"],
            column_encoding={name: "BYTE_STREAM_SPLIT" for name in schema.names if name != "label"},
        )  # fmt: skip
        with writer:
            for first in range(0, len(time_s), ROW_GROUP):
                part = slice(first, first + ROW_GROUP)
                columns = [pa.array(time_s[part]), *_columns(acc.values, of_acc[part])]
                if gyro is not None:
                    columns += _columns(gyro.values, of_gyro[part])
                columns.append(_labels(recording.spans, time_s[part]))
                writer.write_table(pa.table(columns, schema=schema))


def _schema(*, gyroscope: bool) -> pa.Schema:
    fields = [pa.field("time_s", pa.float64(), nullable=False)]
    fields += [pa.field(name, pa.float32()) for name in (*ACC, *(GYRO if gyroscope else ()))]
    return pa.schema([*fields, pa.field("label", pa.string())])


def _merged(
    acc: Sensor, gyro: Sensor | None
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Times of all rows, and which sample of each sensor stands in them; -1 for none.

    Each sensor's samples stay in the order in which they came, even where their times do not.
    """
    n = len(acc)
    every = np.arange(n)
    if gyro is None or np.array_equal(acc.time_s, gyro.time_s):
        return acc.time_s, every, every
    nothing = np.full(n, -1), np.full(len(gyro), -1)
    key = np.concatenate([np.maximum.accumulate(acc.time_s), np.maximum.accumulate(gyro.time_s)])
    order = np.argsort(key, kind="stable")
    time_s = np.concatenate([acc.time_s, gyro.time_s])[order]
    of_acc = np.concatenate([every, nothing[1]])[order]
    of_gyro = np.concatenate([nothing[0], np.arange(len(gyro))])[order]
    return time_s, of_acc, of_gyro


def _columns(values: NDArray[np.float64], index: NDArray[np.int64]) -> list[pa.Array]:
    absent = index < 0
    taken = values[index].astype(np.float32)
    return [pa.array(np.ascontiguousarray(column), mask=absent) for column in taken.T]


def _labels(spans: tuple[Span, ...], time_s: NDArray[np.float64]) -> pa.Array:
    found = np.full(len(time_s), None, object)
    for span in spans:
        found[(time_s >= span.start_s) & (time_s < span.end_s)] = span.label
    return pa.array(found, pa.string())


class RecordingFile:
    """A recording of a collection, opened for reading a piece at a time.

    Parameters
    ----------
    file : the Parquet file
    name : what messages call it; a path speaks for itself

    Attributes
    ----------
    about : what is known of it beside its samples
    spans : labelled stretches

    Raises
    ------
    FormatError
        It is no such file, or damaged.
    """

    def __init__(self, file: Path | BinaryIO, name: str = "") -> None:
        self._name = name or str(file)
        try:
            self._file = pq.ParquetFile(file)
        except _BROKEN as error:
            raise FormatError(
                f"{self._name} cannot be read as Parquet: {_first_line(error)}"
            ) from None
        schema = self._file.schema_arrow
        self._has_gyro = GYRO[0] in schema.names
        expected = _schema(gyroscope=self._has_gyro)
        if schema.remove_metadata() != expected:
            raise FormatError(
                f"{self._name} is no recording of a collection: its columns are "
                f"{', '.join(schema.names)}; expected {', '.join(expected.names)}."
            )
        self.about, self.spans = _parsed((schema.metadata or {}).get(_KEY), self._name)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> RecordingFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def pieces(self) -> Iterator[tuple[Sensor, Sensor | None]]:
        """The samples of both sensors, a row group at a time.

        Raises
        ------
        FormatError
            The file is damaged there.
        """
        for number in range(self.n_pieces):
            yield self._piece(number)

    def read(self) -> Recording:
        """All of it."""
        return self._recording(list(range(self.n_pieces)))

    def accelerations(self) -> Iterator[Sensor]:
        """The samples of the accelerometer alone, a row group at a time.

        Raises
        ------
        FormatError
            The file is damaged there.
        """
        for number in range(self.n_pieces):
            yield self._piece(number, gyro=False)[0]

    def sketch(self, most_rows: int) -> Recording:
        """All of it, or evenly spread stretches where it has more rows.

        The first begins at the start, the last ends at the end.
        """
        if self._file.metadata.num_rows <= most_rows:
            return self.read()
        n = min(_SKETCHES, self.n_pieces)
        chosen = np.linspace(0, self.n_pieces - 1, n).round().astype(int).tolist()
        return self._recording(chosen, most_rows // n)

    @cached_property
    def n_pieces(self) -> int:
        """Row groups."""
        return int(self._file.num_row_groups)

    def _piece(
        self, number: int, *, gyro: bool = True, share: tuple[float, int] | None = None
    ) -> tuple[Sensor, Sensor | None]:
        """A row group; or of it so many rows, from its begin (0) to its end (1)."""
        gyro = gyro and self._has_gyro
        names = ["time_s", *ACC, *(GYRO if gyro else ())]
        try:
            table = self._file.read_row_group(number, columns=names)
        except _BROKEN as error:
            raise FormatError(f"{self._name} is damaged: {_first_line(error)}") from None
        if share is not None:
            where, n_rows = share
            table = table.slice(round(where * max(0, len(table) - n_rows)), n_rows)
        time_s = table["time_s"].to_numpy()
        acc = _sensor(table, ACC, time_s)
        return acc, _sensor(table, GYRO, time_s) if gyro else None

    def _recording(self, numbers: list[int], n_rows: int = ROW_GROUP) -> Recording:
        """Some row groups, or so many rows of each."""
        where = np.linspace(0, 1, len(numbers))
        accs, gyros = zip(
            *(
                self._piece(number, share=(at, n_rows))
                for number, at in zip(numbers, where, strict=True)
            ),
            strict=True,
        )
        about = self.about
        return Recording(
            _joined(accs),
            _joined(gyros) if self._has_gyro else None,
            subject=about.subject,
            placement=about.placement,
            start_utc=about.start_utc,
            spans=self.spans,
            source=about.source,
            notes=about.notes,
        )


def is_recording(file: BinaryIO) -> bool:
    """Whether a Parquet file says that it is a recording of a collection."""
    try:
        return _KEY in (pq.read_schema(file).metadata or {})
    except _BROKEN:
        return False


def _sensor(table: pa.Table, names: tuple[str, ...], time_s: NDArray[np.float64]) -> Sensor:
    columns = [table[name] for name in names]
    values = np.stack([column.to_numpy().astype(np.float64) for column in columns], axis=1)
    if not columns[0].null_count:
        return Sensor(time_s, values)
    there = columns[0].is_valid().to_numpy()
    return Sensor(time_s[there], values[there])


def _joined(parts: tuple[Sensor, ...]) -> Sensor:
    return Sensor(
        np.concatenate([part.time_s for part in parts]),
        np.concatenate([part.values for part in parts]),
    )


def _parsed(text: bytes | None, name: str) -> tuple[About, tuple[Span, ...]]:
    try:
        fields = JsonFields(json.loads(text or b""), "the metadata")
        fields.whole("version", VERSION, VERSION)
        start = None if fields.is_absent("start_utc") else fields.text("start_utc")
        spans = [_span(item) for item in fields.rows("spans", _MOST_SPANS)]
        notes = tuple(str(note) for note in fields.rows("notes", 1000))
        about = About(
            subject=fields.text("subject"),
            placement=None if fields.is_absent("placement") else fields.text("placement"),
            source=fields.text("source"),
            start_utc=None if start is None else datetime.fromisoformat(start),
            notes=notes,
            source_sha256=fields.text("source_sha256"),
            acc_rate_hz=fields.number("acc_rate_hz", 1e-9, 1e9),
            gyro_rate_hz=(
                None
                if fields.is_absent("gyro_rate_hz")
                else fields.number("gyro_rate_hz", 1e-9, 1e9)
            ),
            n_acc=fields.whole("n_acc", 1, 2**62),
            n_gyro=fields.whole("n_gyro", 0, 2**62),
            first_s=fields.number("first_s", -1e12, 1e12),
            last_s=fields.number("last_s", -1e12, 1e12),
        )
        fields.done()
    except (ValueError, TypeError, RecursionError) as error:
        raise FormatError(f"{name} is no recording of a collection: {error}.") from None
    return about, tuple(spans)


def _span(item: Any) -> Span:
    start_s, end_s, label = item
    return Span(start_s=float(start_s), end_s=float(end_s), label=str(label))


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
