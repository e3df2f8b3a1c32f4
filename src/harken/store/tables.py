"""Small tables as Parquet, written whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from harken.core.errors import storing
from harken.core.files import replacing

_TYPES = {
    "string": pa.string(),
    "int64": pa.int64(),
    "float64": pa.float64(),
    "bool": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("ms", tz="UTC"),
    "strings": pa.list_(pa.string()),
}


def write_table(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], path: Path) -> None:
    """Write rows.

    Parameters
    ----------
    columns : name and type of each, in order; types are "string", "int64", "float64", "bool",
        "date", "timestamp" (UTC) and "strings"

    Raises
    ------
    StorageError
        The disk is full, or there is no permission.
    """
    schema = pa.schema([(name, _TYPES[kind]) for name, kind in columns.items()])
    table = pa.Table.from_pylist([dict(row) for row in rows], schema)
    with storing(path), replacing(path) as file:
        pq.write_table(table, file, compression="zstd")
