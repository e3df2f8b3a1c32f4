"""From the command to its end, where it does little."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.performance.comparison import Comparison, compare
from harken.core.recording import Recording
from harken.datasets import simulated

EXAMPLE = Path("examples/walk.csv")


def measure(rounds: int) -> list[Comparison]:
    """Processes of their own; four and ten minutes of a recording at 50 Hz."""

    def python(*arguments: str) -> None:
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)

    with tempfile.TemporaryDirectory() as folder:
        ten = Path(folder) / "ten-minutes.csv"
        write_table(simulated.simulate("1", minutes=10), ten)
        ways = {
            "python -c pass": lambda: python("-c", "pass"),
            "python -c 'import harken'": lambda: python("-c", "import harken"),
            "harken --help": lambda: python("-m", "harken", "--help"),
            "harken predict, four minutes": lambda: python("-m", "harken", "predict", str(EXAMPLE)),
            "harken predict, ten minutes": lambda: python("-m", "harken", "predict", str(ten)),
        }
        found = compare(
            "start-up", ways, unit="s", rounds=rounds, limits={"harken predict, ten minutes": 2.0}
        )
    return [found]


def write_table(recording: Recording, file: Path) -> None:
    """A recording as an app would export it."""
    assert recording.gyro is not None
    lines = ["time_s,acc_x (g),acc_y (g),acc_z (g),gyro_x (rad/s),gyro_y (rad/s),gyro_z (rad/s)"]
    for time_s, acc, gyro in zip(
        recording.acc.time_s.tolist(),
        recording.acc.values.tolist(),
        recording.gyro.values.tolist(),
        strict=True,
    ):
        lines.append(",".join(f"{value:.4f}" for value in (time_s, *acc, *gyro)))
    file.write_text("\n".join(lines) + "\n")
