"""Totals over bouts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harken.datasets.simulated import simulate
from harken.inference.bouts import NOT_SURE, WARM_UP, Bout
from harken.inference.summary import summarise
from harken.orientation.gait import stretches
from harken.signal.windows import ACTIVITIES


def bout(start_s: float, end_s: float, activity: str, recording: str = "r") -> Bout:
    return Bout(recording, start_s, end_s, None, None, activity, 0.9, 1)


def test_minutes_and_transitions() -> None:
    bouts = [
        bout(0, 6, WARM_UP),
        bout(6, 66, "WALKING"),
        bout(66, 96, "SITTING"),
        bout(100, 130, "STANDING"),  # after a gap
        bout(0, 6, "LAYING", "s"),
        bout(6, 36, "WALKING", "s"),
    ]
    summary = summarise(bouts, ACTIVITIES, None)
    assert summary.as_dict() == {
        "minutes": {
            "WALKING": 1.5, "SITTING": 0.5, "STANDING": 0.5, "LAYING": 0.1, WARM_UP: 0.1,
        },
        "n_transitions": 2,
        "steps_per_minute": None,
    }  # fmt: skip
    assert list(summary.minutes) == ["WALKING", "SITTING", "STANDING", "LAYING", WARM_UP]


@pytest.mark.parametrize("name", ["WALKING", "Walking", "walk"])
def test_steps_are_of_walking_on_the_level(name: str) -> None:
    person = simulate("3")
    spans = [(s.start_s, s.end_s, s.label) for s in person.spans]
    level = [bout(*span) for span in spans if span[2] == "WALKING"]
    named = [replace(b, activity=name) for b in level]
    steps = summarise(named, [name], stretches(person.acc)).steps_per_minute
    assert steps is not None
    assert 80 < steps < 130
    stairs = [replace(b, activity="WALKING_UPSTAIRS") for b in level]
    assert summarise(stairs, ACTIVITIES, stretches(person.acc)).steps_per_minute is None


def test_a_stretch_of_doubt_is_counted_and_hides_no_change() -> None:
    bouts = [
        bout(0, 30, "SITTING"),
        bout(30, 42, NOT_SURE),
        bout(42, 60, "STANDING"),
        bout(60, 66, NOT_SURE),
        bout(66, 90, "STANDING"),
        bout(90, 96, NOT_SURE),
        bout(100, 106, NOT_SURE),
        bout(106, 112, "SITTING"),
    ]
    summary = summarise(bouts, ACTIVITIES, None)
    assert summary.minutes == pytest.approx({"SITTING": 0.6, "STANDING": 0.7, NOT_SURE: 0.5})
    assert summary.n_transitions == 1
