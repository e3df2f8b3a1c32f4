"""What docs/troubleshooting.md says of a symptom is what the program does and says."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import harken
from harken import datasets
from harken.core.errors import HarkenError, MissingExtraError
from harken.core.recording import Recording
from harken.datasets import simulated
from harken.evaluation.folds import subject_folds
from harken.inference.prediction import Prediction

ROOT = Path(__file__).parents[2]
PAGE = " ".join((ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8").split())
WALK = harken.read(ROOT / "examples" / "walk.csv")
assert isinstance(WALK, Recording)
assert WALK.gyro is not None
TIME_S, ACC, GYRO = WALK.acc.time_s, WALK.acc.values, WALK.gyro.values
_HEADER = "time_s,acc_x,acc_y,acc_z,gyro_x,gyro_y,gyro_z"
_RAD_S = "time_s,acc_x,acc_y,acc_z,gyro_x (rad/s),gyro_y (rad/s),gyro_z (rad/s)"

Samples = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


def said(words: str) -> str:
    """Words of the program that the page quotes."""
    parts = [part.strip() for part in words.split("...")]
    assert words in PAGE, f"the page does not quote: {words}"
    return max(parts, key=len)


def table(tmp_path: Path, samples: Samples, header: str = _HEADER) -> Path:
    time_s, acc, gyro = samples
    path = tmp_path / "mine.csv"
    rows = np.column_stack([time_s, acc, gyro])
    np.savetxt(path, rows, "%.5f", ",", header=header, comments="")
    return path


@cache
def plain() -> Prediction:
    """Of the example as it is."""
    return harken.predict(ROOT / "examples" / "walk.csv")


def taken_for(prediction: Prediction, activity: str = "WALKING") -> str:
    """What most windows of an activity are called."""
    truth = plain().windows.y
    own = prediction.answer[truth == prediction.windows.labels.index(activity)]
    return prediction.windows.labels[np.bincount(own).argmax()]


def test_with_up_from_somebody_who_lay_all_is_laying() -> None:
    assert said("comes out as lying all the way")
    found = harken.predict(ROOT / "examples" / "walk.csv", mounting="standing")
    minutes = found.summary.minutes
    assert minutes["LAYING"] > 0.5 * WALK.duration_s / 60
    assert plain().summary.minutes["LAYING"] < 0.5


def test_a_gyroscope_with_other_axes_makes_stairs_of_walking(tmp_path: Path) -> None:
    path = table(tmp_path, (TIME_S, ACC, GYRO[:, [1, 0, 2]]))
    assert said("Level walking comes out as upstairs, and nothing is refused")
    assert taken_for(harken.predict(path)) == "WALKING_UPSTAIRS"
    named = {f"gyro_{axis}": f"gyro_{other}" for axis, other in zip("xyz", "yxz", strict=True)}
    assert taken_for(harken.predict(path, columns=named)) == "WALKING"


def test_a_gyroscope_with_turned_signs_makes_stairs_down_of_stairs_up(tmp_path: Path) -> None:
    path = table(tmp_path, (TIME_S, ACC, -GYRO))
    assert said("Stairs up come out as stairs down")
    assert taken_for(harken.predict(path), "WALKING_UPSTAIRS") == "WALKING_DOWNSTAIRS"
    assert said("gyroscope-sign") in _kinds(path)


def test_a_slow_clock_makes_stairs_of_walking(tmp_path: Path) -> None:
    path = table(tmp_path, (TIME_S * 50 / 30, ACC, GYRO))
    minutes = harken.predict(path).summary.minutes
    stairs = minutes["WALKING_UPSTAIRS"] + minutes["WALKING_DOWNSTAIRS"]
    assert stairs > 3 * minutes["WALKING"]
    assert said("rate-low") in _kinds(path)


def _kinds(path: Path) -> list[str]:
    found = harken.read(path)
    assert isinstance(found, Recording)
    return [finding.kind for finding in harken.inspect_recording(found).findings]


def test_radians_made_twice_leave_everything_unsure(tmp_path: Path) -> None:
    found = harken.predict(table(tmp_path, (TIME_S, ACC, GYRO / 57.3)))
    assert found.unsure.mean() > 0.9
    assert any(said("this does not look like what it learnt from") in note for note in found.notes)


def test_a_gap_brings_a_warm_up(tmp_path: Path) -> None:
    keep = (TIME_S < 60) | (TIME_S > 64)
    path = table(tmp_path, (TIME_S[keep], ACC[keep], GYRO[keep]))
    assert said("gaps") in _kinds(path)
    activities = [bout.activity for bout in harken.predict(path).bouts]
    assert activities.count(said("(warm-up)")) == 2


def test_a_desk_and_a_seat_show_no_up(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    desk = np.array([0, 0, 1]) + rng.normal(scale=0.003, size=(3000, 3))
    samples = np.arange(3000) / 50, desk, rng.normal(scale=0.002, size=(3000, 3))
    nothing = said("neither gait nor an upright rest with gravity of 0.8 to 1.2 g was found")
    assert any(nothing in note for note in harken.predict(table(tmp_path, samples)).notes)
    seat = said("no gait was found: up from the longest rest in which the device looks upright")
    samples = samples[0], desk[:, [2, 1, 0]], samples[2]
    assert any(seat in note for note in harken.predict(table(tmp_path, samples)).notes)


def test_running_does_not_show_forward(tmp_path: Path) -> None:
    notes = harken.predict(table(tmp_path, (TIME_S, ACC + 3 * (ACC - _slow(ACC)), GYRO))).notes
    assert any(said("forward may be backward: this gait is lively") in note for note in notes)


_TURNED: dict[str, tuple[str, Callable[[], Samples]]] = {
    "without gravity": (
        "gravity-removed",
        lambda: (TIME_S, ACC - _slow(ACC), GYRO),
    ),
    "degrees": ("gyro-in-deg", lambda: (TIME_S, ACC, np.degrees(GYRO))),
    "milliseconds": ("clock-scale", lambda: (1000 * TIME_S, ACC, GYRO)),
    "10 Hz": ("rate-too-low", lambda: (TIME_S[::5], ACC[::5], GYRO[::5])),
    "2 s": ("too-short", lambda: (TIME_S[:100], ACC[:100], GYRO[:100])),
    "a dead gyroscope": ("dead-gyroscope", lambda: (TIME_S, ACC, 0 * GYRO)),
    "mg": (
        "the median size of the acceleration is ...",
        lambda: (TIME_S, 1000 * ACC, GYRO),
    ),
}


def _slow(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([np.convolve(axis, np.ones(251) / 251, "same") for axis in values.T], axis=1)


@pytest.mark.parametrize(("words", "samples"), _TURNED.values(), ids=list(_TURNED))
def test_what_is_refused_by_its_samples(
    words: str, samples: Callable[[], Samples], tmp_path: Path
) -> None:
    with pytest.raises(HarkenError, match=said(words)):
        harken.predict(table(tmp_path, samples(), _RAD_S))


def test_the_cures_in_the_table_are_some(tmp_path: Path) -> None:
    in_deg = _RAD_S.replace("rad/s", "deg/s")
    degrees = table(tmp_path, (TIME_S, ACC, np.degrees(GYRO)), in_deg)
    assert said("gyro_x (deg/s)")
    assert taken_for(harken.predict(degrees)) == "WALKING"
    in_ms = table(tmp_path, (1000 * TIME_S, ACC, GYRO), _HEADER.replace("time_s", said("time_ms")))
    assert taken_for(harken.predict(in_ms)) == "WALKING"
    assert said("acc_x (mg)")
    header = _HEADER
    for axis in "xyz":
        header = header.replace(f"acc_{axis}", f"acc_{axis} (mg)")
    in_mg = table(tmp_path, (TIME_S, 1000 * ACC, GYRO), header)
    assert taken_for(harken.predict(in_mg)) == "WALKING"


def test_who_moves_at_the_start_is_told(tmp_path: Path) -> None:
    walks = (TIME_S > 56) & (TIME_S < 66)
    path = table(tmp_path, (TIME_S[walks], ACC[walks], GYRO[walks]))
    with pytest.raises(HarkenError, match=r"standing still is below 0\.06 g"):
        harken.predict(path, mounting="standing")
    assert said("in its first 3 s the device moved by ... g; standing still is below 0.06 g")


def test_what_is_refused_by_its_form(tmp_path: Path) -> None:
    walk = ROOT / "examples" / "walk.csv"
    refused = "is of a device worn at the wrist; the model is made for the waist"
    assert said(f"... {refused}")
    with pytest.raises(HarkenError, match=refused):
        harken.predict(walk, placement="wrist")
    other = tmp_path / "other.csv"
    other.write_text(walk.read_text().replace("acc_x", "foo"))
    with pytest.raises(HarkenError, match=said("not found: acc_x")):
        harken.predict(other)
    other.write_text("time_s,acc_x,acc_y,acc_z\n" + "0,1,0,2,0,3,0,4\n" * 3)
    with pytest.raises(HarkenError, match=said("Commas seem to stand for decimal points too")):
        harken.read(other)
    damaged = bytearray(
        (ROOT / "src" / "harken" / "model" / "pretrained" / "pretrained.onnx").read_bytes()
    )
    damaged[len(damaged) // 3] ^= 1
    (tmp_path / "damaged.onnx").write_bytes(damaged)
    words = said("... is damaged: its content is not that which its hash was made of")
    with pytest.raises(HarkenError, match=words):
        harken.predict(walk, tmp_path / "damaged.onnx")


def test_what_training_refuses(tmp_path: Path) -> None:
    table(tmp_path, (TIME_S, ACC, GYRO))
    with pytest.raises(HarkenError, match=r"recordings in .* is labelled"):
        datasets.load(str(tmp_path))
    assert said("None of the ... recordings in ... is labelled")
    windows = simulated.load().of_subjects(["1", "2"])
    y = np.where((windows.subject == "1") & (windows.y == 0), 1, windows.y)
    with pytest.raises(HarkenError, match="nobody to learn from did"):
        subject_folds(dataclasses.replace(windows, y=y), 2)
    assert said("In fold ... nobody to learn from did ...")
    (tmp_path / "empty").mkdir()
    with pytest.raises(HarkenError, match=r"holds no archive of uci-har\. Looked for"):
        datasets.load("uci-har", data=tmp_path / "empty")
    assert said("holds no archive of uci-har. Looked for: ...")


@pytest.mark.parametrize(
    "words",
    [
        "Phones tell motion to secure pages only",
        "The browser was not allowed to tell motion",
        "No motion comes",
        "This device has no motion sensors",
        "This page needs its key",
        "Connection lost, ... s kept",
    ],
)
def test_what_the_live_page_says(words: str) -> None:
    static = ROOT / "src" / "harken" / "live" / "static"
    texts = [path.read_text(encoding="utf-8") for path in static.glob("*.*")]
    assert any(said(words) in text for text in texts)


def test_the_page_quotes_how_a_missing_extra_is_named() -> None:
    error = str(MissingExtraError("torch", "train", "Training"))
    assert error.startswith(said("Training needs the package 'torch', which is not installed."))
