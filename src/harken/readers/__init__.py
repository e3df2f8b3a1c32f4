"""Read what people bring: recordings of phone apps, tables of their own, and window files.

Each format has its file, which offers `NAME`, `DESCRIPTION`, `matches(export)` and `read(export)`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from harken.core.errors import FormatError
from harken.core.recording import Recording
from harken.readers import (
    collection,
    phyphox,
    physics_toolbox,
    sensor_data_collector,
    sensor_logger,
    sensorlog,
    table,
)
from harken.readers.export import Export
from harken.signal import window_file
from harken.signal.windows import Windows


@dataclass(frozen=True)
class Reader:
    """One format: its name, what it is, how it is told and read."""

    name: str
    description: str
    matches: Callable[[Export], bool]
    read: Callable[[Export], Recording]


#: Readers by name. The table comes last: it takes what no app's reader knows.
READERS = {
    module.NAME: Reader(module.NAME, module.DESCRIPTION, module.matches, module.read)
    for module in (
        sensor_logger,
        phyphox,
        sensorlog,
        physics_toolbox,
        sensor_data_collector,
        collection,
        table,
    )
}

#: Of the files in which recordings come, besides window files (.npz).
KNOWN_ENDINGS = (".csv", ".tsv", ".txt", ".dat", ".json", ".parquet", ".pq", ".zip")


def sniff(path: str | Path) -> Reader:
    """The reader of a file, zip or folder.

    Raises
    ------
    FormatError
        There is no such thing, or no reader knows it.
    """
    return _sniff(Export(Path(path)))


def _sniff(export: Export) -> Reader:
    path = export.path
    if export.is_lone_file and path.suffix.lower() not in KNOWN_ENDINGS:
        raise FormatError(
            f"{path}: Harken reads recordings as {', '.join(KNOWN_ENDINGS)} and window files as "
            f".npz; found {path.suffix!r}."
        )
    for reader in READERS.values():
        if reader.matches(export):
            return reader
    names = export.names("")
    apps = "; ".join(reader.description for reader in READERS.values())
    raise FormatError(
        f"{path} is no recording that Harken knows: found {', '.join(names[:5]) or 'no files'}; "
        f"expected one of: {apps}."
    )


def read(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    subject: str | None = None,
) -> Recording | Windows:
    """Read a recording of the user's, in any known format, or a window file (.npz).

    Parameters
    ----------
    path : a file, zip or folder
    columns
        Names of a table's columns by what they are: time, acc_x, ..., gyro_z, label, subject.
        Given these, the file is read as a table whatever else it looks like.
    subject : who wore the device, where the recording does not say

    Raises
    ------
    FormatError
        No such file, or not in a form that Harken knows.
    """
    path = Path(path)
    if path.suffix == ".npz" and path.is_file():
        return window_file.load(path)
    export = Export(path)
    recording = table.read(export, columns) if columns else _sniff(export).read(export)
    return recording if subject is None else replace(recording, subject=subject)


def parse_columns(text: str) -> dict[str, str]:
    """Columns by role, from "time=t,acc_x=AX,acc_y=AY,acc_z=AZ".

    Raises
    ------
    FormatError
        The text is not of this form.
    """
    columns: dict[str, str] = {}
    for pair in text.split(","):
        role, equals, name = (part.strip() for part in pair.partition("="))
        if not (role and equals and name) or role in columns:
            raise FormatError(
                f"The columns {text!r}: found {pair.strip()!r}; expected each role once, as in "
                "time=t,acc_x=AX,acc_y=AY,acc_z=AZ."
            )
        columns[role] = name
    return columns
