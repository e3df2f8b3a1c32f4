"""Make the model files that ship.

    python -m benchmarks.pretrained [NAME...]

Needs the real archives: set $HARKEN_DATA to their folder. All learn from the raw recordings of the
21 training people of HAPT, turned upright by their estimated mounting, with the preset
`any-mounting` (for streams `conv-lstm-any-mounting`) and seed 0, and are judged on the 9 test
people once, on windows that are whole in one activity. Nothing was chosen by that. On
the same machine, versions and number of threads they come out the same to the bit. The presets hold
nobody out; what is set on people whom the network did not learn from (temperature, smoothing,
abstention) is set on folds of the training people, see `benchmarks.cross_fitting`.

Then it prints what other rates and coarse values do to them: the recordings of the test people,
resampled by an outside library or rounded as browsers round, the mounting estimated from each; the
share of their labelled windows that is recognised, and the share of which the model is not sure.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.torch import load_file
from scipy.signal import resample_poly

from benchmarks.cross_fitting import settings
from benchmarks.runs import finished_run
from benchmarks.turning import test_people
from harken import datasets
from harken.core.recording import Recording, Sensor
from harken.datasets import hapt
from harken.evaluation.metrics import score
from harken.inference.predictor import Predictor
from harken.model import file as model_file
from harken.model import pretrained
from harken.model.card import Card
from harken.networks import build
from harken.networks.network import Network, Shape
from harken.preparation.resolve import settle_mounting
from harken.signal.windows import Windows
from harken.training.finish import figures_of
from harken.training.run import Run
from harken.training.train import usable_windows

#: Its windows are what all are judged on.
DATASET = "hapt-upright"
RUNS = Path("runs/pretrained")


@dataclass(frozen=True)
class Origin:
    """What a model learns from, and how."""

    dataset: str = DATASET
    preset: str = "any-mounting"
    channels: str = "all"


ORIGINS = {
    "pretrained": Origin(),
    "pretrained-accelerometer": Origin(channels="accelerometer"),
    pretrained.STREAM: Origin("hapt-upright-continuous", "conv-lstm-any-mounting"),
}
RATES_HZ = (20, 25, 40, 50, 100, 200)
#: What browsers round to: m/s², degrees a second.
COARSE_G, COARSE_RAD_S = 0.1 / 9.80665, np.deg2rad(0.1)


def make(name: str) -> Path:
    """Train a model that ships, unless its run is there, and put its file in place."""
    origin = ORIGINS[name]
    run = finished_run(RUNS / name, origin.dataset, preset=origin.preset, channels=origin.channels)
    card = Predictor(run.model_file).card
    on_folds = settings(
        datasets.load(origin.dataset),
        rounded_windows(origin.dataset),
        origin.preset,
        origin.channels,
        RUNS / f"{name}-folds",
    )
    card = replace(
        card,
        **vars(on_folds),
        figures=card.figures | figures_at(on_folds.temperature, run),
    )
    file = pretrained.find(name)
    model_file.save(file, network_of(run, card), card)
    return file


def network_of(run: Run, card: Card) -> Network:
    """The network with the weights of a finished run."""
    contract, recipe = card.contract, run.config.recipe
    companded = [i for i, c in enumerate(contract.channels) if c.startswith("body_")]
    network = build(
        recipe.model,
        Shape(len(contract.channels), contract.n_steps, len(contract.labels)),
        recipe.options,
        companded=companded if recipe.companding else [],
    )
    network.load_state_dict(load_file(run.path / "weights.safetensors"))
    return network.eval()


def figures_at(temperature: float, run: Run) -> dict[str, Any]:
    """The figures of a run's network on the test windows, had it another temperature."""
    predictor = Predictor(run.model_file)
    test = usable_windows(datasets.load(DATASET)).of_split("test")
    probability = predictor.probability(test).astype(np.float64)
    probability **= predictor.card.temperature / temperature
    probability /= probability.sum(axis=1, keepdims=True)
    metrics = score(test.y, probability.astype(np.float32), test.labels, test.subject)
    return figures_of(metrics) | {"temperature": temperature}


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


def rounded(recording: Recording, *, coarser: float = 1.0) -> Recording:
    """As a browser gives it, or in steps so many times as coarse."""

    def changed(sensor: Sensor, step: float) -> Sensor:
        return Sensor(sensor.time_s, np.round(sensor.values / step) * step)

    assert recording.gyro is not None
    return replace(
        recording,
        acc=changed(recording.acc, coarser * COARSE_G),
        gyro=changed(recording.gyro, coarser * COARSE_RAD_S),
    )


def rounded_windows(dataset: str) -> Windows:
    """The windows of a dataset that is cut from HAPT, had its recordings come from a browser."""
    return hapt.windows_of(
        [rounded(recording) for recording in datasets.load_recordings(dataset)],
        upright="upright" in dataset,
        continuous="continuous" in dataset,
    )


def recognised(predictor: Predictor, people: list[Recording]) -> tuple[float, float]:
    """Shares of the labelled windows: recognised, and not sure.

    Each recording's mounting is estimated from it alone.
    """
    right, unsure = [], []
    for person in people:
        mounting = settle_mounting(person, predictor.contract.frame, "estimate")
        windows = predictor.windows_of(person, mounting.rotation)
        windows = windows.select((windows.y >= 0) & ~windows.warm_up)
        probability, embedding = predictor.run(windows)
        right.append(probability.argmax(axis=1) == windows.y)
        unsure.append(predictor.unsure(probability, embedding, windows.x))
    return float(np.concatenate(right).mean()), float(np.concatenate(unsure).mean())


def main() -> None:
    people = test_people()
    inputs = {f"{rate_hz} Hz": [at_rate(p, rate_hz) for p in people] for rate_hz in RATES_HZ}
    inputs["50 Hz, rounded"] = [rounded(person) for person in people]
    for name in sys.argv[1:] or pretrained.SHIPPED:
        file = make(name)
        predictor = Predictor(name)
        print(f"{file}: {file.stat().st_size / 1000:.0f} kB")
        for what, recordings in inputs.items():
            right, unsure = recognised(predictor, recordings)
            print(f"  {what:<16} {right:.4f}, not sure of {unsure:.4f}", flush=True)


if __name__ == "__main__":
    main()
