"""The mounting: found from gait however the device is turned, and honest where it cannot be."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from harken.core.errors import ContractError, FormatError
from harken.core.recording import Recording, Sensor
from harken.datasets.simulated import TEST_SUBJECTS, draw_person, simulate
from harken.orientation.gait import stretches
from harken.orientation.mounting import (
    estimate_mounting,
    mounting_from_rotation,
    mounting_from_standing,
)
from harken.signal.path import filter_recording, rotate

X, Y, Z = np.eye(3)


@pytest.fixture(scope="module")
def people() -> list[Recording]:
    return [simulate(subject, minutes=2.5) for subject in ("1", "3", "5", "6", "7", "8")]


def turned(recording: Recording, turn: NDArray[np.float64]) -> Recording:
    acc = recording.acc
    return replace(recording, acc=Sensor(acc.time_s, rotate(acc.values, turn)))


def random_turn(seed: int) -> NDArray[np.float64]:
    return np.asarray(Rotation.random(random_state=np.random.default_rng(seed)).as_matrix())


def only(recording: Recording, label: str) -> Recording:
    """The first span of a label."""
    span = next(span for span in recording.spans if span.label == label)
    acc = recording.acc
    first, end = np.searchsorted(acc.time_s, (span.start_s, span.end_s))
    return replace(recording, acc=Sensor(acc.time_s[first:end], acc.values[first:end]))


def mean_acc(recording: Recording, label: str = "WALKING") -> NDArray[np.float64]:
    return only(recording, label).acc.values.mean(axis=0)


def degrees(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    cosine = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def test_up_and_forward_are_found_on_simulated_people(people: list[Recording]) -> None:
    """The simulator knows how each of them wears the phone."""
    for seed, person in enumerate(people):
        turn = random_turn(seed)
        mounting = estimate_mounting(turned(person, turn), forward="+z")
        worn = draw_person(np.random.default_rng([0, int(str(person.subject))])).worn
        back = mounting.rotation @ turn @ worn
        assert mounting.method == "gait"
        assert degrees(back @ X, X) < 6
        assert degrees(back @ Z, Z) < 15
        assert mounting.up_confidence > 0.6


def test_on_real_people_up_forward_and_its_sign(hapt: list[Recording]) -> None:
    """Whoever lies on their back shows where forward is."""
    people = [r for r in hapt if r.subject not in TEST_SUBJECTS][::3]
    ups, heads, certain = [], [], []
    for seed, person in enumerate(people):
        turn = random_turn(seed)
        mounting = estimate_mounting(turned(person, turn))
        up, forward = (turn.T @ mounting.rotation.T @ axis for axis in (X, Y + Z))
        lying = mean_acc(person, "LAYING")
        ups.append(degrees(up, mean_acc(person)))
        heads.append(degrees(forward, lying - (lying @ up) * up))
        certain.append(not mounting.forward_is_ambiguous)
    assert np.median(ups) < 4
    assert np.median(heads) < 8
    assert np.mean(certain) > 0.7
    # One of these lay on the belly at first; nobody's forward is wrong on the others.
    assert (np.array(heads)[certain] > 90).sum() <= 1


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), who=st.integers(0, 5))
def test_turning_the_device_turns_the_estimate(
    people: list[Recording], seed: int, who: int
) -> None:
    turn = random_turn(seed)
    straight = estimate_mounting(people[who])
    other = estimate_mounting(turned(people[who], turn))
    np.testing.assert_allclose(other.rotation @ turn, straight.rotation, atol=1e-9)
    assert other.up_confidence == pytest.approx(straight.up_confidence)
    assert other.forward_confidence == pytest.approx(straight.forward_confidence)
    assert other.forward_is_ambiguous == straight.forward_is_ambiguous


@settings(deadline=None, max_examples=15)
@given(
    seed=st.integers(0, 2**32 - 1),
    up=st.sampled_from(["+x", "-y"]),
    forward=st.sampled_from(["+z", "-z"]),
)
def test_it_is_a_proper_rotation_into_the_axes_that_were_asked_for(
    people: list[Recording], seed: int, up: str, forward: str
) -> None:
    mounting = estimate_mounting(turned(people[0], random_turn(seed)), up=up, forward=forward)
    np.testing.assert_allclose(mounting.rotation @ mounting.rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(mounting.rotation) == pytest.approx(1)
    assert mounting_from_rotation(mounting.rotation).method == "given"


@pytest.mark.parametrize("rate_hz", [20, 33, 100, 400])
def test_any_rate_and_uneven_times_give_the_same(people: list[Recording], rate_hz: int) -> None:
    acc = people[0].acc
    rng = np.random.default_rng(rate_hz)
    n = int(acc.time_s[-1] * rate_hz)
    time_s = np.sort((np.arange(n) + rng.uniform(-0.3, 0.3, n)) / rate_hz)
    values = np.stack([np.interp(time_s, acc.time_s, column) for column in acc.values.T], axis=1)
    there = estimate_mounting(people[0]).rotation
    here = estimate_mounting(Recording(Sensor(time_s, values))).rotation
    assert degrees(here[0], there[0]) < 3
    assert np.degrees(np.arccos((np.trace(here @ there.T) - 1) / 2)) < 6


def test_the_same_recording_gives_the_same_and_it_can_be_stored(people: list[Recording]) -> None:
    first, second = (estimate_mounting(people[1]).as_dict() for _ in range(2))
    assert json.loads(json.dumps(first)) == second
    assert mounting_from_rotation(first["rotation"]).rotation.tolist() == first["rotation"]


def test_the_signal_path_takes_the_rotation(people: list[Recording]) -> None:
    person = turned(people[2], random_turn(5))
    walk = only(person, "WALKING")
    filtered = filter_recording(
        replace(walk, gyro=None), rotation=estimate_mounting(person).rotation
    )
    column = filtered.channels.index("total_acc_x")
    settled = filtered.segments[0].samples[filtered.segments[0].warm_up_samples :, column]
    assert settled.mean() == pytest.approx(1, abs=0.05)


def test_gait_is_found_where_it_is_labelled(people: list[Recording]) -> None:
    for person in people:
        for label in ("WALKING", "WALKING_UPSTAIRS"):
            assert stretches(only(person, label).acc).is_gait.mean() > 0.7
        for label in ("STANDING", "SITTING", "LAYING"):
            assert not stretches(only(person, label).acc).is_gait.any()


def test_slow_swinging_is_no_gait() -> None:
    time_s = np.arange(0, 60, 0.02)
    swing = np.stack([1 + 0.5 * np.sin(2 * np.pi * 0.4 * time_s), 0 * time_s, 0 * time_s], axis=1)
    assert not stretches(Sensor(time_s, swing)).is_gait.any()


def test_windows_across_a_gap_are_left_out(people: list[Recording]) -> None:
    acc = people[0].acc
    time_s = acc.time_s + np.where(np.arange(len(acc)) < len(acc) // 2, 0, 100.0)
    found = stretches(Sensor(time_s, acc.values))
    gap = time_s[len(acc) // 2 - 1 : len(acc) // 2 + 1]
    assert ((found.start_s + 4 <= gap[0] + 0.1) | (found.start_s >= gap[1] - 0.1)).all()
    assert len(found.start_s) > 60


def test_samples_that_are_missing_or_late_do_no_harm(people: list[Recording]) -> None:
    acc = people[0].acc
    values, time_s = acc.values.copy(), acc.time_s.copy()
    values[100:103] = np.nan
    time_s[500] = time_s[490]
    found = estimate_mounting(Recording(Sensor(time_s, values))).rotation
    np.testing.assert_allclose(found, estimate_mounting(people[0]).rotation, atol=0.02)


def test_a_device_that_was_put_on_anew_is_told(people: list[Recording]) -> None:
    acc = only(people[0], "WALKING").acc
    again = rotate(acc.values, np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]))
    time_s = np.concatenate([acc.time_s, acc.time_s[-1] + 0.02 + acc.time_s - acc.time_s[0]])
    mounting = estimate_mounting(Recording(Sensor(time_s, np.concatenate([acc.values, again]))))
    assert mounting.up_confidence < 0.7
    assert any("put on anew" in note for note in mounting.notes)


def test_lively_gait_alone_leaves_forward_ambiguous(hapt: list[Recording]) -> None:
    walkers = [r for r in hapt if r.subject not in TEST_SUBJECTS][:20]
    downstairs = [only(r, "WALKING_DOWNSTAIRS") for r in walkers]
    found = [m for m in map(estimate_mounting, downstairs) if m.method == "gait"]
    assert len(found) > 10
    assert np.mean([m.forward_is_ambiguous for m in found]) > 0.7
    assert all(m.notes[-1].startswith("forward may be") for m in found if m.forward_is_ambiguous)


def test_without_gait_an_upright_rest_gives_up_with_low_confidence(
    people: list[Recording],
) -> None:
    rest = only(people[0], "STANDING")
    mounting = estimate_mounting(rest)
    assert (mounting.method, mounting.forward_is_ambiguous) == ("still", True)
    assert 0 < mounting.up_confidence < 0.4
    assert degrees(mounting.rotation @ rest.acc.values.mean(axis=0), X) < 2


def test_someone_who_only_lies_is_not_put_upright(people: list[Recording]) -> None:
    mounting = estimate_mounting(only(people[0], "LAYING"))
    assert (mounting.method, mounting.up_confidence) == ("none", 0)
    np.testing.assert_array_equal(mounting.rotation, np.eye(3))
    assert "neither gait nor" in mounting.notes[0]


def test_without_gravity_nothing_is_said(people: list[Recording]) -> None:
    acc = only(people[0], "WALKING").acc
    for values in (acc.values - acc.values.mean(axis=0), 9.81 * acc.values):
        mounting = estimate_mounting(Recording(Sensor(acc.time_s, values)))
        assert (mounting.method, mounting.up_confidence) == ("none", 0)


def test_a_movement_that_is_only_vertical_has_no_heading() -> None:
    time_s = np.arange(0, 60, 0.02)
    for up in (X, Y, Z):
        values = np.outer(1 + 0.3 * np.sin(2 * np.pi * 1.8 * time_s), up)
        mounting = estimate_mounting(Recording(Sensor(time_s, values)))
        np.testing.assert_allclose(mounting.rotation @ up, X, atol=1e-6)
        assert mounting.forward_confidence == 0
        assert mounting.forward_is_ambiguous


@pytest.mark.parametrize("n", [0, 1, 2, 150])
def test_a_recording_that_is_too_short_is_not_rotated(n: int) -> None:
    mounting = estimate_mounting(Recording(Sensor(np.arange(n) / 50, np.tile(X, (n, 1)))))
    assert (mounting.method, mounting.up_confidence) == ("none", 0)
    np.testing.assert_array_equal(mounting.rotation, np.eye(3))


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 2**32 - 1))
def test_standing_gives_up_in_any_mounting(seed: int) -> None:
    rng = np.random.default_rng(seed)
    gravity = random_turn(seed) @ X
    values = gravity + rng.normal(0, 0.01, (250, 3))
    mounting = mounting_from_standing(Recording(Sensor(np.arange(250) / 50, values)))
    assert degrees(mounting.rotation @ gravity, X) < 1
    assert np.linalg.det(mounting.rotation) == pytest.approx(1)
    assert mounting.forward_confidence == 0
    assert mounting.forward_is_ambiguous


def test_standing_upside_down() -> None:
    values = np.tile(-X, (250, 1))
    mounting = mounting_from_standing(Recording(Sensor(np.arange(250) / 50, values)))
    np.testing.assert_allclose(mounting.rotation @ -X, X, atol=1e-12)
    assert np.linalg.det(mounting.rotation) == pytest.approx(1)


def test_standing_refuses_what_is_not_standing(people: list[Recording]) -> None:
    with pytest.raises(ContractError, match="the device moved by"):
        mounting_from_standing(only(people[0], "WALKING"))
    still = Sensor(np.arange(250) / 50, np.tile(9.81 * X, (250, 1)))
    with pytest.raises(ContractError, match="Is the acceleration in g"):
        mounting_from_standing(Recording(still))
    for n in (0, 1, 100):
        short = Recording(Sensor(still.time_s[:n], still.values[:n]))
        with pytest.raises(ContractError, match="3 s of standing"):
            mounting_from_standing(short)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.eye(2), "shape"),
        ([[1, 0], [0]], "3 rows"),
        (np.full((3, 3), np.nan), "not finite"),
        (2 * np.eye(3), "off by 3"),
        (np.diag([1.0, 1, -1]), "mirrors"),
    ],
)
def test_a_matrix_that_is_no_rotation_is_refused(matrix: NDArray[np.float64], message: str) -> None:
    with pytest.raises(FormatError, match=message):
        mounting_from_rotation(matrix)


@pytest.mark.parametrize(
    ("up", "forward", "message"),
    [
        ("+x", "+x", "not perpendicular"),
        ("x", "+z", "is no direction"),
        ("+x", "+z-z", "is no direction"),
        ("+x", "", "is no direction"),
    ],
)
def test_directions_that_make_no_sense_are_refused(up: str, forward: str, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        estimate_mounting(Recording(Sensor(np.empty(0), np.empty((0, 3)))), up=up, forward=forward)
