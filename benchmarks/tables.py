"""The figures of the accuracy benchmarks as Markdown tables."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from benchmarks.cells import OFFICIAL
from benchmarks.summaries import FLAGSHIP, Results, Summary, difference
from harken.evaluation.folds import SUBJECT_KFOLD

_COLUMNS = (
    "system",
    "accuracy by seed",
    "mean of subjects",
    "macro F1",
    "worst subject",
    "train, s",
    "predict, s",
    "parameters",
    "file, kB",
)


def markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table with a line of names."""
    lines = [f"| {' | '.join(cells)} |" for cells in (columns, *rows)]
    return "\n".join([lines[0], "|---" * len(columns) + "|", *lines[1:]])


def table(results: Mapping[str, Summary | None]) -> str:
    """One protocol's figures; None was not run, what failed says why."""
    return markdown(_COLUMNS, [[system, *_figures(found)] for system, found in results.items()])


def _figures(found: Summary | None) -> list[str]:
    """The cells of a line after the system's name."""
    why = found["failed"].replace("|", "\\|") if found and "failed" in found else ""
    failed = f"failed: {why}" if why else ""
    if found is None or "accuracy_by_seed" not in found:
        return [failed or "not run", *[""] * (len(_COLUMNS) - 2)]
    worst = found["worst_subject"]
    by_seed = [f"{a:.4f}" for a in found["accuracy_by_seed"]]
    return [
        ", ".join([*by_seed, failed] if failed else by_seed),
        f"{found['mean_of_subjects']:.4f}",
        f"{found['macro_f1']:.4f}",
        f"{worst['accuracy']:.3f} (subject {worst['subject']})",
        f"{found['train_seconds']:.0f}",
        f"{found['predict_seconds']:.2f}",
        f"{found['n_parameters']:,}" if found["n_parameters"] else "",
        str(found["file_kb"] or ""),
    ]


def comparison(results: Results) -> str:
    """How the flagship compares with each other system, person by person."""
    columns = (
        f"{FLAGSHIP} less ...",
        "mean over people",
        "95 % interval",
        "better for",
        "worse for",
    )
    rows = []
    for other in results:
        if other != FLAGSHIP:
            d = difference(results, other)
            interval = f"{d.ci95[0]:+.4f} to {d.ci95[1]:+.4f}"
            rows.append([other, f"{d.mean:+.4f}", interval, str(d.n_better), str(d.n_worse)])
    return markdown(columns, rows)


def both_tables(results: Results) -> str:
    """The figures, and the comparison where there is something to compare."""
    if FLAGSHIP not in results or len(results) == 1:
        return table(results)
    return f"{table(results)}\n\n{comparison(results)}"


def short_table(results: Mapping[str, Results]) -> str:
    """The folds and the official split on one line a system."""
    folds, split = (results[f"uci-har-{protocol}"] for protocol in (SUBJECT_KFOLD, OFFICIAL))
    columns = (
        "system",
        "5 folds of all 30 people: mean of subjects, worst",
        "official split: accuracy",
        "macro F1",
    )
    rows = [
        [
            system,
            f"{row['mean_of_subjects']:.4f}, {row['worst_subject']['accuracy']:.3f}",
            f"{statistics.mean(split[system]['accuracy_by_seed']):.4f}",
            f"{split[system]['macro_f1']:.4f}",
        ]
        for system, row in folds.items()
    ]
    return markdown(columns, rows)


def by_subject(results: Results) -> str:
    """Each person's accuracy by each system, and the windows that only one of two gets right."""
    others = [system for system in results if system != FLAGSHIP]
    columns = [
        "subject",
        "windows",
        *results,
        *(f"only {FLAGSHIP}, only {other}" for other in others),
    ]
    rows = [
        [
            row["subject"],
            str(row["n_windows"]),
            *(f"{system['per_subject'][number]['accuracy']:.4f}" for system in results.values()),
            *(_alone(results[other], row["subject"]) for other in others),
        ]
        for number, row in enumerate(results[FLAGSHIP]["per_subject"])
    ]
    return markdown(columns, rows)


def _alone(other: Summary, subject: str) -> str:
    ours, theirs = other["right_alone"][subject]
    return f"{ours:.1f}, {theirs:.1f}"
