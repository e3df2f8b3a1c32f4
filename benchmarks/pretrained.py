"""Make the model files that ship.

    python -m benchmarks.pretrained

Needs the real archives: set $HARKEN_DATA to their folder. Both learn from the raw recordings of the
21 training people of HAPT, turned upright by their estimated mounting, with the preset
`any-mounting` and seed 0, and are judged on the 9 test people once. Nothing was chosen by that. On
the same machine, versions and number of threads they come out the same to the bit.

Then it prints what other rates and coarse values do to them: the recordings of the test people,
resampled by an outside library or rounded as browsers round, the mounting estimated from each.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

from benchmarks.runs import finished_run
from benchmarks.turning import accuracy, test_people
from harken import pretrained
from harken.predictor import Predictor
from harken.recording import Recording, Sensor
from harken.resolve import settle_mounting

RUNS = Path("runs/pretrained")
CHANNELS = {"pretrained": "all", "pretrained-accelerometer": "accelerometer"}
RATES_HZ = (20, 25, 40, 50, 100, 200)
#: What browsers round to: m/s², degrees a second.
COARSE_G, COARSE_RAD_S = 0.1 / 9.80665, np.deg2rad(0.1)


def make(name: str) -> Path:
    """Train a model that ships, unless its run is there, and put its file in place."""
    run = finished_run(RUNS / name, "hapt-upright", preset="any-mounting", channels=CHANNELS[name])
    file = pretrained.find(name)
    shutil.copyfile(run.model_file, file)
    return file


def at_rate(recording: Recording, rate_hz: int) -> Recording:
    """As a device of another rate would have recorded it."""
    ratio = Fraction(rate_hz, 50)

    def changed(sensor: Sensor) -> Sensor:
        values = resample_poly(
            sensor.values, ratio.numerator, ratio.denominator, axis=0, padtype="line"
        )
        return Sensor(np.arange(len(values)) / rate_hz, values)

    assert recording.gyro is not None
    return replace(recording, acc=changed(recording.acc), gyro=changed(recording.gyro))


def rounded(recording: Recording) -> Recording:
    """As a browser gives it."""

    def changed(sensor: Sensor, step: float) -> Sensor:
        return Sensor(sensor.time_s, np.round(sensor.values / step) * step)

    assert recording.gyro is not None
    return replace(
        recording,
        acc=changed(recording.acc, COARSE_G),
        gyro=changed(recording.gyro, COARSE_RAD_S),
    )


def recognised(predictor: Predictor, people: list[Recording]) -> float:
    """Share of the labelled windows, each recording's mounting estimated from it alone."""
    found = [settle_mounting(person, predictor.contract, "estimate") for person in people]
    return accuracy(predictor, people, [mounting.rotation for mounting in found])


def main() -> None:
    people = test_people()
    inputs = {f"{rate_hz} Hz": [at_rate(p, rate_hz) for p in people] for rate_hz in RATES_HZ}
    inputs["50 Hz, rounded"] = [rounded(person) for person in people]
    for name in pretrained.SHIPPED:
        file = make(name)
        predictor = Predictor(name)
        print(f"{file}: {file.stat().st_size / 1000:.0f} kB")
        for what, recordings in inputs.items():
            print(f"  {what:<16} {recognised(predictor, recordings):.4f}", flush=True)


if __name__ == "__main__":
    main()
