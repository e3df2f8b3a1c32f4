"""Import of a folder of recordings into a collection: Parquet, partitioned by subject.

    COLLECTION/recordings/subject=anna/walk-3f9a1c02b7de.parquet
    COLLECTION/failures.parquet

The names of the files hold the beginning of their sources' hash. pyarrow, DuckDB, Polars and Spark
open `recordings` as it is; `subject` is a column by the folders' names (Hive partitioning).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from harken.core.errors import HarkenError, InputError, StorageError
from harken.datasets.folder import compiled, read_one, recording_files
from harken.readers.recording_file import write_recording
from harken.store import RECORDINGS
from harken.store.tables import write_table

FAILURES = "failures.parquet"
_UNKNOWN = "unknown"


@dataclass(frozen=True)
class Imported:
    """What came of an import.

    Attributes
    ----------
    n_new, n_kept : recordings that were written, and that were there already
    failures : by source, why it could not be imported
    """

    n_new: int
    n_kept: int
    failures: dict[str, str]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"new": self.n_new, "kept": self.n_kept, "failures": self.failures}


def import_folder(
    folder: Path,
    collection: Path,
    *,
    subject_pattern: str | None = None,
    placement: str | None = None,
    done: Callable[[int, int], object] = lambda n, n_all: None,
) -> Imported:
    """Write all recordings of a folder into a collection; what is there already is kept.

    Subjects are found as for `harken train FOLDER`. A file that cannot be read is named in
    `failures.parquet` and stops nothing; the next import tries it again.

    Parameters
    ----------
    placement : where devices were worn that do not say it
    done : is told how many files of all are done

    Raises
    ------
    InputError
        There are no files, or the pattern is none.
    StorageError
        The disk is full, or there is no permission; what was written stays.
    """
    pattern = compiled(subject_pattern)
    files = recording_files(folder)
    if not files:
        raise InputError(f"{folder} holds no files.")
    there = {file.name for file in (collection / RECORDINGS).glob("subject=*/*.parquet")}
    n_new = n_kept = 0
    failures: dict[str, str] = {}
    for number, file in enumerate(files):
        done(number, len(files))
        source = file.relative_to(folder).as_posix()
        try:
            sha256 = _sha256(file)
            if _name(source, sha256) in there:
                n_kept += 1
                continue
            recording = read_one(file, folder, pattern)
            if recording.placement is None:
                recording = replace(recording, placement=placement)
            write_recording(
                recording, _path(collection, source, sha256, recording.subject or _UNKNOWN),
                source_sha256=sha256,
            )  # fmt: skip
            n_new += 1
        except StorageError:
            raise
        except HarkenError as error:
            failures[source] = str(error)
    done(len(files), len(files))
    rows = [{"source": source, "why": why} for source, why in failures.items()]
    write_table(rows, {"source": "string", "why": "string"}, collection / FAILURES)
    return Imported(n_new, n_kept, failures)


def _path(collection: Path, source: str, sha256: str, subject: str) -> Path:
    folder = f"subject={quote(subject, safe=' ')}"
    return collection / RECORDINGS / folder / _name(source, sha256)


def _name(source: str, sha256: str) -> str:
    stem = re.sub(r"[^\w-]+", "-", Path(source).stem)[:60].strip("-") or "recording"
    # The place of the source counts: equal files of two people are two recordings.
    place = hashlib.sha256(source.encode()).hexdigest()[:4]
    return f"{stem}-{sha256[:12]}{place}.parquet"


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
