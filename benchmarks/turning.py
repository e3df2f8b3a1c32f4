"""What a device that sits otherwise costs each network, and what the mounting estimate mends.

    python -m benchmarks.turning              all presets
    python -m benchmarks.turning PRESET...    these; the others stay as they were measured

Needs the real archives: set $HARKEN_DATA to their folder. Each preset is trained once, seed 0, into
`runs/turning`; a finished run is not done again. Then the raw recordings of the test people of
HAPT are turned and recognised:

- about the vertical, by 0 to 360 degrees, with nothing to tell the turn: networks that learnt from
  devices as worn get them so, the one for any mounting gets them upright;
- every way, at random, once each, with the mounting estimated from the turned recording alone.

The figures go into `docs/results/turning.json` and `docs/results.md`, the curves into
`docs/figures/turning.png`.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from benchmarks.pages import write_section
from benchmarks.runs import finished_run
from harken import datasets
from harken.core.files import write_text
from harken.core.recording import Recording, Sensor
from harken.datasets.hapt import LABELS, TEST_SUBJECTS
from harken.inference.predictor import Predictor
from harken.preparation.resolve import settle_mounting
from harken.reporting import plots
from harken.signal.path import rotate
from harken.training.presets import PRESETS

RUNS = Path("runs/turning")
RESULTS = Path("docs/results/turning.json")
PICTURE = Path("docs/figures/turning.png")
ANGLES_DEG = tuple(range(0, 361, 15))
#: The notebook's own recipe takes minutes, and its network is that of stacked-lstm.
LEFT_OUT = ("notebook",)


def dataset_of(preset: str) -> str:
    others = {
        "any-mounting": "hapt-upright",
        "conv-lstm-any-mounting": "hapt-upright-continuous",
    }
    return others.get(preset, "uci-har")


def trained(preset: str) -> Predictor:
    """The model of a run with seed 0, which is trained unless it is there already."""
    run = finished_run(RUNS / preset, dataset_of(preset), preset=preset)
    return Predictor(run.model_file)


def accuracy(
    predictor: Predictor, people: list[Recording], rotations: list[NDArray[np.float64]]
) -> float:
    """Share of the labelled windows that are recognised, all people together."""
    right, n = 0, 0
    for recording, rotation in zip(people, rotations, strict=True):
        windows = predictor.windows_of(recording, rotation)
        windows = windows.select((windows.y >= 0) & ~windows.warm_up)
        right += int((predictor.probability(windows).argmax(axis=1) == windows.y).sum())
        n += len(windows)
    return right / n


def turned(recording: Recording, turn: NDArray[np.float64]) -> Recording:
    """The recording of a device that sat otherwise."""
    acc, gyro = recording.acc, recording.gyro
    assert gyro is not None
    return replace(
        recording,
        acc=Sensor(acc.time_s, rotate(acc.values, turn)),
        gyro=Sensor(gyro.time_s, rotate(gyro.values, turn)),
    )


def about_the_vertical(predictor: Predictor, people: list[Recording]) -> list[float]:
    """Accuracy by angle, with nothing to tell it."""
    upright = [
        settle_mounting(person, predictor.contract.frame, "estimate").rotation for person in people
    ]
    return [
        accuracy(
            predictor,
            people,
            [Rotation.from_euler("x", angle, degrees=True).as_matrix() @ up for up in upright],
        )
        for angle in ANGLES_DEG
    ]


def every_way(predictor: Predictor, people: list[Recording]) -> float:
    """Accuracy after a random rotation of each recording, the mounting estimated from it."""
    rng = np.random.default_rng(0)
    turns = [Rotation.random(random_state=rng).as_matrix() for _ in people]
    unknown = [turned(person, turn) for person, turn in zip(people, turns, strict=True)]
    found = [
        settle_mounting(person, predictor.contract.frame, "estimate").rotation for person in unknown
    ]
    return accuracy(predictor, unknown, found)


def measure(predictor: Predictor, people: list[Recording]) -> dict[str, Any]:
    as_worn = accuracy(predictor, people, [np.eye(3)] * len(people))
    return {
        "dataset": predictor.card.dataset,
        "as_worn": as_worn,
        "turned_every_way": every_way(predictor, people),
        "about_the_vertical": about_the_vertical(predictor, people),
    }


def draw(results: dict[str, dict[str, Any]]) -> None:
    figure = plots.new_figure(8, 4.2, simulated=False)
    panel = figure.subplots()
    colours = (plots.BLUE, plots.ORANGE, plots.GREEN, plots.RED, plots.PINK, plots.SKY, plots.BLACK)
    for number, (preset, found) in enumerate(results.items()):
        panel.plot(
            ANGLES_DEG,
            found["about_the_vertical"],
            color=colours[number % len(colours)],
            linewidth=2.4 if preset == "any-mounting" else 1.4,
            linestyle="-" if number < len(colours) else "--",
            label=preset,
        )
    panel.set_xlabel("turn about the vertical (degrees)")
    panel.set_ylabel("accuracy on the test people of HAPT")
    panel.set_xticks(range(0, 361, 45))
    panel.set_xlim(0, 360)
    panel.set_ylim(top=1.0)
    plots.quiet(panel)
    plots.legend_above(panel)
    plots.save(figure, PICTURE)


def table(results: dict[str, dict[str, Any]]) -> str:
    """The figures as a Markdown table."""
    lines = [
        "| preset | learnt from | as worn | turned every way, mounting estimated | "
        "turned about the vertical, turn unknown: mean, worst |",
        "|---|---|---|---|---|",
    ]
    for preset, found in results.items():
        curve = found["about_the_vertical"][:-1]
        lines.append(
            f"| `{preset}` | `{found['dataset']}` | {found['as_worn']:.4f} | "
            f"{found['turned_every_way']:.4f} | {np.mean(curve):.4f}, {min(curve):.4f} |"
        )
    return "\n".join(lines)


def test_people() -> list[Recording]:
    """The recordings of the test people, labelled with the six activities alone."""
    return [
        replace(recording, spans=tuple(s for s in recording.spans if s.label in LABELS[:6]))
        for recording in datasets.load_recordings("hapt")
        if recording.subject in TEST_SUBJECTS
    ]


def main() -> None:
    people = test_people()
    wanted = sys.argv[1:] or [preset for preset in PRESETS if preset not in LEFT_OUT]
    before = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    found = before | {preset: measure(trained(preset), people) for preset in wanted}
    results = {preset: found[preset] for preset in PRESETS if preset in found}
    write_text(RESULTS, json.dumps(results, indent=2) + "\n")
    draw(results)
    write_section("turning", table(results))
    print(table(results))


if __name__ == "__main__":
    main()
