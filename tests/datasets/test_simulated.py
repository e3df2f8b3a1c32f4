"""The simulated people: repeatable, plausible, and always called simulated."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

import harken
from harken.datasets import simulated
from harken.signal.path import filter_recording
from harken.signal.windows import ACTIVITIES, Windows, WindowSpec, cut


@pytest.fixture(scope="module")
def windows() -> Windows:
    return simulated.load()


def test_the_same_seed_gives_the_same_person() -> None:
    one, two = simulated.simulate("7"), simulated.simulate("7")
    assert np.array_equal(one.acc.values, two.acc.values)
    assert one.spans == two.spans


def test_the_same_seed_gives_the_same_person_whatever_the_number_of_threads() -> None:
    code = (
        "import hashlib; from harken.datasets import simulated; p = simulated.simulate('1');"
        "print([hashlib.sha256(s.values.tobytes()).hexdigest() for s in (p.acc, p.gyro)])"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code], env=os.environ | {"OPENBLAS_NUM_THREADS": threads},
            check=True, capture_output=True, text=True,
        ).stdout
        for threads in ("1", "2")
    }  # fmt: skip
    assert len(told) == 1


def test_another_seed_or_subject_gives_another() -> None:
    one = simulated.simulate("7").acc.values
    for other in (simulated.simulate("7", seed=1), simulated.simulate("8")):
        n = min(len(one), len(other.acc))
        assert not np.allclose(one[:n], other.acc.values[:n], atol=0.05)


def test_people_are_split_and_everybody_does_everything(windows: Windows) -> None:
    train, test = windows.of_split("train"), windows.of_split("test")
    assert set(test.subjects) == set(simulated.TEST_SUBJECTS)
    assert set(train.subjects) | set(test.subjects) == set(simulated.SUBJECTS)
    for subject in windows.subjects:
        assert len(np.unique(windows.of_subjects([subject]).y)) == len(ACTIVITIES)


def test_windows_are_cut_from_the_recording_by_the_one_signal_path(windows: Windows) -> None:
    by_hand = cut(filter_recording(simulated.simulate("3")), WindowSpec())
    by_hand = by_hand.select((by_hand.y >= 0) & ~by_hand.warm_up)
    assert np.array_equal(by_hand.x, windows.of_subjects(["3"]).x)


def test_gravity_is_where_the_posture_puts_it(windows: Windows) -> None:
    up = windows.x[:, :, windows.channels.index("total_acc_x")].mean(axis=1)
    size = np.linalg.norm(windows.x[:, :, -3:].mean(axis=1), axis=1)
    assert 0.9 < np.median(up[windows.y == ACTIVITIES.index("STANDING")]) < 1.03
    assert abs(np.median(up[windows.y == ACTIVITIES.index("LAYING")])) < 0.5
    assert 0.9 < np.median(size) < 1.1


def test_walking_has_the_cadence_of_people(windows: Windows) -> None:
    walking = windows.select(windows.y == ACTIVITIES.index("WALKING"))
    vertical = walking.x[:, :, walking.channels.index("body_acc_x")]
    power = (np.abs(np.fft.rfft(vertical * np.hanning(128), axis=1)) ** 2).mean(axis=0)
    frequency_hz = np.fft.rfftfreq(128, 1 / 50)
    assert 1.5 < frequency_hz[power.argmax()] < 2.3


def test_it_is_neither_trivial_nor_hopeless(windows: Windows) -> None:
    from sklearn.ensemble import RandomForestClassifier

    def features(w: Windows) -> np.ndarray:
        return np.hstack([w.x.mean(axis=1), w.x.std(axis=1), np.abs(np.diff(w.x, axis=1)).mean(1)])

    train, test = windows.of_split("train"), windows.of_split("test")
    forest = RandomForestClassifier(50, random_state=0).fit(features(train), train.y)
    assert 0.80 < forest.score(features(test), test.y) < 0.99


def test_their_recordings_can_be_had_too() -> None:
    recordings = harken.load_recordings("simulated")
    assert tuple(recording.subject for recording in recordings) == simulated.SUBJECTS
    assert all(recording.spans for recording in recordings)


def test_it_is_called_simulated(windows: Windows) -> None:
    assert windows.dataset == "simulated"
    assert any("simulated" in note for note in windows.notes)
    assert "simulated" in simulated.simulate("1").notes[0]


@pytest.mark.parametrize("minutes", [0.0, 0.3, 1.0])
def test_a_short_session_holds_every_activity_too(minutes: float) -> None:
    for subject in ("1", "2", "3"):
        recording = simulated.simulate(subject, minutes=minutes)
        assert {span.label for span in recording.spans} == set(ACTIVITIES)
        assert all(span.end_s - span.start_s >= 2 for span in recording.spans)
        assert recording.spans[-1].end_s == pytest.approx(recording.duration_s, abs=0.05)
