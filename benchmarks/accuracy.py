"""Harken's flagship beside MiniRocket and Hydra, on the same people.

    make bench-accuracy                               conv-bilstm, MiniRocket, Hydra
    python -m benchmarks.accuracy [SYSTEM...] [--seeds N] [--datasets D...]

Needs the real archives: set $HARKEN_DATA to their folder. On UCI HAR: five subject-disjoint folds
of all 30 people, the same for every system and seed; the official split; the folds once more with
each recording turned upright by the mounting that it shows. Every fit is kept in `runs/accuracy`: a
finished one is not done again, a stopped one goes on. The figures go into
`docs/results/accuracy.json` and `docs/results.md`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import peers
from benchmarks.pages import README, write_section
from harken import api, datasets
from harken.cli.progress import TrainingProgress
from harken.evaluation.metrics import score
from harken.evaluation.subjects import PairedDifference, paired_bootstrap
from harken.files import write_text
from harken.folds import SUBJECT_KFOLD, Fold, subject_folds
from harken.predictor import Predictor
from harken.splits import Split, official
from harken.training.recipe import PRESETS
from harken.training.run import Config, Run

RUNS = Path("runs/accuracy")
RESULTS = Path("docs/results/accuracy.json")
DATASETS = ("uci-har", "uci-har-upright")
N_FOLDS = 5
FLAGSHIP = "conv-bilstm"
DEFAULT = (FLAGSHIP, "minirocket", "hydra")
SEEDS = 5


@dataclass(frozen=True)
class Part:
    """One fit: a system learns from a split's training windows and is judged on the others."""

    system: str
    dataset: str
    protocol: str
    number: int
    seed: int

    @property
    def name(self) -> str:
        return "-".join(
            (self.system, self.dataset, self.protocol, str(self.number), f"seed{self.seed}")
        )


def splits(wanted: list[str]) -> Iterator[tuple[str, str, int, Split]]:
    """Dataset, protocol and number of each split; the official one has number 0."""
    for dataset in wanted:
        windows = datasets.load(dataset)
        if dataset == DATASETS[0]:
            yield dataset, "official", 0, official(windows)
        for number, split in enumerate(subject_folds(windows, N_FOLDS), start=1):
            yield dataset, SUBJECT_KFOLD, number, split


def measured(part: Part, split: Split) -> dict[str, Any]:
    """The figures of a fit, which is done unless it is there already."""
    file = RUNS / f"{part.name}.json"
    if not file.exists():
        fit = _harken if part.system in PRESETS else _peer
        write_text(file, json.dumps(fit(part, split)) + "\n")
        print(part.name, "done", flush=True)
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def _harken(part: Part, split: Split) -> dict[str, Any]:
    """Train with a preset; a fold is a run like any other, and goes on where it was stopped."""
    folder = RUNS / part.name
    if not folder.exists():
        fold = Fold(part.protocol, part.number, N_FOLDS) if part.number else None
        recipe = PRESETS[part.system].recipe
        Run.create(folder, Config(part.dataset, part.system, recipe, seed=part.seed, fold=fold))
    with TrainingProgress(quiet=True) as progress:
        run = api.resume(folder, watcher=progress)
    predictor = Predictor(run.model_file)
    predictor.probability(split.test)  # what is done at first use is no part of the time
    began = time.perf_counter()
    predicted = predictor.probability(split.test).argmax(axis=1)
    predict_seconds = time.perf_counter() - began
    return _figures(split, predicted) | {
        "train_seconds": run.metrics["train_seconds"],
        "predict_seconds": round(predict_seconds, 3),
        "n_parameters": run.metrics["n_parameters"],
        "file_kb": round(run.model_file.stat().st_size / 1000),
        "ece": run.metrics["ece"],
    }


def _peer(part: Part, split: Split) -> dict[str, Any]:
    fitted = peers.fit(part.system, split, part.seed)
    return _figures(split, fitted.predicted) | {
        "train_seconds": fitted.train_seconds,
        "predict_seconds": fitted.predict_seconds,
        "versions": fitted.versions,
    }


def _figures(split: Split, predicted: NDArray[np.int64]) -> dict[str, Any]:
    certain = np.eye(len(split.test.labels), dtype=np.float32)[predicted]
    metrics = score(split.test.y, certain, split.test.labels, split.test.subject)
    return {key: metrics[key] for key in ("accuracy", "macro_f1", "per_subject")}


def summary(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """A system's figures under one protocol; its parts are those of all seeds."""
    by_seed: dict[int, list[dict[str, Any]]] = {}
    for part in parts:
        by_seed.setdefault(part["seed"], []).append(part)
    people = [
        {row["subject"]: row["accuracy"] for part in own for row in part["per_subject"]}
        for own in by_seed.values()
    ]
    mean_of = {who: statistics.mean(seed[who] for seed in people) for who in people[0]}
    worst = min(mean_of, key=lambda who: mean_of[who])
    accuracy = [statistics.mean(seed.values()) for seed in people]
    return {
        "accuracy_by_seed": [
            statistics.mean(part["accuracy"] for part in own) for own in by_seed.values()
        ],
        "mean_of_subjects": statistics.mean(accuracy),
        "macro_f1": statistics.mean(part["macro_f1"] for part in parts),
        "worst_subject": {"subject": worst, "accuracy": mean_of[worst]},
        "train_seconds": statistics.median(part["train_seconds"] for part in parts),
        "predict_seconds": statistics.median(part["predict_seconds"] for part in parts),
        "n_parameters": parts[0].get("n_parameters"),
        "file_kb": parts[0].get("file_kb"),
        "versions": parts[0].get("versions", {}),
        "per_subject": [{"subject": who, "accuracy": mean_of[who]} for who in mean_of],
    }


def difference(results: dict[str, dict[str, Any]], other: str) -> PairedDifference:
    """The flagship less another system, over people, seeds averaged."""
    ours, theirs = (results[name]["per_subject"] for name in (FLAGSHIP, other))
    return paired_bootstrap(ours, theirs)


def table(results: dict[str, dict[str, Any]]) -> str:
    """One protocol's figures as a Markdown table."""
    lines = [
        "| system | accuracy by seed | mean of subjects | macro F1 | worst subject | "
        "train, s | predict, s | parameters | file, kB |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for system, row in results.items():
        worst = row["worst_subject"]
        by_seed = ", ".join(f"{a:.4f}" for a in row["accuracy_by_seed"])
        size = f"{row['n_parameters']:,}" if row["n_parameters"] else ""
        lines.append(
            f"| {system} | {by_seed} | {row['mean_of_subjects']:.4f} | {row['macro_f1']:.4f} | "
            f"{worst['accuracy']:.3f} (subject {worst['subject']}) | {row['train_seconds']:.0f} | "
            f"{row['predict_seconds']:.2f} | {size} | {row['file_kb'] or ''} |"
        )
    return "\n".join(lines)


def comparison(results: dict[str, dict[str, Any]]) -> str:
    """How the flagship compares with each other system, person by person."""
    lines = [
        f"| {FLAGSHIP} less ... | mean over people | 95 % interval | better for | worse for |",
        "|---|---|---|---|---|",
    ]
    for other in results:
        if other != FLAGSHIP:
            d = difference(results, other)
            lines.append(
                f"| {other} | {d.mean:+.4f} | {d.ci95[0]:+.4f} to {d.ci95[1]:+.4f} | "
                f"{d.n_better} | {d.n_worse} |"
            )
    return "\n".join(lines)


def both_tables(results: dict[str, dict[str, Any]]) -> str:
    """The figures, and the comparison where there is something to compare."""
    if FLAGSHIP not in results or len(results) == 1:
        return table(results)
    return f"{table(results)}\n\n{comparison(results)}"


def short_table(results: dict[str, dict[str, dict[str, Any]]]) -> str:
    """The folds and the official split on one line a system, as a Markdown table."""
    folds, split = (results[f"uci-har-{protocol}"] for protocol in (SUBJECT_KFOLD, "official"))
    lines = [
        "| system | 5 folds of all 30 people: mean of subjects, worst | official split: accuracy | "
        "macro F1 |",
        "|---|---|---|---|",
    ]
    for system, row in folds.items():
        official_accuracy = statistics.mean(split[system]["accuracy_by_seed"])
        lines.append(
            f"| {system} | {row['mean_of_subjects']:.4f}, {row['worst_subject']['accuracy']:.3f} | "
            f"{official_accuracy:.4f} | {split[system]['macro_f1']:.4f} |"
        )
    return "\n".join(lines)


def main() -> None:
    wanted = argparse.ArgumentParser(prog="python -m benchmarks.accuracy")
    wanted.add_argument("systems", nargs="*", default=list(DEFAULT))
    wanted.add_argument("--seeds", type=int, default=SEEDS)
    wanted.add_argument("--datasets", nargs="+", default=list(DATASETS), choices=DATASETS)
    asked = wanted.parse_args()
    found: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for seed in range(asked.seeds):
        for dataset, protocol, number, split in splits(asked.datasets):
            for system in asked.systems:
                row = measured(Part(system, dataset, protocol, number, seed), split)
                by_system = found.setdefault(f"{dataset}-{protocol}", {})
                by_system.setdefault(system, []).append(row | {"seed": seed})
    results = {
        name: {system: summary(parts) for system, parts in by_system.items()}
        for name, by_system in found.items()
    }
    kept = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    write_text(RESULTS, json.dumps(kept | results, indent=1) + "\n")
    for name, by_system in results.items():
        write_section(name, both_tables(by_system))
        print(f"\n{name}\n{both_tables(by_system)}")
    if "uci-har" in asked.datasets:
        write_section("accuracy", short_table(results), README)


if __name__ == "__main__":
    main()
