"""The notebook's figures, measured anew: several seeds of each preset, with their spread.

    python -m benchmarks.classic

Runs stay in `runs/classic`: a finished one is not trained again, a stopped one goes on. The figures
go into `docs/results/classic.json`, the table that is printed into the README.
"""

from __future__ import annotations

import json
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.runs import finished_run
from harken.core.files import write_text
from harken.evaluation.subjects import worst_of

RUNS = Path("runs/classic")
RESULTS = Path("docs/results/classic.json")


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    preset: str
    channels: str
    seeds: tuple[int, ...]
    published: str

    @property
    def command(self) -> str:
        narrowed = f" --channels {self.channels}" if self.channels != "all" else ""
        return f"harken train uci-har --preset {self.preset}{narrowed} --seed K"


ROWS = (
    Row("notebook", "notebook", "all", (0, 1, 2), "0.9165"),
    Row("notebook-accelerometer", "notebook", "accelerometer", (0,), "0.87"),
    Row("stacked-lstm", "stacked-lstm", "all", (0, 1, 2, 3, 4), ""),
)
#: What is kept of a run's metrics.
KEPT = (
    "accuracy",
    "macro_f1",
    "weighted_precision",
    "weighted_recall",
    "weighted_f1",
    "ece",
    "accuracy_ci95",
    "n_parameters",
    "train_seconds",
    "seed",
    "preset",
    "dataset",
    "protocol",
)


def finished(row: Row, seed: int) -> dict[str, Any]:
    """The metrics of a run, which is trained unless it is there already."""
    run = finished_run(
        RUNS / f"{row.name}-seed{seed}",
        "uci-har",
        preset=row.preset,
        channels=row.channels,
        seed=seed,
    )
    metrics = run.metrics
    worst = worst_of(metrics["per_subject"])
    return {key: metrics[key] for key in KEPT} | {"worst_subject": worst}


def table(results: dict[str, list[dict[str, Any]]]) -> str:
    """The figures as a Markdown table."""
    lines = [
        "| command | accuracy by seed K = 0, 1, ... | mean (standard deviation) | published |",
        "|---|---|---|---|",
    ]
    for row in ROWS:
        accuracy = [run["accuracy"] for run in results[row.name]]
        spread = f" ({statistics.stdev(accuracy):.4f})" if len(accuracy) > 1 else ""
        by_seed = ", ".join(f"{a:.4f}" for a in accuracy)
        mean = f"{statistics.mean(accuracy):.4f}{spread}"
        lines.append(f"| `{row.command}` | {by_seed} | {mean} | {row.published} |")
    return "\n".join(lines)


def main() -> None:
    results = {row.name: [finished(row, seed) for seed in row.seeds] for row in ROWS}
    write_text(RESULTS, json.dumps(results, indent=2) + "\n")
    print(table(results))


if __name__ == "__main__":
    main()
