"""Whether bfloat16 costs accuracy: the flagship's preset with both precisions, seed by seed."""

from __future__ import annotations

import dataclasses
import statistics
from pathlib import Path

import torch

from benchmarks.performance.comparison import Comparison, Goal
from benchmarks.runs import finished_run
from harken.training.device import choose_dtype
from harken.training.preset_file import write_preset
from harken.training.presets import preset

RUNS = Path("runs/performance")
FLAGSHIP = "conv-bilstm"


def measure(rounds: int) -> list[Comparison]:
    """Seconds of training, and accuracy on the 9 test people; nothing is chosen by it.

    Parameters
    ----------
    rounds : how many seeds
    """
    if choose_dtype("auto", torch.device("cpu")) == torch.float32:
        return [Comparison("precision", "s", {}, missing=("This processor has no bfloat16.",))]
    seconds: dict[str, list[float]] = {"float32": [], "bfloat16": []}
    accuracy: dict[str, list[float]] = {name: [] for name in seconds}
    for seed in range(rounds):
        for name, precision in (("float32", "float32"), ("bfloat16", "auto")):
            run = finished_run(
                RUNS / f"{FLAGSHIP}-{name}-seed{seed}",
                "uci-har",
                preset=str(_preset_file(name, precision)),
                seed=seed,
            )
            seconds[name].append(run.metrics["train_seconds"])
            accuracy[name].append(run.metrics["accuracy"])
    spread = statistics.stdev(accuracy["float32"])
    apart = abs(statistics.mean(accuracy["float32"]) - statistics.mean(accuracy["bfloat16"]))
    remarks = [
        f"{name}: accuracy {', '.join(f'{value:.4f}' for value in values)} for seeds 0 to "
        f"{rounds - 1}; mean {statistics.mean(values):.4f}, standard deviation "
        f"{statistics.stdev(values):.4f}"
        for name, values in accuracy.items()
    ]
    goal = Goal(
        "distance of the means, in standard deviations of seeds", apart / spread, 1.0, False
    )
    taken = {name: tuple(values) for name, values in seconds.items()}
    return [Comparison("precision", "s", taken, goals=(goal,), remarks=tuple(remarks))]


def _preset_file(name: str, precision: str) -> Path:
    """The flagship's preset with this precision."""
    flagship = preset(FLAGSHIP)
    recipe = dataclasses.replace(flagship.recipe, precision=precision)  # type: ignore[arg-type]
    file = RUNS / f"{FLAGSHIP}-{name}.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    write_preset(dataclasses.replace(flagship, name=file.stem, recipe=recipe), file)
    return file
