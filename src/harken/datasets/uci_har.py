"""UCI HAR: 10,299 labelled windows of 30 people with a phone at the waist.

Anguita, Ghio, Oneto, Parra, Reyes-Ortiz: "A Public Domain Dataset for Human Activity Recognition
Using Smartphones", ESANN 2013.
"""

from __future__ import annotations

import csv
import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harken.core.errors import ArchiveError
from harken.datasets.archive import Archive
from harken.datasets.hapt import FRAME
from harken.datasets.text import parse_table, parse_whole_numbers
from harken.orientation.mounting import FORWARD, UP
from harken.orientation.upright import turn_upright
from harken.signal.filters import CHANNELS
from harken.signal.windows import ACTIVITIES, Windows, WindowSpec

NAME = "uci-har"
#: What the archive may be called; the first is its name at the publisher.
FILE_NAMES = (
    "UCI HAR Dataset.zip",
    "human+activity+recognition+using+smartphones.zip",
    "UCI_HAR_Dataset.zip",
    "UCI HAR Dataset",
)
#: A member that tells the unpacked folder.
MARKER = "train/y_train.txt"
URLS = (
    "https://archive.ics.uci.edu/static/public/240/"
    "human+activity+recognition+using+smartphones.zip",
    "https://archive.ics.uci.edu/ml/machine-learning-databases/00240/UCI%20HAR%20Dataset.zip",
)
CREDITS = (
    "UCI HAR: Davide Anguita, Alessandro Ghio, Luca Oneto, Xavier Parra and Jorge L. Reyes-Ortiz, "
    '"A Public Domain Dataset for Human Activity Recognition Using Smartphones", ESANN 2013. '
    "Use must be acknowledged; commercial use is prohibited by the dataset's README."
)

N_STEPS = 128
N_SUBJECTS = 30


def read(path: Path) -> Windows:
    """Read and verify the archive.

    Parameters
    ----------
    path : a zip in any of its published forms, or the unpacked folder

    Returns
    -------
    Windows
        7,352 training windows, then 2,947 test windows, as in the files.

    Raises
    ------
    ArchiveError
        The archive is truncated, incomplete, or differs from what was published.
    """
    archive = Archive(path)
    hashes = published_hashes()
    names = [
        f"{split}/Inertial Signals/{channel}_{split}.txt"
        for split in ("train", "test")
        for channel in CHANNELS
    ]

    def signal(name: str) -> NDArray[np.float32]:
        text = _text(archive, name)
        values = parse_table(text, N_STEPS, name)
        _verify(text, name, hashes[name])
        return values

    def whole_numbers(name: str, highest: int) -> NDArray[np.int64]:
        text = _text(archive, name)
        numbers = parse_whole_numbers(text, 1, highest, name)
        _verify(text, name, hashes[name])
        return numbers

    y = [whole_numbers(f"{s}/y_{s}.txt", len(ACTIVITIES)) - 1 for s in ("train", "test")]
    subject = [whole_numbers(f"{s}/subject_{s}.txt", N_SUBJECTS) for s in ("train", "test")]
    # Inflating, hashing and numpy's arithmetic release the interpreter: two threads, two cores.
    with ThreadPoolExecutor(max_workers=2) as pool:
        signals = list(pool.map(signal, names))
    x = np.empty((sum(map(len, y)), N_STEPS, len(CHANNELS)), np.float32)
    for i in range(len(CHANNELS)):
        x[: len(y[0]), :, i] = signals[i]
        x[len(y[0]) :, :, i] = signals[i + len(CHANNELS)]
    recording, start_s = _positions()
    return Windows(
        x=x,
        y=np.concatenate(y),
        subject=np.concatenate(subject).astype(str),
        recording=recording,
        start_s=start_s,
        split=np.repeat(["train", "test"], [len(y[0]), len(y[1])]),
        warm_up=np.zeros(len(x), dtype=bool),
        spec=WindowSpec(),
        frame=FRAME,
        dataset=NAME,
        notes=("filtered by the publisher, from zero state",),
    )


def read_upright(path: Path) -> Windows:
    """The same windows, each recording turned upright by the mounting that its windows show."""
    windows = turn_upright(read(path), up=UP, forward=FORWARD)
    frame = replace(FRAME, learnt="estimated")
    return replace(windows, dataset=f"{NAME}-upright", frame=frame)


def published_hashes() -> dict[str, str]:
    """SHA-256 of each text file with its lines ended by LF, by path within the archive."""
    lines = _package_text("uci_har_sha256.txt").splitlines()
    return {name: digest for digest, name in (line.split("  ", 1) for line in lines)}


def window_index() -> list[dict[str, str]]:
    """Where each window begins in the raw HAPT recordings, in the order of the files."""
    return list(csv.DictReader(_package_text("uci_har_window_index.csv").splitlines()))


def _positions() -> tuple[NDArray[np.str_], NDArray[np.float64]]:
    """Recording and start in seconds of each window."""
    rows = window_index()
    recording = np.array([f"exp{int(row['experiment']):02d}" for row in rows])
    return recording, np.array([int(row["start_sample_0based"]) / 50.0 for row in rows])


def _package_text(name: str) -> str:
    return resources.files("harken.datasets").joinpath(name).read_text(encoding="utf-8")


def _text(archive: Archive, name: str) -> bytes:
    text = archive.read(name)
    return text.replace(b"\r\n", b"\n") if b"\r\n" in text[:4096] else text


def _verify(text: bytes, name: str, expected: str) -> None:
    found = hashlib.sha256(text).hexdigest()
    if found != expected:
        raise ArchiveError(
            f"{name} differs from the published file: its SHA-256 is {found}, expected {expected}. "
            "The archive was altered or damaged: fetch it anew."
        )
