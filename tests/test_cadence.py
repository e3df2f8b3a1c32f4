"""Steps a minute: right for walkers whose steps are known, plausible for real people."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from harken.core.recording import Recording, Sensor
from harken.datasets.simulated import draw_person, simulate
from harken.orientation.cadence import steps_per_minute
from harken.orientation.gait import stretches
from harken.signal.path import rotate


def walker(
    cadence: float, *, rate_hz: float = 50.0, seconds: float = 30.0, seed: int = 0
) -> Sensor:
    """Rise and fall with each step, sway with each second one, heels and noise."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(0, seconds, 1 / rate_hz)
    phase = 2 * np.pi * cadence / 60 * time_s
    values = np.stack(
        [
            1 + 0.3 * np.sin(phase) + 0.15 * np.sin(2 * phase + 1) + 0.1 * np.sin(phase / 2),
            0.25 * np.sin(phase / 2 + 0.5),
            0.15 * np.sin(phase + 2),
        ],
        axis=1,
    )
    return Sensor(time_s, values + rng.normal(0, 0.02, values.shape))


def walks(recording: Recording) -> list[tuple[float, float]]:
    return [(s.start_s, s.end_s) for s in recording.spans if s.label == "WALKING"]


@given(
    cadence=st.floats(80, 145),
    rate_hz=st.sampled_from([25.0, 50.0, 100.0]),
    seed=st.integers(0, 99),
)
def test_within_3_percent_however_the_device_is_turned(
    cadence: float, rate_hz: float, seed: int
) -> None:
    acc = walker(cadence, rate_hz=rate_hz, seed=seed)
    turn = Rotation.random(random_state=np.random.default_rng(seed)).as_matrix()
    turned = Sensor(acc.time_s, rotate(acc.values, turn))
    found = steps_per_minute(stretches(turned), [(0.0, 30.0)])
    assert found == pytest.approx(cadence, rel=0.03)


def test_simulated_people() -> None:
    """The pace of each of their bouts is drawn anew; over people that evens out."""
    ratio = []
    for subject in range(1, 31):
        person = simulate(str(subject))
        found = steps_per_minute(stretches(person.acc), walks(person))
        assert found is not None
        cadence_hz = draw_person(np.random.default_rng([0, subject])).cadence_hz[0]
        ratio.append(found / (60 * cadence_hz))
    assert np.mean(ratio) == pytest.approx(1, abs=0.03)
    assert np.std(ratio) < 0.03


def test_real_people_walk_at_80_to_130(hapt: list[Recording]) -> None:
    found = [
        steps_per_minute(stretches(person.acc), walks(person)) for person in hapt if walks(person)
    ]
    assert len(found) == 60
    assert all(steps is not None and 80 <= steps <= 130 for steps in found)


def test_without_walking_there_is_none() -> None:
    acc = walker(110)
    assert steps_per_minute(stretches(acc), []) is None
    assert steps_per_minute(stretches(acc), [(0.0, 3.0)]) is None
    still = Sensor(acc.time_s, np.tile([1.0, 0, 0], (len(acc), 1)))
    assert steps_per_minute(stretches(still), [(0.0, 30.0)]) is None
