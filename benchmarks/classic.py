"""The notebook's figures, measured anew: several seeds of each preset, with their spread.

    python -m benchmarks.classic [--out docs/results/classic.json]

Runs stay in `runs/classic`: a finished one is not trained again, a stopped one goes on.
"""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

from harken import api
from harken.cli.progress import TrainingProgress
from harken.files import write_text

RUNS = Path("runs/classic")
#: Name of the row, preset, channels, seeds.
ROWS = (
    ("notebook", "notebook", "all", (0, 1, 2)),
    ("notebook-accelerometer", "notebook", "accelerometer", (0,)),
    ("stacked-lstm", "stacked-lstm", "all", (0, 1, 2, 3, 4)),
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


def finished(name: str, preset: str, channels: str, seed: int) -> dict[str, Any]:
    """The metrics of a run, which is trained unless it is there already."""
    folder = RUNS / f"{name}-seed{seed}"
    with TrainingProgress(quiet=True) as progress:
        if folder.exists():
            run = api.resume(folder, watcher=progress)
        else:
            run = api.train(
                "uci-har",
                preset=preset,
                channels=channels,
                seed=seed,
                out=folder,
                watcher=progress,
            )
    metrics = run.metrics
    worst = min(metrics["per_subject"], key=lambda row: row["accuracy"])
    return {key: metrics[key] for key in KEPT} | {"worst_subject": worst}


def main() -> None:
    parser = argparse.ArgumentParser(description="The notebook's figures, measured anew.")
    parser.add_argument("--out", type=Path, default=Path("docs/results/classic.json"))
    out = parser.parse_args().out
    results = {
        name: [finished(name, preset, channels, seed) for seed in seeds]
        for name, preset, channels, seeds in ROWS
    }
    for name, runs in results.items():
        accuracy = [run["accuracy"] for run in runs]
        seconds = [run["train_seconds"] for run in runs]
        spread = f" (sd {statistics.stdev(accuracy):.4f})" if len(accuracy) > 1 else ""
        print(
            f"{name:<24} mean {statistics.mean(accuracy):.4f}{spread}, "
            f"seeds {', '.join(f'{a:.4f}' for a in accuracy)}, "
            f"{min(seconds):.0f} to {max(seconds):.0f} s"
        )
    write_text(out, json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
