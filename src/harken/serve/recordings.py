"""Recordings that people make with the live page: files of samples with what was being done.

A folder for each person, a table for each recording, as `harken train FOLDER` and `harken
personalise` read them. They are written as samples come, a line each, so that a service that is
killed loses nothing, and are removed when their time is over.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import secrets
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harken.core.errors import InputError
from harken.core.recording import ACC_CHANNELS, GYRO_CHANNELS
from harken.serve.errors import Refusal

_SUBJECT = re.compile(r"[\w-]{1,40}")
_NAME = re.compile(r"[\w-]{1,40}/\d{8}-\d{6}-[0-9a-f]{6}\.csv")
_NAME_TIME = "%Y%m%d-%H%M%S"
#: How often old ones are looked for, in seconds.
_TEND_S = 60.0


class Recordings:
    """The recordings of a service, in a folder of its own.

    Parameters
    ----------
    folder : is made with the first recording
    kept_days : for so long from their last sample on
    most_bytes : of all together

    Attributes
    ----------
    folder, kept_days : as given
    """

    def __init__(self, folder: Path, *, kept_days: int, most_bytes: int = 4 * 2**30) -> None:
        self.folder = folder
        self.kept_days = kept_days
        self._most_bytes = most_bytes
        self._found: dict[tuple[str, int], dict[str, Any]] = {}

    def begin(self, subject: str, *, gyroscope: bool) -> Recording:
        """A new recording of a person.

        Raises
        ------
        Refusal
            It is no name, there is no more room, or the folder cannot be written to.
        """
        if not _SUBJECT.fullmatch(subject):
            raise Refusal(
                422, "subject",
                f"A person cannot be called {subject[:50]!r} here: use up to 40 letters, digits, - "
                "and _.",
            )  # fmt: skip
        if sum(file.stat().st_size for file in self._files()) > self._most_bytes:
            raise Refusal(
                507, "full",
                f"The recordings have more than {self._most_bytes / 2**30:.0f} GiB. Delete some.",
            )  # fmt: skip
        now = datetime.now(UTC).strftime(_NAME_TIME)
        name = f"{subject}/{now}-{secrets.token_hex(3)}.csv"
        try:
            return Recording(self.folder / name, name, gyroscope=gyroscope)
        except OSError as error:
            raise Refusal(
                507, "recording", f"The recording cannot be written: {error.strerror}."
            ) from None

    def all(self) -> list[dict[str, Any]]:
        """What there is, the newest first, for JSON."""
        found = [self._about(file) for file in self._files()]
        return sorted(found, key=lambda about: str(about["started_utc"]), reverse=True)

    def find(self, name: str) -> Path:
        """The file of a recording.

        Raises
        ------
        Refusal
            There is none of this name.
        """
        file = self.folder / name
        if not _NAME.fullmatch(name) or not file.is_file():
            raise Refusal(404, "recording", f"There is no recording {name[:100]!r}.")
        return file

    def remove(self, name: str) -> None:
        """Delete a recording; one that is still written to ends with that.

        Raises
        ------
        Refusal
            There is none of this name.
        """
        self._remove(self.find(name))

    async def tend(self) -> None:
        """Delete those whose time is over, until cancelled."""
        while True:
            await asyncio.to_thread(self._remove_old)
            await asyncio.sleep(_TEND_S)

    def _remove_old(self) -> None:
        now_s = time.time()
        for file in self._files():
            if now_s > self._expires_s(file):
                self._remove(file)

    def _files(self) -> list[Path]:
        """Files that are recordings by their names: what else lies there is none of ours."""
        return [
            file
            for file in self.folder.glob("*/*.csv")
            if _NAME.fullmatch(file.relative_to(self.folder).as_posix())
        ]

    def _expires_s(self, file: Path) -> float:
        return file.stat().st_mtime + timedelta(days=self.kept_days).total_seconds()

    def _remove(self, file: Path) -> None:
        file.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # it holds others
            file.parent.rmdir()

    def _about(self, file: Path) -> dict[str, Any]:
        name = file.relative_to(self.folder).as_posix()
        n_bytes = file.stat().st_size
        key = (name, n_bytes)
        if key not in self._found:
            self._found = {k: v for k, v in self._found.items() if k[0] != name}
            self._found[key] = _content(file)
        started = datetime.strptime(file.name[:15], _NAME_TIME).replace(tzinfo=UTC)
        expires = datetime.fromtimestamp(self._expires_s(file), UTC)
        return {
            "name": name,
            "subject": file.parent.name,
            "started_utc": started.isoformat(timespec="seconds"),
            "expires_utc": expires.isoformat(timespec="seconds"),
            "bytes": n_bytes,
            **self._found[key],
        }


class Recording:
    """One recording that is being made.

    Parameters
    ----------
    file : where; it must not be there yet
    name : by which it is found
    gyroscope : whether samples have angular velocity

    Attributes
    ----------
    name, subject : as given, and whose it is
    """

    def __init__(self, file: Path, name: str, *, gyroscope: bool) -> None:
        self.name = name
        self.subject = file.parent.name
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self._epoch_s: float | None = None
        columns = [f"{channel} (g)" for channel in ACC_CHANNELS]
        if gyroscope:
            columns += [f"{channel} (rad/s)" for channel in GYRO_CHANNELS]
        self._write(",".join(("time (s)", *columns, "label")) + "\n")

    def write(self, rows: NDArray[np.float64], activity: str | None) -> None:
        """Append samples.

        Parameters
        ----------
        rows : (n, 4 or 7) seconds on the device's clock, g, rad/s
        activity : what the wearer does; None where nobody said

        Raises
        ------
        InputError
            The disk does not take them; the recording ends with what it has.
        """
        if not len(rows):
            return
        if self._epoch_s is None:
            # The device's clock counts from anywhere; a recording should tell the time of day.
            self._epoch_s = time.time() - float(rows[-1, 0])
        label = activity or ""
        lines = [
            f"{row[0] + self._epoch_s:.4f},"
            + ",".join([f"{value:.6g}" for value in row[1:]])
            + f",{label}\n"
            for row in rows.tolist()
        ]
        try:
            self._write("".join(lines))
        except OSError as error:
            self.close()
            raise InputError(
                f"The recording {self.name} ends here: {error.strerror}. What it has is kept."
            ) from None

    def close(self) -> None:
        """End it."""
        os.close(self._file)

    def _write(self, text: str) -> None:
        """In one go, so that a file never ends within a line."""
        data = text.encode()
        n_written = os.write(self._file, data)
        if n_written < len(data):  # a disk that is full
            os.ftruncate(self._file, os.fstat(self._file).st_size - n_written)
            raise OSError(28, "No space left on device")


def _content(file: Path) -> dict[str, Any]:
    """How long a recording is, and how much of each activity."""
    seconds: dict[str, float] = {}
    first_s = last_s = None
    with file.open(encoding="utf-8") as lines:
        next(lines, None)
        for line in lines:
            cells = line.rstrip("\n").split(",")
            time_s, label = float(cells[0]), cells[-1]
            if last_s is not None and label:
                # A pause belongs to nothing.
                seconds[label] = seconds.get(label, 0.0) + min(max(time_s - last_s, 0.0), 0.25)
            first_s = time_s if first_s is None else first_s
            last_s = time_s
    duration_s = 0.0 if first_s is None or last_s is None else last_s - first_s
    return {
        "duration_s": round(duration_s, 1),
        "seconds": {label: round(total, 1) for label, total in seconds.items()},
    }
