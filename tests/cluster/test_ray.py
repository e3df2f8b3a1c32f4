"""A real Ray cluster on this machine, with two workers, one of which is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests import ray_processes

from harken.cli import main

from .conftest import rows

COMMAND = [sys.executable, "-m", "harken", "score", "--json", "--shard-mb", "1"]


def on_ray(collection: Path, output: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, str(collection), str(output), "--engine", "ray", "--workers", "2"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_a_killed_worker_changes_nothing(
    collection: Path, undisturbed: Path, tmp_path: Path
) -> None:
    job = on_ray(collection, tmp_path)
    until = time.monotonic() + 60
    killed = None
    while killed is None and job.poll() is None:
        assert time.monotonic() < until
        killed = next(iter(ray_processes.called("score")), None)
        time.sleep(0.02)
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    out, err = job.communicate(timeout=120)
    assert job.returncode == 0, err
    told = json.loads(out)
    assert (told["recordings"], told["shards_failed"]) == (11, {})
    assert rows(tmp_path) == rows(undisturbed)


def test_a_cluster_that_is_not_there_is_told(
    collection: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(
            ["score", str(collection), str(tmp_path), "--engine", "ray", "--address", "127.0.0.1:1"]
        )
    assert ended.value.code == 2
    assert "cannot be used" in capsys.readouterr().err
