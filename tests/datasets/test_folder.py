"""A folder of one's own labelled recordings is a dataset."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

import harken
from harken import datasets
from harken.core.errors import InputError
from harken.core.recording import Recording
from harken.datasets import folder, simulated
from harken.signal.path import filter_recording
from harken.signal.windows import WindowSpec, cut


def write(recording: Recording, path: Path, *, gyroscope: bool = True) -> None:
    """A labelled table, as people make them."""
    assert recording.gyro is not None
    path.parent.mkdir(parents=True, exist_ok=True)
    time_s = recording.acc.time_s
    label = np.full(len(time_s), "", dtype="U20")
    for span in recording.spans:
        label[(time_s >= span.start_s) & (time_s < span.end_s)] = span.label
    names = ["time_s", "acc_x", "acc_y", "acc_z"]
    columns = [time_s, *recording.acc.values.T]
    if gyroscope:
        names += ["gyro_x", "gyro_y", "gyro_z"]
        columns += [*recording.gyro.values.T]
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*names, "label"])
        writer.writerows([*(f"{c[i]:.6g}" for c in columns), label[i]] for i in range(len(time_s)))


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four people, one folder each."""
    root = tmp_path_factory.mktemp("mine")
    for subject in "1234":
        write(simulated.simulate(subject, minutes=2), root / f"person{subject}" / "day1.csv")
    return root


def test_windows_are_those_of_the_recordings(people: Path) -> None:
    windows = datasets.load(str(people))
    assert windows.subjects == ("person1", "person2", "person3", "person4")
    assert set(windows.labels) == set(simulated.ACTIVITIES)
    own = windows.of_subjects(["person2"])
    direct = cut(filter_recording(simulated.simulate("2", minutes=2)), WindowSpec(), windows.labels)
    assert (direct.y >= 0).sum() > 40
    assert np.array_equal(own.y, direct.y)
    np.testing.assert_allclose(own.x, direct.x, atol=1e-4)  # six digits in the file


def test_it_trains_across_people(people: Path, tmp_path: Path) -> None:
    run = harken.train(str(people), epochs=2, out=tmp_path / "run")
    assert run.metrics["protocol"] == "subject-holdout"
    assert len(run.metrics["per_subject"]) == 1
    card = harken.Predictor(run.model_file).card
    assert card.credits == "The user's own recordings."


def test_one_person_trains_within_the_subject(people: Path, tmp_path: Path) -> None:
    run = harken.train(str(people / "person1"), epochs=2, out=tmp_path / "run")
    assert run.metrics["protocol"] == "within-subject"
    assert "within-subject" in run.report.read_text()


def test_subjects_by_a_pattern(tmp_path: Path) -> None:
    for name in ("p1_monday", "p1_friday", "p2_monday"):
        write(simulated.simulate("1", minutes=1), tmp_path / f"{name}.csv")
    assert folder.load(tmp_path).subjects == ("",)
    windows = folder.load(tmp_path, subject_pattern=r"^(?P<subject>p\d+)_")
    assert windows.subjects == ("p1", "p2")
    with pytest.raises(InputError, match="is not in it"):
        folder.load(tmp_path, subject_pattern="q")
    with pytest.raises(InputError, match="no regular expression"):
        folder.load(tmp_path, subject_pattern="(")


def test_without_gyroscope_in_some_only_the_accelerometer_is_used(tmp_path: Path) -> None:
    write(simulated.simulate("1", minutes=1), tmp_path / "a.csv")
    write(simulated.simulate("2", minutes=1), tmp_path / "b.csv", gyroscope=False)
    windows = folder.load(tmp_path)
    assert len(windows.channels) == 6
    assert any("accelerometer only" in note for note in windows.notes)


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no recordings"):
        folder.load(tmp_path)
    write(simulated.simulate("1", minutes=1), tmp_path / "good.csv")
    (tmp_path / "bad.csv").write_text("hello\n")
    (tmp_path / ".hidden").write_text("ignored")
    with pytest.raises(InputError, match=r"(?s)1 of 2 files.*bad\.csv.*move them out"):
        folder.load(tmp_path)


def test_nothing_labelled(tmp_path: Path) -> None:
    rows = "\n".join(f"{i / 50},1,0,0" for i in range(600))
    (tmp_path / "a.csv").write_text("time_s,ax,ay,az\n" + rows)
    with pytest.raises(InputError, match="Add a column 'label'"):
        folder.load(tmp_path)
