"""HAPT: the raw 50 Hz recordings of the same 30 people as UCI HAR, with labelled spans.

Reyes-Ortiz, Oneto, Samà, Parra, Anguita: "Transition-Aware Human Activity Recognition Using
Smartphones", Neurocomputing 171 (2016).
"""

from __future__ import annotations

import re
import warnings
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from harken.core.errors import ArchiveError
from harken.core.recording import Recording, Sensor, Span
from harken.datasets.archive import Archive
from harken.orientation.mounting import FORWARD, UP, estimate_mounting
from harken.signal.path import filter_recording
from harken.signal.windows import DeviceFrame, LabelRule, Windows, WindowSpec, concatenate, cut

NAME = "hapt"
FILE_NAMES = (
    "HAPT Data Set.zip",
    "smartphone+based+recognition+of+human+activities+and+postural+transitions.zip",
    "HAPT_Data_Set.zip",
    "HAPT Data Set",
)
MARKER = "RawData/labels.txt"
URLS = (
    "https://archive.ics.uci.edu/static/public/341/"
    "smartphone+based+recognition+of+human+activities+and+postural+transitions.zip",
    "https://archive.ics.uci.edu/ml/machine-learning-databases/00341/HAPT%20Data%20Set.zip",
)
CREDITS = (
    "HAPT: Jorge-L. Reyes-Ortiz, Luca Oneto, Albert Samà, Xavier Parra and Davide Anguita, "
    '"Transition-Aware Human Activity Recognition Using Smartphones", Neurocomputing 171 (2016). '
    "Use must be acknowledged; commercial use is prohibited by the dataset's README."
)

RATE_HZ = 50.0
#: How the phones of UCI HAR and HAPT sat on the belt.
FRAME = DeviceFrame("waist", UP, FORWARD, "as-worn")
#: Those that UCI HAR, which has the same people, prescribes for testing.
TEST_SUBJECTS = ("2", "4", "9", "10", "12", "13", "18", "20", "24")

#: Codes 1 to 12 of `labels.txt`: the six activities, then the postural transitions.
LABELS = (
    "WALKING",
    "WALKING_UPSTAIRS",
    "WALKING_DOWNSTAIRS",
    "SITTING",
    "STANDING",
    "LAYING",
    "STAND_TO_SIT",
    "SIT_TO_STAND",
    "SIT_TO_LIE",
    "LIE_TO_SIT",
    "STAND_TO_LIE",
    "LIE_TO_STAND",
)

_FILE = re.compile(r"acc_exp(?P<experiment>\d+)_user(?P<subject>\d+)\.txt")


def read(path: Path) -> list[Recording]:
    """Read all raw recordings, in the order of the experiments.

    Parameters
    ----------
    path : the zip, or the unpacked folder

    Raises
    ------
    ArchiveError
        The archive is truncated or incomplete.
    """
    archive = Archive(path)
    names = archive.names("RawData/acc_exp*_user*.txt")
    if not names:
        raise ArchiveError(f"{path} has no recordings RawData/acc_exp*_user*.txt: is it HAPT?")
    spans = _read_spans(archive)
    return [_read_recording(archive, PurePosixPath(name).name, spans) for name in names]


def read_windows(
    path: Path, *, transitions: bool = False, upright: bool = False, continuous: bool = False
) -> Windows:
    """The windows of all recordings in the zip or the unpacked folder, see `windows_of`."""
    return windows_of(read(path), transitions=transitions, upright=upright, continuous=continuous)


def windows_of(
    recordings: Sequence[Recording],
    *,
    transitions: bool = False,
    upright: bool = False,
    continuous: bool = False,
) -> Windows:
    """Cut recordings into labelled windows, through the one signal path with a settled start.

    Parameters
    ----------
    recordings : as `read` gives them, or the same with other values
    transitions : whether the six postural transitions count as activities; else they are left out
    upright : whether each recording is turned by its estimated mounting, as one of an unknown
        mounting will be; else devices are as they were worn
    continuous : whether a window is labelled by what fills more than half of it, and kept where
        nothing does; so a network that streams learns when to let go of what has been

    Returns
    -------
    Windows
        After the warm-up; if not continuous, those whose samples all carry one label. The split is
        that of UCI HAR, by subject.
    """
    labels = LABELS if transitions else LABELS[:6]
    rule: LabelRule = "majority" if continuous else "whole"
    frame = replace(FRAME, learnt="estimated") if upright else FRAME
    parts = []
    for recording in recordings:
        spans = tuple(span for span in recording.spans if span.label in labels)
        kept = replace(recording, spans=spans)
        rotation = estimate_mounting(kept).rotation if upright else None
        windows = cut(filter_recording(kept, rotation=rotation), WindowSpec(), labels, rule, frame)
        parts.append(windows.select(((windows.y >= 0) | continuous) & ~windows.warm_up))
    joined = concatenate(parts)
    split = np.where(np.isin(joined.subject, TEST_SUBJECTS), "test", "train")
    flags = {"transitions": transitions, "upright": upright, "continuous": continuous}
    name = "-".join([NAME, *(flag for flag, is_set in flags.items() if is_set)])
    return replace(joined, split=split, dataset=name)


def _read_recording(
    archive: Archive, acc_name: str, spans: dict[int, tuple[Span, ...]]
) -> Recording:
    match = _FILE.fullmatch(acc_name)
    if match is None:
        raise ArchiveError(f"{acc_name}: expected a name such as acc_exp01_user01.txt.")
    experiment = int(match["experiment"])
    acc, gyro = (
        _read_triples(archive, f"RawData/{name}")
        for name in (acc_name, acc_name.replace("acc_", "gyro_"))
    )
    if len(acc) != len(gyro):
        raise ArchiveError(
            f"{acc_name} has {len(acc)} samples, its gyroscope file {len(gyro)}: the archive is "
            "damaged, fetch it anew."
        )
    time_s = np.arange(len(acc)) / RATE_HZ
    return Recording(
        acc=Sensor(time_s, acc),
        gyro=Sensor(time_s, gyro),
        subject=str(int(match["subject"])),
        placement="waist",
        spans=spans.get(experiment, ()),
        source=f"exp{experiment:02d}",
    )


def _read_triples(archive: Archive, name: str) -> NDArray[np.float64]:
    """Three numbers a line: (n_samples, 3)."""
    text = archive.read(name)
    n_lines = text.count(b"\n") + (not text.endswith(b"\n"))
    try:
        with warnings.catch_warnings():
            # numpy stops at the first thing that is no number and only warns of it.
            warnings.simplefilter("error", DeprecationWarning)
            values = np.fromstring(text.decode("ascii"), dtype=np.float64, sep=" ")
    except (ValueError, DeprecationWarning):
        values = np.empty(0)
    if values.size != 3 * n_lines or not np.isfinite(values).all():
        raise ArchiveError(
            f"{name} in {archive.path} does not hold three finite numbers on each of its "
            f"{n_lines:,} lines. The archive is damaged: fetch it anew."
        )
    return values.reshape(-1, 3)


def _read_spans(archive: Archive) -> dict[int, tuple[Span, ...]]:
    """Labelled spans by experiment; the file gives first and last sample, counted from 1."""
    spans: dict[int, list[Span]] = defaultdict(list)
    for line in archive.read("RawData/labels.txt").decode("ascii").splitlines():
        try:
            experiment, _, code, first, last = (int(word) for word in line.split())
            label = LABELS[code - 1]
        except (ValueError, IndexError):
            raise ArchiveError(
                f"RawData/labels.txt: {line!r} is not 'experiment user activity first last'."
            ) from None
        spans[experiment].append(Span((first - 1) / RATE_HZ, last / RATE_HZ, label))
    return {experiment: tuple(found) for experiment, found in spans.items()}
