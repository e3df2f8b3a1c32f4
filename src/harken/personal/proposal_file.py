"""Proposals as a table to fill in, which `--labels` reads."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from harken.core.errors import FormatError, storing
from harken.core.files import write_text
from harken.personal.personalise import refuse_existing
from harken.personal.propose import Proposal


def write_proposals(
    proposals: Sequence[Proposal], path: str | Path, *, overwrite: bool = False
) -> None:
    """Write a table with a row for each stretch and an empty column `activity`.

    Raises
    ------
    InputError
        There is such a file, and `overwrite` is not said; another ending than .csv.
    StorageError
        The disk is full, or there is no permission.
    """
    path = Path(path)
    if path.suffix.lower() != ".csv":
        raise FormatError(f"{path}: a table to fill in is a .csv; found {path.suffix!r}.")
    refuse_existing(path, overwrite=overwrite)
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\n")
    writer.writerow(["start_s", "end_s", "activity", "guess"])
    writer.writerows([p.start_s, p.end_s, "", p.guess] for p in proposals)
    with storing(path):
        write_text(path, sheet.getvalue())
