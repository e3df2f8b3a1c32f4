"""Make the example recording.

    python examples/make.py

The person is simulated: nobody's samples are in this repository. It is the first that the simulator
makes, not one that was picked.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from harken.core.files import write_text
from harken.datasets.simulated import simulate

SUBJECT, SEED, MINUTES = "1", 0, 4.0
FILE = Path(__file__).with_name("walk.csv")


def table() -> str:
    """The recording as CSV, with a label for each sample that has one."""
    recording = simulate(SUBJECT, seed=SEED, minutes=MINUTES)
    assert recording.gyro is not None
    time_s = recording.acc.time_s
    label = np.full(len(time_s), "", dtype=object)
    for span in recording.spans:
        label[(time_s >= span.start_s) & (time_s < span.end_s)] = span.label
    lines = [
        "time_s,acc_x (g),acc_y (g),acc_z (g),gyro_x (rad/s),gyro_y (rad/s),gyro_z (rad/s),label"
    ]
    for t, acc, gyro, name in zip(
        time_s, recording.acc.values, recording.gyro.values, label, strict=True
    ):
        numbers = (f"{t:.2f}", *(f"{v:.4f}" for v in (*acc, *gyro)))
        lines.append(",".join((*numbers, name)))
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    write_text(FILE, table())
