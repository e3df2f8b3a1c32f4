"""From finished folds to the figures and the report of a cross-validation."""

from __future__ import annotations

import json
import statistics
from typing import Any

from harken import datasets
from harken.core.errors import storing
from harken.core.files import write_text
from harken.datasets import simulated as simulated_dataset
from harken.evaluation.folds import LOSO
from harken.evaluation.metrics import score
from harken.evaluation.predictions import Predictions
from harken.evaluation.splits import CAUTION, LEAKS
from harken.reporting import plots
from harken.reporting.crossval_report import CrossvalReport, write_crossval_report
from harken.training.crossval import CrossValidation, Plan
from harken.training.finish import command_of
from harken.training.run import Run

#: What is told of each fold.
_OF_FOLD = (
    "n_windows",
    "accuracy",
    "balanced_accuracy",
    "macro_f1",
    "ece",
    "accuracy_at_95_coverage",
    "validation_accuracy",
    "temperature",
    "train_seconds",
)
#: What is the same in each fold.
_SHARED = ("n_parameters", "epochs", "preset", "model", "seed", "dataset", "protocol")


def finish(crossval: CrossValidation) -> None:
    """Write crossval.json, the pictures and the report, from what the runs left."""
    folds = crossval.folds
    predictions = crossval.predictions
    metrics = pooled_metrics(folds, predictions)
    if crossval.leak_run:
        metrics["leak_meter"] = _leak_meter(crossval.leak_run, metrics)
    with storing(crossval.path):
        write_text(crossval.path / "crossval.json", json.dumps(metrics, indent=2) + "\n")
    _draw_and_report(crossval, metrics, predictions)


def pooled_metrics(folds: dict[str, Run], predictions: Predictions) -> dict[str, Any]:
    """Figures over the windows of all folds together, and each fold's own.

    Returns
    -------
    dict
        The keys of metrics.json, and `folds`, `n_folds`, `accuracy_fold_deviation` (standard
        deviation over folds).
    """
    of_folds = {name: run.metrics for name, run in folds.items()}
    first = next(iter(of_folds.values()))
    rows = [
        {
            "fold": name,
            "subjects": [row["subject"] for row in own["per_subject"]],
            **{key: own[key] for key in _OF_FOLD},
        }
        for name, own in of_folds.items()
    ]
    return {
        **score(
            predictions.y, predictions.probability, tuple(first["labels"]), predictions.subject
        ),
        **{key: first[key] for key in _SHARED},
        "train_seconds": round(sum(row["train_seconds"] for row in rows), 2),
        "n_folds": len(rows),
        "accuracy_fold_deviation": statistics.stdev(row["accuracy"] for row in rows),
        "folds": rows,
    }


def _leak_meter(run: Run, honest: dict[str, Any]) -> dict[str, Any]:
    """What the same recipe would have claimed on a random split of the windows."""
    claimed = run.metrics
    figures = ("n_windows", "accuracy", "balanced_accuracy", "macro_f1")
    return {
        "caution": CAUTION[LEAKS],
        "protocol": LEAKS,
        **{key: claimed[key] for key in figures},
        "accuracy_difference": claimed["accuracy"] - honest["accuracy"],
    }


def _draw_and_report(
    crossval: CrossValidation, metrics: dict[str, Any], predictions: Predictions
) -> None:
    plan = crossval.plan
    simulated = plan.config.dataset == simulated_dataset.NAME
    title = _title(plan)
    figures = plots.judged(metrics, predictions, title=title, simulated=simulated)
    pictures = {name: plots.as_png(figure) for name, figure in figures.items()}
    plots.write_png(pictures["confusion"], crossval.path / "confusion.png")
    plots.write_png(pictures["per_subject"], crossval.path / "per-subject.png")
    command = command_of(plan.fold(1))
    write_crossval_report(
        crossval.report,
        CrossvalReport(
            title=title,
            metrics=metrics,
            config=plan.config.table(),
            openings={name: run.openings for name, run in crossval.folds.items()},
            command=f"{command} --leak-meter" if plan.leak_meter else command,
            credits=datasets.credits_of(plan.config.dataset),
            pictures=pictures,
            simulated=simulated,
        ),
    )


def _title(plan: Plan) -> str:
    config = plan.config
    how = "one subject left out" if plan.protocol == LOSO else f"{plan.n_folds} folds by subject"
    return f"{config.preset} on {config.dataset}, seed {config.seed}, {how}"
