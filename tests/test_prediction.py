"""From a file to bouts: what is settled before the first window, what does not change answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.signal import resample_poly
from scipy.spatial.transform import Rotation

import harken
from harken.datasets.hapt import TEST_SUBJECTS
from harken.datasets.simulated import simulate
from harken.errors import ContractError, FormatError, UnknownNameError
from harken.prediction import Prediction, predict
from harken.predictor import Predictor
from harken.recording import Recording, Sensor
from harken.resolve import parse_mounting, settle_mounting
from harken.signal_path import SignalPath, rotate
from harken.windows import slices

G = 9.80665


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    """A network that learnt from simulated people, as they wore their devices."""
    run = harken.train(
        "simulated", preset="conv-bilstm", epochs=3, out=tmp_path_factory.mktemp("run") / "worn"
    )
    return Predictor(run.model_file)


@pytest.fixture(scope="module")
def of_people(tmp_path_factory: pytest.TempPathFactory, data_folder: Path) -> Predictor:
    """One that learnt from people whose recordings were turned upright."""
    run = harken.train(
        "hapt-upright",
        preset="any-mounting",
        epochs=3,
        data=data_folder,
        out=tmp_path_factory.mktemp("run") / "upright",
    )
    return Predictor(run.model_file)


@pytest.fixture(scope="module")
def walk() -> Recording:
    return simulate("3", minutes=2.5)


def table(
    path: Path, recording: Recording, *, rate_hz: float = 50.0, unit: float = 1.0, suffix: str = ""
) -> Path:
    """Write a recording as a table, its acceleration in another unit, at another rate."""
    assert recording.gyro is not None
    samples = np.hstack([recording.acc.values * unit, recording.gyro.values])
    up = round(rate_hz / 50)
    if up > 1:
        samples = resample_poly(samples, up, 1, axis=0, padtype="line")
    time_s = np.arange(len(samples)) / rate_hz
    names = [f"acc_{axis}{suffix}" for axis in "xyz"] + [f"gyro_{axis}" for axis in "xyz"]
    rows = np.column_stack([time_s, samples])
    np.savetxt(path, rows, "%.6f", ",", header=",".join(["time_s", *names]), comments="")
    return path


def turned(recording: Recording, turn: NDArray[np.float64]) -> Recording:
    assert recording.gyro is not None
    acc, gyro = recording.acc, recording.gyro
    return replace(
        recording,
        acc=Sensor(acc.time_s, rotate(acc.values, turn)),
        gyro=Sensor(gyro.time_s, rotate(gyro.values, turn)),
    )


def answers(prediction: Prediction) -> NDArray[np.int64]:
    return prediction.probability.argmax(axis=1)


def agreement(one: Prediction, other: Prediction) -> float:
    n = min(len(one.windows), len(other.windows))
    assert abs(len(one.windows) - len(other.windows)) <= 1
    return float((answers(one)[:n] == answers(other)[:n]).mean())


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(1, 900), min_size=1, max_size=12), st.integers(0, 5))
def test_however_samples_come_the_probabilities_are_the_same(
    predictor: Predictor, walk: Recording, sizes: list[int], seed: int
) -> None:
    """Given the same resolved settings: fed whole, or in any pieces and window by window."""
    rotation = Rotation.random(random_state=np.random.default_rng(seed)).as_matrix()
    windows = predictor.windows_of(walk, rotation)
    one_by_one = [
        predictor.probability(replace(windows.select([i]), x=x))
        for i, x in enumerate(streamed(predictor, walk, rotation, sizes))
    ]
    np.testing.assert_allclose(
        np.concatenate(one_by_one), predictor.probability(windows), atol=1e-5
    )


def streamed(
    predictor: Predictor, recording: Recording, rotation: NDArray[np.float64], sizes: list[int]
) -> Iterator[NDArray[np.float32]]:
    """Windows one by one, from samples that are pushed in pieces of these sizes, over and over."""
    assert recording.gyro is not None
    spec = predictor.contract.spec
    path = SignalPath(
        acc_rate_hz=50.0, gyro_rate_hz=50.0, origin_s=0.0, rate_hz=spec.rate_hz, rotation=rotation
    )
    edges = np.cumsum(np.resize(sizes, len(recording.acc)))
    edges = edges[edges < len(recording.acc)]
    runs = []
    for part in np.split(np.arange(len(recording.acc)), edges):
        runs += path.push(
            Sensor(recording.acc.time_s[part], recording.acc.values[part]),
            Sensor(recording.gyro.time_s[part], recording.gyro.values[part]),
        )
    samples = np.concatenate([run.values for run in runs + path.flush()])
    starts = np.arange(0, len(samples) - spec.n_steps + 1, spec.stride_steps)
    for start in starts:
        yield slices(samples, np.array([start]), spec.n_steps)


def test_of_no_windows_there_are_no_answers(predictor: Predictor, walk: Recording) -> None:
    """onnxruntime ends the process when an LSTM gets none."""
    probability, embedding = predictor.run(predictor.windows_of(walk).select(np.arange(0)))
    assert probability.shape == (0, 6)
    assert embedding.shape[0] == 0
    assert embedding.shape[1] > 6


@pytest.mark.parametrize("change", [{"unit": G}, {"rate_hz": 100.0}], ids=str)
def test_unit_and_rate_hardly_change_what_is_recognised(
    of_people: Predictor, hapt: list[Recording], change: dict[str, float], tmp_path: Path
) -> None:
    """On the test people of HAPT: at least 98 % of the windows get the same answer."""
    people = [r for r in hapt if r.subject in TEST_SUBJECTS][::3]
    agree, n = 0.0, 0
    for person in people:
        plain = predict(table(tmp_path / "plain.csv", person), of_people)
        other = predict(table(tmp_path / "other.csv", person, **change), of_people)
        agree += agreement(plain, other) * len(plain.windows)
        n += len(plain.windows)
    assert n > 1000
    assert agree / n >= 0.98


def test_a_device_turned_any_way_is_recognised_alike(
    of_people: Predictor, hapt: list[Recording], tmp_path: Path
) -> None:
    people = [r for r in hapt if r.subject in TEST_SUBJECTS][::5]
    for seed, person in enumerate(people):
        turn = Rotation.random(random_state=np.random.default_rng(seed)).as_matrix()
        plain = predict(table(tmp_path / "plain.csv", person), of_people)
        other = predict(table(tmp_path / "turned.csv", turned(person, turn)), of_people)
        assert agreement(plain, other) > 0.97
        assert other.mounting is not None
        assert other.mounting.method == "gait"
        assert "up from gravity" in " ".join(other.notes)


def test_a_given_rotation_undoes_the_turn(
    predictor: Predictor, walk: Recording, tmp_path: Path
) -> None:
    turn = Rotation.from_euler("xyz", [100, 30, -60], degrees=True).as_matrix()
    plain = predict(table(tmp_path / "plain.csv", walk), predictor, mounting="as-worn")
    back = predict(table(tmp_path / "turned.csv", turned(walk, turn)), predictor, mounting=turn.T)
    assert agreement(plain, back) > 0.98
    said = back.as_dict()
    assert said["mounting"]["method"] == "given"
    np.testing.assert_allclose(said["mounting"]["rotation"], turn.T)


def test_what_the_model_has_seen_is_left_as_worn_and_what_it_has_not_is_turned(
    predictor: Predictor, walk: Recording
) -> None:
    """A model that learnt from devices as they were worn."""
    contract = predictor.contract
    assert contract.mounting["learnt"] == "as-worn"
    seen = settle_mounting(walk, contract, "estimate")
    assert np.array_equal(seen.rotation, np.eye(3))
    assert seen.method == "gait"
    upside_down = turned(walk, np.diag([-1.0, -1.0, 1.0]))
    assert settle_mounting(upside_down, contract, "estimate").rotation[0, 0] < -0.9
    backward = turned(walk, np.diag([1.0, -1.0, -1.0]))
    assert settle_mounting(backward, contract, "estimate").rotation[2, 2] < -0.5


def test_standing_first(predictor: Predictor, walk: Recording) -> None:
    with pytest.raises(ContractError, match="Stand still"):
        settle_mounting(walk, predictor.contract, "standing")


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("estimat", UnknownNameError, "Did you mean 'estimate'"),
        ("1 0 0", FormatError, "9 numbers"),
        ("1 0 0 0 1 0 0 0 x", FormatError, "9 numbers"),
        ("1 0 0 0 1 0 0 0 2", FormatError, "perpendicular"),
    ],
)
def test_a_mounting_that_is_none(text: str, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        parse_mounting(text)


def test_a_placement_that_the_model_was_not_made_for_stops_it(
    predictor: Predictor, walk: Recording, tmp_path: Path
) -> None:
    file = table(tmp_path / "walk.csv", walk)
    assert "unknown: taken for the waist" in " ".join(predict(file, predictor).notes)
    assert predict(file, predictor, placement="Belt").as_dict()["placement"] == "waist"
    with pytest.raises(ContractError, match=r"worn at the wrist; the model is made for the waist"):
        predict(file, predictor, placement="watch")
    with pytest.raises(UnknownNameError, match="Did you mean 'wrist'"):
        predict(file, predictor, placement="wrists")
    forced = predict(file, predictor, placement="wrist", force=True)
    assert "made for the waist" in forced.as_dict()["violations"][0]
    assert forced.notes[-1].startswith("forced, its answers mean little")
