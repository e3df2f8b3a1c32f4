"""HAPT as windows: six activities, or twelve with the transitions."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from harken.core.errors import ArchiveError
from harken.datasets import hapt


def test_six_activities_or_twelve(data_folder: Path) -> None:
    archive = data_folder / "HAPT Data Set.zip"
    six, twelve = hapt.read_windows(archive), hapt.read_windows(archive, transitions=True)
    assert six.labels == twelve.labels[:6]
    assert len(twelve.labels) == 12
    assert np.array_equal(np.unique(twelve.y), np.arange(12))
    assert six.of_split("test").subjects == hapt.TEST_SUBJECTS
    # Warm-ups are left out, so these are fewer than cutting from zero state would give.
    assert 10_000 < len(six) < 10_411
    assert len(twelve) > len(six)


def test_continuous_ones_keep_what_lies_between(data_folder: Path) -> None:
    archive = data_folder / "HAPT Data Set.zip"
    whole, all_of_it = hapt.read_windows(archive), hapt.read_windows(archive, continuous=True)
    assert all_of_it.dataset == "hapt-continuous"
    gaps_s = np.diff(all_of_it.start_s)[all_of_it.recording[1:] == all_of_it.recording[:-1]]
    np.testing.assert_allclose(gaps_s, 1.28)
    key = {(r, s): y for r, s, y in zip(whole.recording, whole.start_s, whole.y, strict=True)}
    among = [
        (key[r, s], y)
        for r, s, y in zip(all_of_it.recording, all_of_it.start_s, all_of_it.y, strict=True)
        if (r, s) in key
    ]
    assert len(among) == len(whole)
    assert all(one == other for one, other in among)
    n_labelled = int((all_of_it.y >= 0).sum())
    assert len(whole) < n_labelled < len(all_of_it)


@pytest.mark.parametrize(
    "row", ["0.9 0.1", "0.9 0.1 oops", "0.9 0.1 nan", "0.9 0.1 0.2 0.3"], ids=str
)
def test_a_damaged_recording_is_named(tmp_path: Path, row: str) -> None:
    with zipfile.ZipFile(tmp_path / "h.zip", "w") as archive:
        archive.writestr("RawData/labels.txt", "1 1 5 1 3\n")
        archive.writestr("RawData/acc_exp01_user01.txt", f"0.9 0.1 0.2\n{row}\n0.9 0.1 0.2\n")
        archive.writestr("RawData/gyro_exp01_user01.txt", "0 0 0\n" * 3)
    with pytest.raises(ArchiveError, match=r"acc_exp01_user01.*three finite numbers"):
        hapt.read(tmp_path / "h.zip")
