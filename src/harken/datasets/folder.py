"""A folder of the user's own labelled recordings as a dataset."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from harken.core.errors import FormatError, HarkenError, InputError
from harken.core.recording import Recording
from harken.readers import read
from harken.signal.path import filter_recording
from harken.signal.windows import DeviceFrame, Windows, WindowSpec, concatenate, cut, natural_order

CREDITS = "The user's own recordings."


def load(folder: Path, *, subject_pattern: str | None = None) -> Windows:
    """Cut all recordings of a folder into labelled windows.

    The subject is the one that the recording names, else what `subject_pattern` finds in the file's
    path, else the folder that the file lies in. Files right in `folder` without any of these count
    as one person's.

    Parameters
    ----------
    folder : files in any form that `harken.read` takes, also in folders below
    subject_pattern : a regular expression; its group "subject", or its whole match, is the subject

    Returns
    -------
    Windows
        Without a split; activities in natural order of their names.

    Raises
    ------
    InputError
        No recordings, none labelled, or some that cannot be read; then all of them are named.
    """
    recordings = _read_all(folder, compiled(subject_pattern))
    labels = natural_order({span.label for r in recordings for span in r.spans})
    if not labels:
        raise InputError(
            f"None of the {len(recordings)} recordings in {folder} is labelled. Add a column "
            "'label' with the activity of each sample."
        )
    frame = DeviceFrame(common_placement(recording.placement for recording in recordings))
    parts = [
        cut(filter_recording(recording), WindowSpec(), labels, frame=frame)
        for recording in recordings
    ]
    notes = [f"{len(recordings)} recordings of {folder.name}"]
    if len({part.channels for part in parts}) > 1:
        parts = [part.with_channels("accelerometer") for part in parts]
        notes.append("some have no gyroscope: accelerometer only")
    joined = concatenate(parts)
    return replace(joined, dataset=str(folder), notes=(*notes, *joined.notes))


def common_placement(placements: Iterable[str | None]) -> str:
    """Where all devices were worn; "unknown" where they differ or do not say it."""
    found = set(placements)
    return next(iter(found)) or "unknown" if len(found) == 1 else "unknown"


def recording_files(folder: Path) -> list[Path]:
    """All files of a folder and of those below, without hidden ones, in order."""
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(p.startswith(".") for p in path.relative_to(folder).parts)
    ]


def _read_all(folder: Path, pattern: re.Pattern[str] | None) -> list[Recording]:
    files = recording_files(folder)
    recordings, failures = [], []
    for file in files:
        try:
            recordings.append(read_one(file, folder, pattern))
        except HarkenError as error:
            failures.append(f"  {error}")
    if failures:
        raise InputError(
            f"{len(failures)} of {len(files)} files in {folder} cannot be read:\n"
            + "\n".join(failures)
            + "\nMend them or move them out of the folder."
        )
    if not recordings:
        raise InputError(f"{folder} holds no recordings.")
    return recordings


def read_one(file: Path, folder: Path, pattern: re.Pattern[str] | None) -> Recording:
    """A recording of a folder, called after its place there, with its subject.

    Raises
    ------
    FormatError
        It cannot be read, or the pattern does not tell whose it is.
    """
    found = read(file)
    if not isinstance(found, Recording):
        raise FormatError(f"{file} holds windows, not a recording.")
    name = file.relative_to(folder).as_posix()
    return replace(found, source=name, subject=found.subject or _subject_of(name, pattern))


def _subject_of(name: str, pattern: re.Pattern[str] | None) -> str:
    """Whose recording it is, by its path within the folder; "" where that does not tell."""
    if pattern is None:
        return name.rpartition("/")[0].rpartition("/")[2]
    match = pattern.search(name)
    if match is None:
        raise FormatError(f"{name}: the pattern for subjects, {pattern.pattern!r}, is not in it.")
    return match["subject"] if "subject" in pattern.groupindex else match[0]


def compiled(pattern: str | None) -> re.Pattern[str] | None:
    """A pattern for subjects.

    Raises
    ------
    InputError
        It is none.
    """
    try:
        return None if pattern is None else re.compile(pattern)
    except re.error as error:
        raise InputError(f"{pattern!r} is no regular expression: {error}.") from None
