"""From a file to bouts: what is settled before the first window, what does not change answers."""

from __future__ import annotations

import re
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
from harken.core.errors import ContractError, FormatError, UnknownNameError
from harken.core.recording import Recording, Sensor
from harken.datasets.hapt import TEST_SUBJECTS
from harken.datasets.simulated import simulate
from harken.inference.bouts import NOT_SURE
from harken.inference.prediction import Prediction, predict
from harken.inference.predictor import Predictor
from harken.model.smoothing import WAYS
from harken.preparation.resolve import parse_mounting, settle_mounting
from harken.reporting.timeline import timeline
from harken.signal import window_file
from harken.signal.path import SignalPath, rotate

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
def doubting(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    """One whose recipe holds people out, so that it knows when it is not sure."""
    run = harken.train(
        "simulated", preset="stacked-lstm", epochs=3, out=tmp_path_factory.mktemp("run") / "held"
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
        yield samples[None, start : start + spec.n_steps].astype(np.float32)


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
    seen = settle_mounting(walk, contract.frame, "estimate")
    assert np.array_equal(seen.rotation, np.eye(3))
    assert seen.method == "gait"
    upside_down = turned(walk, np.diag([-1.0, -1.0, 1.0]))
    assert settle_mounting(upside_down, contract.frame, "estimate").rotation[0, 0] < -0.9
    backward = turned(walk, np.diag([1.0, -1.0, -1.0]))
    assert settle_mounting(backward, contract.frame, "estimate").rotation[2, 2] < -0.5


def test_standing_first(predictor: Predictor, walk: Recording) -> None:
    with pytest.raises(ContractError, match="Stand still"):
        settle_mounting(walk, predictor.contract.frame, "standing")


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
    assert forced.as_dict()["placement"] == "wrist"
    assert forced.notes[-1].startswith("forced, its answers mean little")


def test_smoothing_decides_the_answers_and_not_the_probabilities(
    predictor: Predictor, walk: Recording, tmp_path: Path
) -> None:
    file = table(tmp_path / "walk.csv", walk)
    by_way = {way: predict(file, predictor, smoothing=way) for way in WAYS}
    plain = by_way["none"]
    assert np.array_equal(plain.answer, plain.probability.argmax(axis=1))
    for way, prediction in by_way.items():
        assert np.array_equal(prediction.probability, plain.probability)
        assert prediction.as_dict()["smoothing"] == way
    changes = [by_way[way].summary.n_transitions for way in ("none", "causal", "viterbi")]
    assert changes == sorted(changes, reverse=True)
    with pytest.raises(UnknownNameError, match="no way to smooth 'often'"):
        predict(file, predictor, smoothing="often")


def put_down(walk: Recording, seconds: float) -> Recording:
    """The recording, and then the device on a desk."""
    assert walk.gyro is not None
    rng = np.random.default_rng(0)
    n = round(50 * seconds)
    time_s = walk.acc.time_s[-1] + np.arange(1, n + 1) / 50
    acc = rng.normal([0, 0, 1], 1e-4, (n, 3))
    return replace(
        walk,
        acc=Sensor(np.r_[walk.acc.time_s, time_s], np.vstack([walk.acc.values, acc])),
        gyro=Sensor(
            np.r_[walk.gyro.time_s, time_s],
            np.vstack([walk.gyro.values, rng.normal(0, 1e-4, (n, 3))]),
        ),
    )


def test_a_device_that_is_put_down_is_not_said_to_lie(
    doubting: Predictor, walk: Recording, tmp_path: Path
) -> None:
    assert doubting.card.abstention is not None
    worn = predict(table(tmp_path / "worn.csv", walk), doubting, mounting="as-worn")
    assert worn.unsure.mean() < 0.3
    assert not any("not sure" in note for note in worn.notes)
    file = table(tmp_path / "down.csv", put_down(walk, 60))
    down = predict(file, doubting, mounting="as-worn")
    last = down.bouts[-1]
    assert last.activity == NOT_SURE
    assert last.best_guess in doubting.contract.labels
    assert (last.confidence, last.unsure) == (None, pytest.approx(1, abs=0.1))
    assert last.end_s - last.start_s == pytest.approx(60, abs=5)
    assert down.summary.minutes[NOT_SURE] >= (last.end_s - last.start_s) / 60
    assert down.as_dict()["n_unsure"] == down.unsure.sum() >= 40
    assert not (down.unsure & down.windows.warm_up).any()


def test_most_of_it_unlike_the_training_data_is_said(
    doubting: Predictor, walk: Recording, tmp_path: Path
) -> None:
    file = table(tmp_path / "down.csv", put_down(walk, 400))
    notes = predict(file, doubting, mounting="as-worn").notes
    assert any(re.search(r"not sure of \d+% of the windows: this does not look", n) for n in notes)


def test_doubt_is_seen_in_the_picture_without_colours(
    doubting: Predictor, walk: Recording, tmp_path: Path
) -> None:
    worn, down = (
        predict(table(tmp_path / name, recording), doubting, mounting="as-worn", smoothing="none")
        for name, recording in (("worn.csv", walk), ("down.csv", put_down(walk, 60)))
    )
    drawn = [timeline(prediction).axes[-1] for prediction in (worn, down)]
    marks = [sum(text.get_text() == "?" for text in panel.texts) for panel in drawn]
    bouts = [sum(b.activity == NOT_SURE for b in prediction.bouts) for prediction in (worn, down)]
    assert marks == bouts
    assert marks[1] > 0
    said = [text.get_text() for text in drawn[1].get_legend().get_texts()]
    assert any("not sure: no claim" in text for text in said)
    assert any(patch.get_hatch() == "xx" for patch in drawn[1].patches)


def test_windows_in_any_order_get_the_same_answers(
    doubting: Predictor, walk: Recording, tmp_path: Path
) -> None:
    windows = doubting.windows_of(walk)
    shuffled = np.random.default_rng(0).permutation(len(windows))
    window_file.save(windows, tmp_path / "a.npz")
    window_file.save(windows.select(shuffled), tmp_path / "b.npz")
    one, other = (predict(tmp_path / name, doubting) for name in ("a.npz", "b.npz"))
    assert np.array_equal(one.answer[shuffled], other.answer)
    assert np.array_equal(one.unsure[shuffled], other.unsure)
    assert one.summary == other.summary


def test_the_picture_says_how_the_device_was_taken_to_sit(
    predictor: Predictor, walk: Recording, tmp_path: Path
) -> None:
    file = table(tmp_path / "walk.csv", walk)
    forced = predict(file, predictor, placement="wrist", mounting="as-worn", force=True)
    figure = timeline(forced)
    small_print = figure.get_supxlabel()
    assert "placement: wrist" in small_print
    assert "mounting: axes left as they are, as asked for" in small_print
    assert "forced: " in small_print
    signals, turning, activities = figure.axes
    assert signals.get_ylabel() == "acceleration (g)"
    assert turning.get_ylabel() == "angular velocity (rad/s)"
    assert activities.get_xlabel() == "time (s)"
    assert "smoothed (viterbi)" in activities.get_title(loc="left")
