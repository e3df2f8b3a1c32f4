"""A recording of a collection, as `harken data import` writes it."""

from __future__ import annotations

import io
from importlib.util import find_spec

from harken.core.recording import Recording
from harken.readers.export import Export

NAME = "collection"
DESCRIPTION = "A recording of a Harken collection: .parquet"


def matches(export: Export) -> bool:
    """Whether there is one in it, and nothing else."""
    names = export.names("")
    if len(names) != 1 or not names[0].lower().endswith(".parquet") or not find_spec("pyarrow"):
        return False
    from harken.readers.recording_file import is_recording

    return is_recording(io.BytesIO(export.bytes_of(names[0])))


def read(export: Export) -> Recording:
    """Read it.

    Raises
    ------
    FormatError
        It is damaged.
    """
    from harken.readers.recording_file import RecordingFile

    (name,) = export.names("")
    with RecordingFile(io.BytesIO(export.bytes_of(name)), export.label(name)) as file:
        return file.read()
