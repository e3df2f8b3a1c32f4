"""One training by two workers of a real Ray cluster on this machine, of which one is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tests import ray_processes

import harken
from harken.cli import main
from harken.training.api import resume

TRAIN = ["train", "simulated", "--preset", "stacked-lstm", "--epochs", "6"]
ON_RAY = ["--engine", "ray", "--workers", "2"]


@pytest.mark.long
def test_a_killed_worker_changes_nothing(tmp_path: Path) -> None:
    run = tmp_path / "run"
    training = subprocess.Popen(
        [sys.executable, "-m", "harken", *TRAIN, *ON_RAY, "--out", str(run), "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    until = time.monotonic() + 120
    while not (run / "checkpoint.safetensors").exists():
        assert training.poll() is None, training.communicate()[1]
        assert time.monotonic() < until
        time.sleep(0.01)
    workers = ray_processes.called("RayTrainWorker")
    assert len(workers) == 2
    os.kill(workers[-1], signal.SIGKILL)
    out, err = training.communicate(timeout=200)
    assert training.returncode == 0, err
    one = harken.train("simulated", preset="stacked-lstm", epochs=6, out=tmp_path / "alone")
    together, alone = (load_file(path / "weights.safetensors") for path in (run, one.path))
    for name, weight in alone.items():
        torch.testing.assert_close(together[name], weight, atol=1e-4, rtol=1e-3)
    assert json.loads(out)["accuracy"] == pytest.approx(one.metrics["accuracy"], abs=2e-3)
    steps = [json.loads(line)["step"] for line in (run / "history.jsonl").read_text().splitlines()]
    assert steps == sorted(set(steps))
    assert not (run / "ray").exists()


@pytest.mark.long
def test_a_stopped_training_goes_on_without_ray(tmp_path: Path) -> None:
    run = tmp_path / "run"
    command = [sys.executable, "-m", "harken", *TRAIN, *ON_RAY, "--out", str(run)]
    training = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 120
    while not (run / "checkpoint.safetensors").exists():
        assert training.poll() is None
        assert time.monotonic() < until
        time.sleep(0.01)
    training.send_signal(signal.SIGINT)
    _, err = training.communicate(timeout=60)
    assert training.returncode == 130
    assert f"harken train --resume {run}" in " ".join(err.split())
    assert "Traceback" not in err
    assert resume(run).finished


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--workers", "2"], "--engine ray"),
        (["--engine", "slurm"], "ray"),
        (["--engine", "ray", "--address", "127.0.0.1:1"], "cannot be used"),
    ],
)
def test_mistakes_are_told(
    words: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*TRAIN, "--out", str(tmp_path / "run"), *words])
    assert ended.value.code == 2
    assert told in " ".join(capsys.readouterr().err.split())
