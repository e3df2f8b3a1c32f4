"""Writing bouts: a row for each in .csv and .parquet; in .json all that is known of each file."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from harken.core.errors import FormatError, MissingExtraError, storing
from harken.core.files import replacing

_TIMES = ("start_utc", "end_utc")
_COLUMNS = (
    "source", "recording", "start_s", "end_s", *_TIMES, "activity", "confidence", "n_windows",
    "best_guess", "unsure", "forced",
)  # fmt: skip


def write_bouts(documents: Sequence[dict[str, Any]], path: str | Path) -> None:
    """Write the bouts of some files, whole or not at all.

    Parameters
    ----------
    documents : `Prediction.as_dict()` of each file; one without bouts has no rows
    path : .csv, .parquet or .json

    Raises
    ------
    FormatError
        Another ending than these.
    MissingExtraError
        Parquet without pyarrow.
    StorageError
        The disk is full, or there is no permission.
    """
    path = Path(path)
    content = _content(documents, check_ending(path))
    with storing(path), replacing(path) as file:
        file.write(content)


def check_ending(path: Path) -> str:
    """The ending of a file of bouts, refused before any work is done for it.

    Raises
    ------
    FormatError, MissingExtraError
    """
    ending = path.suffix.lower()
    if ending not in (".csv", ".parquet", ".json"):
        raise FormatError(
            f"{path}: bouts are written as .csv, .parquet or .json; found {path.suffix!r}."
        )
    if ending == ".parquet" and importlib.util.find_spec("pyarrow") is None:
        raise MissingExtraError("pyarrow", "table", "Writing Parquet")
    return ending


def _content(documents: Sequence[dict[str, Any]], ending: str) -> bytes:
    if ending == ".json":
        return (json.dumps(documents, indent=2) + "\n").encode()
    rows = [
        {"source": document["source"]} | bout | {"forced": bool(document["violations"])}
        for document in documents
        for bout in document.get("bouts", [])
    ]
    return _csv(rows) if ending == ".csv" else _parquet(rows)


def _csv(rows: list[dict[str, Any]]) -> bytes:
    sheet = io.StringIO()
    writer = csv.DictWriter(sheet, fieldnames=list(_COLUMNS), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return sheet.getvalue().encode()


def _parquet(rows: list[dict[str, Any]]) -> bytes:
    import pyarrow
    import pyarrow.parquet

    types = dict.fromkeys(_COLUMNS, pyarrow.string())
    types |= dict.fromkeys(("start_s", "end_s", "confidence", "unsure"), pyarrow.float64())
    types |= dict.fromkeys(_TIMES, pyarrow.timestamp("ms", tz="UTC"))
    types |= {"n_windows": pyarrow.int64(), "forced": pyarrow.bool_()}
    typed = [row | {name: _time(row[name]) for name in _TIMES} for row in rows]
    content = io.BytesIO()
    table = pyarrow.Table.from_pylist(typed, pyarrow.schema(list(types.items())))
    pyarrow.parquet.write_table(table, content)
    return content.getvalue()


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
