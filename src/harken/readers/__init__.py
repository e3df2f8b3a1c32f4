"""Read what people bring: recordings and window files."""

from __future__ import annotations

from pathlib import Path

from harken import window_file
from harken.errors import FormatError
from harken.readers.table import read_table
from harken.recording import Recording
from harken.windows import Windows


def read(path: str | Path) -> Recording | Windows:
    """Read a file of the user's: a recording (.csv) or a window file (.npz).

    Raises
    ------
    FormatError
        No such file, or not in a form that Harken knows.
    """
    path = Path(path)
    if not path.exists():
        raise FormatError(f"There is no file {path}.")
    if path.suffix == ".npz":
        return window_file.load(path)
    if path.suffix in (".csv", ".tsv", ".txt"):
        return read_table(path)
    raise FormatError(
        f"{path}: Harken reads recordings as .csv and window files as .npz; found {path.suffix!r}."
    )
