"""Runs: finished, repeated, interrupted, killed, resumed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import harken
from harken.api import resume
from harken.datasets import simulated
from harken.errors import InputError
from harken.windows import Windows


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Windows:
    """Every fourth simulated window: enough to learn something in seconds."""
    windows = simulated.load()
    return windows.select(np.arange(0, len(windows), 4))


COMMAND = [sys.executable, "-m", "harken", "train", "simulated", "--epochs", "1", "--seed", "3"]


def weights(folder: Path) -> bytes:
    return (folder / "weights.safetensors").read_bytes()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "whole"
    subprocess.run([*COMMAND, "--json", "--out", str(folder)], check=True, capture_output=True)
    return folder


def test_a_run_leaves_everything_behind(undisturbed: Path) -> None:
    assert {file.name for file in undisturbed.iterdir()} == {
        "checkpoint.safetensors",
        "config.toml",
        "confusion.png",
        "curves.png",
        "history.jsonl",
        "metrics.json",
        "model.onnx",
        "record.jsonl",
        "report.html",
        "weights.safetensors",
    }
    metrics = json.loads((undisturbed / "metrics.json").read_text())
    assert metrics["protocol"] == "official"
    assert metrics["n_parameters"] == 17_158
    assert metrics["test_openings"] == 1


def test_the_same_seed_gives_the_same_bits(undisturbed: Path, tmp_path: Path) -> None:
    subprocess.run([*COMMAND, "--out", str(tmp_path / "again")], check=True, capture_output=True)
    assert weights(tmp_path / "again") == weights(undisturbed)


@pytest.mark.parametrize("after_s", [2.5, 3.5, 5.0])
def test_a_killed_run_resumes_to_the_same_bits(
    undisturbed: Path, tmp_path: Path, after_s: float
) -> None:
    folder = tmp_path / "killed"
    process = subprocess.Popen([*COMMAND, "--out", str(folder)], stderr=subprocess.DEVNULL)
    time.sleep(after_s)
    process.kill()
    process.wait()
    if not (folder / "config.toml").exists():
        pytest.skip("killed before there was a run")
    assert not list(folder.glob("*.tmp"))
    done = subprocess.run(
        [sys.executable, "-m", "harken", "train", "--resume", str(folder)], capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()
    assert weights(folder) == weights(undisturbed)


def test_ctrl_c_leaves_a_run_that_can_be_resumed(undisturbed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "stopped"
    process = subprocess.Popen(
        [*COMMAND, "--out", str(folder)], stderr=subprocess.PIPE, text=True, env=os.environ
    )
    while not (folder / "config.toml").exists():
        time.sleep(0.05)
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    if process.returncode == 0:
        pytest.skip("it was done before it could be stopped")
    assert process.returncode == 130
    assert "Traceback" not in said
    resume(folder)
    assert weights(folder) == weights(undisturbed)


def test_python_and_resuming_a_finished_run(few: Windows, tmp_path: Path) -> None:
    run = harken.train(few, epochs=1, out=tmp_path / "run")
    before = run.report.read_bytes()
    assert run.metrics["accuracy"] > 0.2
    assert resume(tmp_path / "run").metrics == run.metrics
    assert run.report.read_bytes() == before


def test_an_occupied_folder_is_not_touched(few: Windows, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(InputError, match="exists already"):
        harken.train(few, epochs=1, out=tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


def test_a_folder_that_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no run"):
        resume(tmp_path)


def test_resuming_needs_no_windows_but_the_dataset(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no run"):
        resume(tmp_path / "nowhere")
