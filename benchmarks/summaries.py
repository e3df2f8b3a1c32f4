"""What the cells of the accuracy benchmarks say together: of a system, and of two systems."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.cells import of_text
from harken.evaluation.subjects import PairedDifference, paired_bootstrap
from harken.signal.windows import Windows, natural_order

FLAGSHIP = "conv-bilstm"

#: A system's figures under one protocol, as they stand in docs/results; by the system's name.
Summary = dict[str, Any]
Results = dict[str, Summary]


def summary(cells: Sequence[dict[str, Any]]) -> Summary:
    """A system's figures under one protocol; its cells are those of all seeds."""
    by_seed: dict[int, list[dict[str, Any]]] = {}
    for cell in cells:
        by_seed.setdefault(cell["seed"], []).append(cell)
    people = [
        {row["subject"]: row["accuracy"] for cell in own for row in cell["per_subject"]}
        for own in by_seed.values()
    ]
    n_windows = {row["subject"]: row["n_windows"] for c in cells for row in c["per_subject"]}
    mean_of = {who: statistics.mean(seed[who] for seed in people) for who in people[0]}
    worst = min(mean_of, key=lambda who: mean_of[who])
    accuracy = [statistics.mean(seed.values()) for seed in people]
    return {
        "accuracy_by_seed": [
            statistics.mean(cell["accuracy"] for cell in own) for own in by_seed.values()
        ],
        "mean_of_subjects": statistics.mean(accuracy),
        "macro_f1": statistics.mean(cell["macro_f1"] for cell in cells),
        "worst_subject": {"subject": worst, "accuracy": mean_of[worst]},
        "train_seconds": statistics.median(cell["train_seconds"] for cell in cells),
        "predict_seconds": statistics.median(cell["predict_seconds"] for cell in cells),
        "n_parameters": cells[0].get("n_parameters"),
        "file_kb": cells[0].get("file_kb"),
        "versions": cells[0].get("versions", {}),
        "per_subject": [
            {"subject": who, "n_windows": n_windows[who], "accuracy": mean_of[who]}
            for who in mean_of
        ],
    }


def difference(results: Results, other: str) -> PairedDifference:
    """The flagship less another system, over people, seeds averaged."""
    ours, theirs = (results[name]["per_subject"] for name in (FLAGSHIP, other))
    return paired_bootstrap(ours, theirs)


def right_alone(
    ours: Sequence[dict[str, Any]], theirs: Sequence[dict[str, Any]], test: Windows
) -> dict[str, list[float]]:
    """How many windows of each person only one of two systems gets right, mean of seeds.

    Parameters
    ----------
    ours, theirs : cells of the two on one split, with their seeds
    test : the windows that they were judged on

    Returns
    -------
    dict
        Of each person, [only the first, only the second].
    """
    first, second = (
        {cell["seed"]: of_text(cell["predicted"]) == test.y for cell in own}
        for own in (ours, theirs)
    )
    seeds = sorted(first.keys() & second.keys())
    alone = np.array(
        [[first[seed] & ~second[seed], second[seed] & ~first[seed]] for seed in seeds]
    ).mean(axis=0)
    return {
        who: alone[:, test.subject == who].sum(axis=1).tolist()
        for who in natural_order(np.unique(test.subject))
    }
