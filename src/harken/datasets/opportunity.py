"""Opportunity: gestures in a kitchen, 113 channels of body-worn sensors at 30 Hz.

Chavarriaga et al.: "The Opportunity challenge: A benchmark database for on-body sensor-based
activity recognition", Pattern Recognition Letters 34 (2013). Channels, windows and split are those
of the challenge's gesture task, as Ordóñez and Roggen (2016) used them: windows of 24 steps every
12, each labelled by its last sample. Subjects 2 and 3 stand on both sides, so the protocol is
within-subject.

The archive was not at hand when this was written: the loader is tested on small files in its form,
and no figure on the real data was measured.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harken.core.errors import ArchiveError
from harken.datasets.archive import Archive
from harken.signal.cutter import Cutter
from harken.signal.resample import Run
from harken.signal.windows import DeviceFrame, Windows, WindowSpec, concatenate

NAME = "opportunity"
FILE_NAMES = (
    "OpportunityUCIDataset.zip",
    "opportunity+activity+recognition.zip",
    "OpportunityUCIDataset",
)
MARKER = "dataset/S1-Drill.dat"
URLS = (
    "https://archive.ics.uci.edu/static/public/226/opportunity+activity+recognition.zip",
    "https://archive.ics.uci.edu/ml/machine-learning-databases/00226/OpportunityUCIDataset.zip",
)
CREDITS = (
    "Opportunity: Ricardo Chavarriaga, Hesam Sagha, Alberto Calatroni, Sundara Tejaswi Digumarti, "
    "Gerhard Tröster, José del R. Millán and Daniel Roggen, "
    '"The Opportunity challenge: A benchmark database for on-body sensor-based activity '
    'recognition", Pattern Recognition Letters 34 (2013).'
)

RATE_HZ = 30.0
N_STEPS, STRIDE_STEPS = 24, 12

_N_COLUMNS = 250
#: 0-based columns that the challenge leaves out; column 0 is the time in ms, the last the gesture.
_DROPPED = (
    *range(46, 50),
    *range(59, 63),
    *range(72, 76),
    *range(85, 89),
    *range(98, 102),
    *range(134, 243),
    *range(244, 249),
)
_LOCOMOTION, _GESTURE = 243, 249
SENSOR_COLUMNS = tuple(
    column for column in range(1, _N_COLUMNS) if column not in (*_DROPPED, _LOCOMOTION, _GESTURE)
)

#: Codes of the gesture column, in the order of the classes.
GESTURES = {
    0: "NULL",
    406516: "OPEN_DOOR_1",
    406517: "OPEN_DOOR_2",
    404516: "CLOSE_DOOR_1",
    404517: "CLOSE_DOOR_2",
    406520: "OPEN_FRIDGE",
    404520: "CLOSE_FRIDGE",
    406505: "OPEN_DISHWASHER",
    404505: "CLOSE_DISHWASHER",
    406519: "OPEN_DRAWER_1",
    404519: "CLOSE_DRAWER_1",
    406511: "OPEN_DRAWER_2",
    404511: "CLOSE_DRAWER_2",
    406508: "OPEN_DRAWER_3",
    404508: "CLOSE_DRAWER_3",
    408512: "CLEAN_TABLE",
    407521: "DRINK_FROM_CUP",
    405506: "TOGGLE_SWITCH",
}

_RUNS = ("Drill", "ADL1", "ADL2", "ADL3", "ADL4", "ADL5")
_TRAIN = [("1", run) for run in _RUNS] + [(s, run) for s in "23" for run in _RUNS[:4]]
_TEST = [(s, run) for s in "23" for run in _RUNS[4:]]


def read(path: Path) -> Windows:
    """Read the recordings of the gesture task and cut them.

    Parameters
    ----------
    path : the zip, or the unpacked folder

    Returns
    -------
    Windows
        x (n, 24, 113) float32 in the file's own units, 18 classes with NULL.

    Raises
    ------
    ArchiveError
        A recording is missing, or not in the form that the dataset has.
    """
    archive = Archive(path)
    parts = [
        _read_windows(archive, subject, run, split)
        for split, recordings in (("train", _TRAIN), ("test", _TEST))
        for subject, run in recordings
    ]
    return concatenate(parts)


def _read_windows(archive: Archive, subject: str, run: str, split: str) -> Windows:
    name = f"S{subject}-{run}"
    table = _read_table(archive, f"dataset/{name}.dat")
    samples = _without_gaps(table[:, SENSOR_COLUMNS])
    classes = _classes(table[:, _GESTURE], name)
    cutter = Cutter(N_STEPS, STRIDE_STEPS, range(samples.shape[1]))
    cuts = list(cutter.push(Run(0, samples, begins=True)))
    starts = np.concatenate([cut.start for cut in cuts])
    n = len(starts)
    return Windows(
        x=np.concatenate([cut.x for cut in cuts]),
        y=classes[starts + N_STEPS - 1],
        subject=np.full(n, subject),
        recording=np.full(n, name),
        start_s=starts / RATE_HZ,
        split=np.full(n, split),
        warm_up=np.zeros(n, dtype=bool),
        channels=tuple(f"column_{column}" for column in SENSOR_COLUMNS),
        labels=tuple(GESTURES.values()),
        spec=WindowSpec(N_STEPS, STRIDE_STEPS, RATE_HZ),
        frame=DeviceFrame("whole body", filter_chain="none"),
        dataset=NAME,
        protocol="within-subject",
        notes=("missing values interpolated; each window labelled by its last sample",),
    )


def _read_table(archive: Archive, name: str) -> NDArray[np.float64]:
    """The file's numbers, NaN where a value is missing: (n_samples, 250)."""
    text = archive.read(name).decode("ascii", errors="replace")
    try:
        table = np.loadtxt(io.StringIO(text), dtype=np.float64, ndmin=2)
    except ValueError as error:
        raise ArchiveError(f"{name}: {error}. Expected {_N_COLUMNS} numbers a line.") from None
    if table.shape[1] != _N_COLUMNS or not len(table):
        raise ArchiveError(
            f"{name} has {len(table)} lines of {table.shape[1]} columns; expected {_N_COLUMNS} "
            "columns. The archive is damaged: fetch it anew."
        )
    return table


def _without_gaps(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Missing values interpolated linearly, held at the ends; 0 in a channel that has none."""
    filled = samples.copy()
    time = np.arange(len(samples))
    for column in filled.T:
        there = np.isfinite(column)
        if there.all():
            continue
        column[:] = np.interp(time, time[there], column[there]) if there.any() else 0.0
    return filled


def _classes(codes: NDArray[np.float64], name: str) -> NDArray[np.int64]:
    known = np.array(list(GESTURES))
    order = np.argsort(known)
    place = np.minimum(np.searchsorted(known, codes, sorter=order), len(known) - 1)
    found = order[place]
    wrong = np.flatnonzero(known[found] != codes)
    if len(wrong):
        raise ArchiveError(
            f"{name}.dat, line {wrong[0] + 1}: gesture code {codes[wrong[0]]:g} is none of the "
            "dataset's."
        )
    return found.astype(np.int64)
