"""Print figures the way the notebook did: accuracy, precision, recall, F1, confusion matrix."""

from __future__ import annotations

from typing import Any

from harken.cli.output import console, print_table
from harken.core.labels import activity_name


def print_results(metrics: dict[str, Any]) -> None:
    """The final result with both confusion matrices, in counts and in % of the test set."""
    simulated = " (simulated data)" if metrics["dataset"] == "simulated" else ""
    low, high = metrics["accuracy_ci95"]
    worst = metrics["worst_subject"]
    console().print(
        f"[bold]Accuracy {metrics['accuracy']:.2%}[/bold]{simulated} on "
        f"{metrics['n_windows']:,} windows of {len(metrics['per_subject'])} test subjects "
        f"({metrics['protocol']} protocol), 95 % interval over subjects {low:.1%} to {high:.1%}\n"
        f"Precision {metrics['weighted_precision']:.2%}, recall {metrics['weighted_recall']:.2%}, "
        f"F1 {metrics['weighted_f1']:.2%} (weighted); macro F1 {metrics['macro_f1']:.4f}; "
        f"balanced accuracy {metrics['balanced_accuracy']:.2%}; ECE {metrics['ece']:.3f}\n"
        f"Worst subject: {worst['subject']} with {worst['accuracy']:.1%}; mean over subjects "
        f"{metrics['mean_subject_accuracy']:.1%}; accuracy on the surest 95 % of windows "
        f"{metrics['accuracy_at_95_coverage']:.2%}",
        soft_wrap=True,
    )
    labels = [activity_name(label) for label in metrics["labels"]]
    matrix = metrics["confusion_matrix"]
    total = metrics["n_windows"]
    for title, form in (
        ("Confusion matrix, windows", lambda n: str(n)),
        ("Confusion matrix, % of the test set", lambda n: f"{100 * n / total:.2f}"),
    ):
        rows = [[label, *map(form, row)] for label, row in zip(labels, matrix, strict=True)]
        print_table(f"{title} (rows: true, columns: predicted)", ["", *labels], rows)
