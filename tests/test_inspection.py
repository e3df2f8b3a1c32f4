"""Every planted fault is found by its own name; clean recordings are called clean."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from harken.core.errors import ContractError, UnknownNameError
from harken.core.recording import STANDARD_GRAVITY, Recording, Sensor, on_one_clock
from harken.datasets import simulated
from harken.inspection import inspect_recording, refuse_unfit
from harken.inspection.holding import STUCK_S

Fault = Callable[[Recording], Recording]
#: Fault, the kind that must be found, its severity.
FAULTS: list[tuple[Fault, str, str]] = []


def fault(kind: str, severity: str) -> Callable[[Fault], Fault]:
    def register(plant: Fault) -> Fault:
        FAULTS.append((plant, kind, severity))
        return plant

    return register


def change(recording: Recording, key: str, values: np.ndarray) -> Recording:
    sensor = getattr(recording, key)
    return replace(recording, **{key: Sensor(sensor.time_s, values)})


def scaled(recording: Recording, key: str, factor: float) -> Recording:
    return change(recording, key, getattr(recording, key).values * factor)


def at_times(recording: Recording, time_s: np.ndarray) -> Recording:
    assert recording.gyro is not None
    return replace(
        recording,
        acc=Sensor(time_s, recording.acc.values),
        gyro=Sensor(time_s, recording.gyro.values),
    )


def keep(recording: Recording, which: np.ndarray | slice, keys: str = "acc gyro") -> Recording:
    for key in keys.split():
        sensor = getattr(recording, key)
        kept = Sensor(sensor.time_s[which], sensor.values[which])
        recording = replace(recording, **{key: kept})
    return recording


def numbers(recording: Recording) -> np.ndarray:
    return np.arange(len(recording.acc))


@fault("acc-in-ms2", "refused")
def metres_per_second(r: Recording) -> Recording:
    return scaled(r, "acc", STANDARD_GRAVITY)


@fault("acc-in-mg", "refused")
def thousandths_of_g(r: Recording) -> Recording:
    return scaled(r, "acc", 1000)


@fault("acc-raw-counts", "refused")
def counts_of_a_chip(r: Recording) -> Recording:
    return change(r, "acc", np.rint(r.acc.values * 16384))


@fault("acc-scale", "refused")
def half_of_everything(r: Recording) -> Recording:
    return scaled(r, "acc", 0.5)


@fault("acc-scale", "note")
def ten_percent_too_much(r: Recording) -> Recording:
    return scaled(r, "acc", 1.1)


@fault("gravity-removed", "refused")
def linear_acceleration(r: Recording) -> Recording:
    from scipy.signal import butter, sosfiltfilt

    low_pass = butter(2, 0.3, fs=50, output="sos")
    return change(r, "acc", r.acc.values - sosfiltfilt(low_pass, r.acc.values, axis=0))


@fault("gyro-in-deg", "refused")
def degrees(r: Recording) -> Recording:
    return scaled(r, "gyro", 180 / np.pi)


@fault("gyroscope-sign", "note")
def turns_the_other_way(r: Recording) -> Recording:
    return scaled(r, "gyro", -1)


@fault("upside-down", "note")
def upside_down(r: Recording) -> Recording:
    turn = np.array([-1, -1, 1])
    return change(change(r, "acc", r.acc.values * turn), "gyro", r.gyro.values * turn)


@fault("mounted-otherwise", "note")
def another_axis_up(r: Recording) -> Recording:
    order = [2, 0, 1]
    return change(change(r, "acc", r.acc.values[:, order]), "gyro", r.gyro.values[:, order])


@fault("rate-too-low", "refused")
def ten_hertz(r: Recording) -> Recording:
    return keep(r, slice(None, None, 5))


@fault("rate-low", "note")
def twenty_five_hertz(r: Recording) -> Recording:
    return keep(r, slice(None, None, 2))


@fault("rate-too-high", "refused")
def kilohertz(r: Recording) -> Recording:
    return at_times(r, r.acc.time_s / 20)


@fault("clock-scale", "refused")
def milliseconds(r: Recording) -> Recording:
    return at_times(r, r.acc.time_s * 1000)


@fault("clock-scale", "refused")
def thousands_of_seconds(r: Recording) -> Recording:
    return at_times(r, r.acc.time_s / 1000)


@fault("jitter", "repaired")
def shaky_clock(r: Recording) -> Recording:
    shift = np.random.default_rng(0).uniform(-0.4, 0.4, len(r.acc)) / 50
    return at_times(r, r.acc.time_s + shift)


@fault("bursts", "refused")
def packets(r: Recording) -> Recording:
    n = numbers(r)
    return at_times(r, (n // 10) * 0.2 + (n % 10) * 1e-4)


@fault("gaps", "repaired")
def pauses_of_seconds(r: Recording) -> Recording:
    return keep(r, (numbers(r) % 3000 > 150))


@fault("short-pauses", "repaired")
def every_twentieth_is_lost(r: Recording) -> Recording:
    return keep(r, (numbers(r) % 20 != 7))


@fault("duplicate-times", "repaired")
def some_times_twice(r: Recording) -> Recording:
    n = numbers(r)
    return at_times(r, np.where(n % 50 == 7, n - 1, n) / 50)


@fault("duplicate-times", "refused")
def every_time_twice(r: Recording) -> Recording:
    return at_times(r, numbers(r) // 2 / 25)


@fault("late-times", "repaired")
def some_samples_late(r: Recording) -> Recording:
    n = numbers(r)
    return at_times(r, np.where(n % 50 == 7, n - 3.5, n) / 50)


@fault("clock-backwards", "refused")
def clock_set_back(r: Recording) -> Recording:
    late = numbers(r) > len(r.acc) // 2
    return at_times(r, r.acc.time_s - 30.0 * late)


@fault("clock-backwards", "refused")
def newest_first(r: Recording) -> Recording:
    return at_times(r, r.acc.time_s[::-1].copy())


@fault("clock-jump", "repaired")
def two_hours_ahead(r: Recording) -> Recording:
    return at_times(r, r.acc.time_s + 7200.0 * (numbers(r) > 3000))


@fault("clock-jump", "refused")
def since_1970_from_the_middle(r: Recording) -> Recording:
    return at_times(r, r.acc.time_s + 1.7e9 * (numbers(r) > 3000))


@fault("too-short", "refused")
def two_seconds(r: Recording) -> Recording:
    return keep(r, slice(1000, 1100))


@fault("too-short", "note")
def six_seconds(r: Recording) -> Recording:
    return keep(r, slice(1000, 1300))


@fault("stuck-axis", "note")
def axis_stuck_for_seconds(r: Recording) -> Recording:
    values = r.acc.values.copy()
    values[2000:2200, 1] = values[2000, 1]
    return change(r, "acc", values)


@fault("stuck-axis", "refused")
def axis_always_zero(r: Recording) -> Recording:
    return change(r, "gyro", r.gyro.values * [1, 1, 0])


@fault("frozen", "note")
def sensor_frozen_for_seconds(r: Recording) -> Recording:
    values = r.gyro.values.copy()
    values[2000:2200] = values[2000]
    return change(r, "gyro", values)


@fault("dead-accelerometer", "refused")
def dead_accelerometer(r: Recording) -> Recording:
    return change(r, "acc", np.tile([0.0, 0.0, 1.0], (len(r.acc), 1)))


@fault("dead-gyroscope", "refused")
def dead_gyroscope(r: Recording) -> Recording:
    return scaled(r, "gyro", 0)


@fault("clipped", "note")
def flat_tops(r: Recording) -> Recording:
    return change(r, "acc", np.clip(r.acc.values, -1.25, 1.25))


@fault("clipped", "note")
def flat_tops_of_the_gyroscope(r: Recording) -> Recording:
    return change(r, "gyro", np.clip(r.gyro.values, -0.6, 0.6))


@fault("spikes", "repaired")
def single_spikes(r: Recording) -> Recording:
    values = r.acc.values.copy()
    values[[500, 3000, 5000], [0, 1, 2]] = [40, -60, 25]
    return change(r, "acc", values)


@fault("spikes", "note")
def spikes_of_two_samples(r: Recording) -> Recording:
    values = r.acc.values.copy()
    values[500:502] = 40
    return change(r, "acc", values)


@fault("coarse", "note")
def rounded_to_a_tenth(r: Recording) -> Recording:
    rounded = np.round(r.acc.values * STANDARD_GRAVITY, 1) / STANDARD_GRAVITY
    return change(r, "acc", rounded)


@fault("sample-and-hold", "note")
def each_value_twice(r: Recording) -> Recording:
    held = numbers(r) // 2 * 2
    return change(r, "acc", r.acc.values[held])


@fault("sample-and-hold", "refused")
def each_value_five_times(r: Recording) -> Recording:
    held = numbers(r) // 5 * 5
    return change(r, "acc", r.acc.values[held])


@fault("gyroscope-bias", "repaired")
def large_bias(r: Recording) -> Recording:
    return change(r, "gyro", r.gyro.values + np.array([0.0, 0.25, 0.0]))


@fault("sensors-out-of-step", "note")
def gyroscope_late(r: Recording) -> Recording:
    return replace(r, gyro=Sensor(r.gyro.time_s + 0.5, r.gyro.values))


@fault("sensors-out-of-step", "note")
def gyroscope_early(r: Recording) -> Recording:
    return replace(r, gyro=Sensor(r.gyro.time_s - 1.2, r.gyro.values))


@fault("gyroscope-partial", "repaired")
def gyroscope_stops(r: Recording) -> Recording:
    return keep(r, slice(0, len(r.acc) // 2), "gyro")


@fault("lengths-differ", "repaired")
def accelerometer_stops(r: Recording) -> Recording:
    return keep(r, slice(0, len(r.acc) // 4), "acc")


@fault("no-overlap", "refused")
def never_together(r: Recording) -> Recording:
    return replace(r, gyro=Sensor(r.gyro.time_s + 5000, r.gyro.values))


@fault("not-worn", "note")
def on_a_desk(r: Recording) -> Recording:
    rng = np.random.default_rng(0)
    n = len(r.acc)
    noisy = change(r, "acc", np.array([0.01, -0.02, 1.0]) + rng.normal(0, 0.003, (n, 3)))
    return change(noisy, "gyro", rng.normal(0, 0.003, (n, 3)))


def found(recording: Recording) -> set[tuple[str, str]]:
    return {(f.kind, f.severity) for f in inspect_recording(recording).findings}


@pytest.fixture(scope="module")
def clean() -> Recording:
    return simulated.simulate("1", minutes=4)


each_fault = pytest.mark.parametrize(
    ("plant", "kind", "severity"), FAULTS, ids=[plant.__name__ for plant, *_ in FAULTS]
)
#: Faults that bring others with them, since they are two things at once.
COMPANIONS = {
    "gyroscope_late": {"gyroscope-partial"},
    "gyroscope_early": {"gyroscope-partial"},
    "some_times_twice": {"short-pauses"},
    "some_samples_late": {"short-pauses"},
    "every_time_twice": {"rate-low"},
}


def test_there_are_many_kinds() -> None:
    assert len({kind for _, kind, _ in FAULTS}) >= 30


@each_fault
def test_a_planted_fault_is_found_alone(
    plant: Fault, kind: str, severity: str, clean: Recording
) -> None:
    companions = COMPANIONS.get(plant.__name__, set())
    kinds = found(plant(clean))
    assert (kind, severity) in kinds
    assert {k for k, _ in kinds} <= {kind} | companions


@each_fault
def test_a_fault_planted_in_real_recordings_is_found(
    plant: Fault, kind: str, severity: str, hapt: list[Recording]
) -> None:
    companions = COMPANIONS.get(plant.__name__, set())
    for number in (1, 18, 45):
        kinds = found(plant(hapt[number]))
        assert (kind, severity) in kinds, hapt[number].source
        assert {k for k, _ in kinds} <= {kind} | companions, hapt[number].source


def test_no_fault_is_found_in_any_clean_recording(hapt: list[Recording]) -> None:
    assert len(hapt) == 61
    assert {r.source: found(r) for r in hapt if found(r)} == {}


@pytest.mark.parametrize("subject", simulated.SUBJECTS)
def test_no_fault_is_found_in_simulated_recordings(subject: str) -> None:
    assert found(simulated.simulate(subject, minutes=2)) == set()


def test_no_fault_is_found_at_other_rates_and_without_a_gyroscope(hapt: list[Recording]) -> None:
    """A phone's clock: 3 % jitter, sensors at rates of their own."""
    rng = np.random.default_rng(1)
    for recording in hapt[::12]:
        assert recording.gyro is not None
        acc, gyro = (
            resampled(sensor, rate_hz, rng)
            for sensor, rate_hz in ((recording.acc, 104.0), (recording.gyro, 208.0))
        )
        assert found(replace(recording, acc=acc, gyro=gyro)) == set()
        assert found(replace(recording, gyro=None)) == set()


def resampled(sensor: Sensor, rate_hz: float, rng: np.random.Generator) -> Sensor:
    n = int(sensor.time_s[-1] * rate_hz)
    time_s = (np.arange(n) + rng.normal(0, 0.03, n)) / rate_hz
    values = [np.interp(time_s, sensor.time_s, axis) for axis in sensor.values.T]
    return Sensor(time_s, np.stack(values, axis=1))


def test_people_who_lie_still_are_told_from_a_desk(hapt: list[Recording]) -> None:
    for recording in hapt:
        for span in recording.spans:
            if span.label in ("LAYING", "SITTING", "STANDING") and span.end_s - span.start_s > 15:
                which = slice(int(span.start_s * 50), int(span.end_s * 50))
                assert "not-worn" not in {k for k, _ in found(keep(recording, which))}


def test_faults_do_not_hide_one_another(clean: Recording) -> None:
    several = [flat_tops, single_spikes, turns_the_other_way, axis_stuck_for_seconds, shaky_clock]
    recording = clean
    for plant in several:
        recording = plant(recording)
    kinds = {kind for plant, kind, _ in FAULTS if plant in several}
    assert {k for k, _ in found(recording)} == kinds


def test_findings_say_where(clean: Recording) -> None:
    (finding,) = inspect_recording(axis_stuck_for_seconds(clean)).findings
    assert finding.where == ((40.0, 43.98),)
    assert "40.00-43.98 s" in finding.what
    assert finding.sensor == "acc"
    assert STUCK_S < 43.98 - 40


def test_a_gyroscope_that_is_late_is_said_to_be_late_by_as_much(clean: Recording) -> None:
    for plant, late_s, word in ((gyroscope_late, 0.5, "after"), (gyroscope_early, 1.2, "before")):
        findings = inspect_recording(plant(clean)).findings
        (lag,) = [f for f in findings if f.kind == "sensors-out-of-step"]
        said = re.search(rf"([\d.]+) s {word} the accelerometer", lag.what)
        assert said is not None, lag.what
        # Sensors are compared by bins of 0.1 s, and in people one sees a turn a bin later.
        assert float(said[1]) == pytest.approx(late_s, abs=0.1001)


def test_facts_of_a_clean_recording(clean: Recording) -> None:
    inspection = inspect_recording(clean)
    facts = inspection.as_dict()["facts"]
    assert inspection.usable
    assert facts["acc_rate_hz"] == facts["gyro_rate_hz"] == 50
    assert facts["gravity"] == "included"
    assert facts["up_axis_in_gait"] == "+x"
    assert facts["placement"] == "waist"
    assert facts["acc_standing_part_g"] == pytest.approx(1, abs=0.05)
    assert np.abs(facts["gyro_bias_rad_s"]).max() < 0.1


def test_the_contract_may_want_another_axis_up(clean: Recording) -> None:
    assert {f.kind for f in inspect_recording(clean, up="-x").findings} == {"upside-down"}
    with pytest.raises(UnknownNameError, match=r"no axis 'up'"):
        inspect_recording(clean, up="up")


def test_unfit_recordings_are_refused_with_what_to_do(clean: Recording) -> None:
    refuse_unfit(clean)
    refuse_unfit(single_spikes(clean))
    with pytest.raises(ContractError, match=r"gravity-removed: .* Export the acceleration that"):
        refuse_unfit(linear_acceleration(clean))


@pytest.mark.parametrize("n", [0, 1, 2, 49, 60])
def test_hardly_any_samples_are_too_short_and_nothing_else(n: int) -> None:
    recording = on_one_clock(np.arange(n) / 50, np.tile([1.0, 0, 0, 0.1, 0, 0], (n, 1)))
    assert ("too-short", "refused") in found(recording)


def with_strange_numbers() -> dict[str, Recording]:
    n = 600
    values = np.random.default_rng(0).normal(0, 1, (n, 3))
    time_s = np.arange(n) / 50
    usual, none = Sensor(time_s, values), Sensor(np.empty(0), np.empty((0, 3)))
    return {
        "one time for all": Recording(Sensor(np.zeros(n), values), usual),
        "no gyroscope samples": Recording(usual, none),
        "no acceleration": Recording(none, usual),
        "huge": Recording(Sensor(time_s, values * 1e200), Sensor(time_s, values * 1e200)),
        "tiny": Recording(Sensor(time_s, values * 1e-200), usual),
        "clocks far apart": Recording(Sensor(time_s + 1e12, values), usual),
        "only beyond the range": Recording(Sensor(time_s, np.sign(values) * 50), usual),
        "one sample an hour": Recording(Sensor(time_s * 180_000, values)),
    }


@pytest.mark.parametrize("name", with_strange_numbers())
def test_whatever_the_numbers_an_inspection_is_a_json_document(name: str) -> None:
    inspection = inspect_recording(with_strange_numbers()[name])
    json.dumps(inspection.as_dict(), allow_nan=False)
    assert not inspection.usable


def test_an_hour_takes_less_than_half_a_second() -> None:
    hour = simulated.simulate("4", minutes=60)
    started = time.perf_counter()
    inspect_recording(hour)
    assert time.perf_counter() - started < 1.5  # 0.4 s alone; other programs run beside the tests
