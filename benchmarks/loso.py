"""Each of the 30 people of UCI HAR judged by a network that learnt from the 29 others.

    python -m benchmarks.loso

The same as `harken crossval uci-har --preset conv-bilstm --loso`, kept in `runs/loso`: what is
finished is not done again. The figures go into `docs/results/loso.json` and `docs/results.md`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.pages import write_section
from benchmarks.runs import finished_crossval
from harken.core.files import write_text

FOLDER = Path("runs/loso")
RESULTS = Path("docs/results/loso.json")
KEPT = (
    "accuracy",
    "accuracy_ci95",
    "mean_subject_accuracy",
    "worst_subject",
    "macro_f1",
    "balanced_accuracy",
    "ece",
    "accuracy_at_95_coverage",
    "n_windows",
    "per_subject",
    "preset",
    "seed",
    "dataset",
    "protocol",
)


def table(metrics: dict[str, Any]) -> str:
    """The figures as a Markdown table."""
    low, high = metrics["accuracy_ci95"]
    worst = metrics["worst_subject"]
    rows = {
        "mean of subjects": f"{metrics['mean_subject_accuracy']:.4f}",
        "worst subject": f"{worst['accuracy']:.4f} (subject {worst['subject']})",
        "accuracy of all windows": f"{metrics['accuracy']:.4f} (95 %: {low:.4f} to {high:.4f})",
        "macro F1": f"{metrics['macro_f1']:.4f}",
        "expected calibration error": f"{metrics['ece']:.4f}",
        "accuracy of the surest 95 %": f"{metrics['accuracy_at_95_coverage']:.4f}",
    }
    lines = [f"| {name} | {value} |" for name, value in rows.items()]
    return "\n".join(["| figure | value |", "|---|---|", *lines])


def main() -> None:
    made = finished_crossval(FOLDER, "uci-har", preset="conv-bilstm", loso=True)
    metrics = {key: made.metrics[key] for key in KEPT}
    write_text(RESULTS, json.dumps(metrics, indent=1) + "\n")
    write_section("loso", table(metrics))
    print(table(metrics))


if __name__ == "__main__":
    main()
