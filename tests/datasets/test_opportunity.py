"""Opportunity: read in its exact form, on small files made here."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

import harken
from harken import datasets
from harken.core.errors import ArchiveError
from harken.datasets import opportunity

N_SAMPLES = 240


def file_of(seed: int, *, broken: str | None = None) -> str:
    """A recording in the dataset's form: blanks between numbers, NaN where one is missing."""
    rng = np.random.default_rng(seed)
    table = rng.integers(-2000, 2000, (N_SAMPLES, 250)).astype(float)
    table[:, 0] = np.arange(N_SAMPLES) * 33
    table[:, 249] = np.repeat(rng.choice(list(opportunity.GESTURES), N_SAMPLES // 24), 24)
    table[50:60, 5] = np.nan
    table[:, 7] = np.nan
    table[:, 50] = np.arange(N_SAMPLES)
    table[100:103, 50] = np.nan
    if broken == "code":
        table[20, 249] = 12345
    columns = 249 if broken == "columns" else 250
    return "\n".join(" ".join(f"{v:g}" for v in row[:columns]) for row in table)


def seed_of(subject: str, run: str) -> int:
    return zlib.crc32(f"{subject}{run}".encode())


def archive(path: Path, *, without: str = "", broken: str | None = None) -> Path:
    with zipfile.ZipFile(path, "w") as target:
        for subject in "1234":
            for run in ("Drill", "ADL1", "ADL2", "ADL3", "ADL4", "ADL5"):
                name = f"S{subject}-{run}"
                if name != without:
                    target.writestr(
                        f"OpportunityUCIDataset/dataset/{name}.dat",
                        file_of(seed_of(subject, run), broken=broken),
                    )
    return path


def test_channels_windows_labels_and_split(tmp_path: Path) -> None:
    archive(tmp_path / "OpportunityUCIDataset.zip")
    windows = datasets.load("opportunity", data=tmp_path)
    per_recording = (N_SAMPLES - 24) // 12 + 1
    assert windows.x.shape == (18 * per_recording, 24, 113)
    assert len(windows.labels) == 18
    assert len(windows.of_split("test")) == 4 * per_recording
    assert set(windows.of_split("test").subjects) == {"2", "3"}
    assert set(windows.of_split("train").recording) >= {"S1-ADL5", "S2-ADL3", "S3-Drill"}
    assert "4" not in windows.subjects
    # The last sample of each window decides: windows begin every 12, gestures change every 24.
    table = np.array([line.split() for line in file_of(seed_of("1", "Drill")).splitlines()], float)
    first = windows.select(windows.recording == "S1-Drill")
    codes = np.array(list(opportunity.GESTURES))[first.y]
    assert np.array_equal(codes, table[np.arange(per_recording) * 12 + 23, 249])


def test_missing_values_are_interpolated(tmp_path: Path) -> None:
    windows = opportunity.read(archive(tmp_path / "o.zip"))
    assert np.isfinite(windows.x).all()
    dead = windows.channels.index("column_7")
    assert not windows.x[:, :, dead].any()
    rising = windows.x[windows.recording == "S1-Drill"][:, :, windows.channels.index("column_50")]
    assert np.array_equal(rising[8], np.arange(96, 120))


def test_its_figures_are_called_within_subject(tmp_path: Path) -> None:
    windows = opportunity.read(archive(tmp_path / "o.zip"))
    run = harken.train(windows, epochs=1, out=tmp_path / "run")
    assert run.metrics["protocol"] == "within-subject"
    assert run.metrics["dataset"] == "opportunity"


@pytest.mark.parametrize(
    ("faults", "message"),
    [
        ({"without": "S3-ADL5"}, "has no file 'dataset/S3-ADL5.dat'"),
        ({"broken": "columns"}, "249 columns; expected 250"),
        ({"broken": "code"}, "line 21: gesture code 12345"),
    ],
)
def test_damaged_archives(tmp_path: Path, faults: dict[str, str], message: str) -> None:
    path = archive(tmp_path / "o.zip", **faults)
    with pytest.raises(ArchiveError, match=message):
        opportunity.read(path)
