"""`harken inspect`, and what it keeps `harken predict` from."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harken.core.recording import Recording, Sensor
from harken.datasets import simulated
from harken.training.demo import write_recording

Say = Callable[..., object]


@pytest.fixture(scope="module")
def clean() -> Recording:
    return simulated.simulate("2", minutes=2)


def with_a_dead_gyroscope(recording: Recording) -> Recording:
    """A fault that no reader mends by itself, as it does wrong units."""
    assert recording.gyro is not None
    return replace(recording, gyro=Sensor(recording.gyro.time_s, 0 * recording.gyro.values))


@pytest.fixture
def good(clean: Recording, tmp_path: Path) -> Path:
    path = tmp_path / "good.csv"
    write_recording(clean, path)
    return path


@pytest.fixture
def bad(clean: Recording, tmp_path: Path) -> Path:
    path = tmp_path / "bad.csv"
    write_recording(with_a_dead_gyroscope(clean), path)
    return path


def test_a_good_recording(say: Say, good: Path) -> None:
    said = say("inspect", good)
    assert said.status == 0
    for words in ("acc rate hz", "50.0", "gravity", "included", "+x", "Nothing is wrong with it."):
        assert words in said.out


def test_findings_stand_with_what_to_do_and_reading_them_is_no_failure(say: Say, bad: Path) -> None:
    said = say("inspect", bad)
    assert said.status == 0
    assert "No model should read this as it is" in said.out
    assert "dead-gyroscope (gyro)" in said.out


def test_json_of_several_files(say: Say, good: Path, bad: Path) -> None:
    first, second = json.loads(say("inspect", good, bad, "--json").out)
    assert first["usable"]
    assert first["findings"] == []
    assert first["facts"]["acc_rate_hz"] == 50
    assert not second["usable"]
    assert [(f["kind"], f["severity"]) for f in second["findings"]] == [
        ("dead-gyroscope", "refused")
    ]


def test_a_file_that_cannot_be_read_fails_and_the_others_are_still_told(
    say: Say, good: Path, tmp_path: Path
) -> None:
    said = say("inspect", tmp_path / "none.csv", good)
    assert said.status == 2
    assert "There is no file" in said.err
    assert "Nothing is wrong with it." in said.out
    np.savez(tmp_path / "windows.npz", x=np.zeros((3, 128, 9), np.float32))
    said = say("inspect", tmp_path / "windows.npz", good, "--json")
    assert said.status == 2
    assert "holds windows" in json.loads(said.out)[0]["error"]


def test_the_picture(say: Say, good: Path, bad: Path, tmp_path: Path) -> None:
    said = say("inspect", bad, "--plot", tmp_path / "bad.png")
    assert (tmp_path / "bad.png").read_bytes().startswith(b"\x89PNG")
    assert f"Written: {tmp_path / 'bad.png'}" in said.out
    assert say("inspect", good, bad, "--plot", tmp_path / "x.png").status == 2


def test_the_picture_of_next_to_nothing(say: Say, tmp_path: Path) -> None:
    (tmp_path / "short.csv").write_text("time_s,ax,ay,az\n0,1,0,0\n0,0.9,0,0\n")
    said = say("inspect", tmp_path / "short.csv", "--plot", tmp_path / "short.png")
    assert said.status == 0
    assert (tmp_path / "short.png").exists()


def test_another_axis_up(say: Say, good: Path) -> None:
    assert "upside-down" in say("inspect", good, "--up=-x").out
    assert "There is no axis 'up'" in say("inspect", good, "--up", "up").err


def test_predict_refuses_what_inspect_refuses_unless_forced(
    say: Say, trained: Path, bad: Path
) -> None:
    model = trained / "model.onnx"
    said = say("predict", bad, "--model", model)
    assert said.status == 2
    assert "dead-gyroscope" in said.err
    forced = say("predict", bad, "--model", model, "--force")
    assert forced.status == 0
    assert "forced, its answers mean little: " in forced.err


def test_a_model_without_gyroscope_does_not_mind_the_gyroscope(
    say: Say, trained_without_gyroscope: Path, bad: Path
) -> None:
    model = trained_without_gyroscope / "model.onnx"
    assert say("predict", bad, "--model", model).status == 0
