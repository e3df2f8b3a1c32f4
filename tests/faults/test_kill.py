"""A run can be killed at any moment and goes on to the same bits."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "harken", "train", "simulated", "--epochs", "2", "--seed", "3"]
LAST = "report.html"


def weights(folder: Path) -> bytes:
    return (folder / "weights.safetensors").read_bytes()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "whole"
    subprocess.run([*COMMAND, "--out", str(folder)], check=True, capture_output=True)
    return folder


def exists(name: str) -> Callable[[Path], bool]:
    return lambda folder: (folder / name).exists()


def later(name: str, seconds: float) -> Callable[[Path], bool]:
    """True once `name` has been there for some time."""
    seen: list[float] = []

    def reached(folder: Path) -> bool:
        if not seen and (folder / name).exists():
            seen.append(time.monotonic())
        return bool(seen) and time.monotonic() - seen[0] >= seconds

    return reached


def start_and_stop_when(
    reached: Callable[[Path], bool], folder: Path, number: signal.Signals
) -> subprocess.Popen[str]:
    process = subprocess.Popen([*COMMAND, "--out", str(folder)], stderr=subprocess.PIPE, text=True)
    while not reached(folder):
        assert process.poll() is None, "it ended before it could be stopped"
        time.sleep(0.002)
    process.send_signal(number)
    return process


def resume(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "harken", "train", "--resume", str(folder)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "reached",
    [
        pytest.param(exists("config.toml"), marks=pytest.mark.long),
        pytest.param(later("config.toml", 0.7), marks=pytest.mark.long),
        exists("checkpoint.safetensors"),
        pytest.param(later("checkpoint.safetensors", 0.4), marks=pytest.mark.long),
        exists("weights.safetensors"),
        pytest.param(exists("model.onnx"), marks=pytest.mark.long),
        pytest.param(exists("metrics.json"), marks=pytest.mark.long),
        pytest.param(exists("curves.png"), marks=pytest.mark.long),
    ],
    ids=["configured", "first-epoch", "checkpoint", "second-epoch", "weights", "model", "metrics",
         "pictures"],
)  # fmt: skip
def test_killed_and_resumed(
    undisturbed: Path, tmp_path: Path, reached: Callable[[Path], bool]
) -> None:
    folder = tmp_path / "killed"
    process = start_and_stop_when(reached, folder, signal.SIGKILL)
    process.communicate()
    assert not (folder / LAST).exists()
    resume(folder)
    assert weights(folder) == weights(undisturbed)
    expected = {file.name for file in undisturbed.iterdir()}
    assert {file.name for file in folder.iterdir() if file.suffix != ".part"} == expected


def test_ctrl_c_leaves_a_run_that_can_be_resumed(undisturbed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "stopped"
    process = start_and_stop_when(later("checkpoint.safetensors", 0.1), folder, signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in said
    assert f"harken train --resume {folder}" in said
    resume(folder)
    assert weights(folder) == weights(undisturbed)
