"""Figures by person, and what they say about people who were not there.

Windows of one person are alike. Whoever draws windows to tell how sure a figure is gets an interval
that is far too narrow; here people are drawn (the cluster bootstrap: Davison and Hinkley 1997,
section 3.8), and the interval is the percentile one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harken.core.errors import FormatError
from harken.signal.windows import natural_order

N_RESAMPLES = 2000


def accuracy_by_subject(
    correct: NDArray[np.bool_], subject: NDArray[np.str_]
) -> list[dict[str, Any]]:
    """`subject`, `n_windows` and `accuracy` of each person, in natural order."""
    rows = []
    for name in natural_order(np.unique(subject)):
        own = correct[subject == name]
        rows.append({"subject": name, "n_windows": len(own), "accuracy": float(own.mean())})
    return rows


def worst_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The row of the person with the lowest accuracy."""
    return dict(min(rows, key=lambda row: row["accuracy"]))


def bootstrap_over_subjects(
    y: NDArray[np.int64],
    predicted: NDArray[np.int64],
    subject: NDArray[np.str_],
    n_classes: int,
    *,
    seed: int = 0,
) -> dict[str, list[float]]:
    """95 % intervals of accuracy and macro F1, by drawing people with replacement.

    Returns
    -------
    dict
        `accuracy_ci95` and `macro_f1_ci95`, each [low, high].
    """
    matrices = _confusion_by_subject(y, predicted, subject, n_classes)
    drawn = _times_drawn(len(matrices), seed)
    drawn_matrices = np.tensordot(drawn, matrices, axes=1)
    right = np.diagonal(drawn_matrices, axis1=1, axis2=2)
    accuracy = right.sum(axis=1) / drawn_matrices.sum(axis=(1, 2))
    # Precision and recall of a class have the same numerator: F1 = 2 right / (true + predicted).
    either = drawn_matrices.sum(axis=1) + drawn_matrices.sum(axis=2)
    f1 = np.divide(2 * right, either, out=np.full(right.shape, np.nan), where=either > 0)
    return {
        "accuracy_ci95": _interval(accuracy),
        "macro_f1_ci95": _interval(np.nanmean(f1, axis=1)),
    }


@dataclass(frozen=True)
class PairedDifference:
    """How much better one system is than another, for the same people.

    Attributes
    ----------
    mean : mean over people of the first one's accuracy less the second one's
    ci95 : 95 % interval of that mean; one that holds 0 does not tell them apart
    n_subjects : how many people there are
    n_better, n_worse : for how many of them the first one is better, and worse
    """

    mean: float
    ci95: tuple[float, float]
    n_subjects: int
    n_better: int
    n_worse: int


def paired_bootstrap(
    one: Sequence[Mapping[str, Any]], other: Sequence[Mapping[str, Any]], *, seed: int = 0
) -> PairedDifference:
    """Compare two systems on the same people: draw people, keep both their figures together.

    What makes a person hard is hard for both systems; within pairs it cancels, so that this tells
    systems apart whose own intervals overlap.

    Parameters
    ----------
    one, other : `per_subject` of two metrics.json or crossval.json

    Raises
    ------
    FormatError
        They are not of the same people.
    """
    first, second = ({row["subject"]: row["accuracy"] for row in rows} for rows in (one, other))
    if differing := natural_order(first.keys() ^ second.keys()):
        raise FormatError(
            f"The two are not of the same people: only one of them has {', '.join(differing)}."
        )
    if not first:
        raise FormatError("There is nobody to compare on.")
    difference = np.array([first[name] - second[name] for name in natural_order(first)])
    means = _times_drawn(len(difference), seed) @ difference / len(difference)
    low, high = _interval(means)
    return PairedDifference(
        mean=float(difference.mean()),
        ci95=(low, high),
        n_subjects=len(difference),
        n_better=int((difference > 0).sum()),
        n_worse=int((difference < 0).sum()),
    )


def _confusion_by_subject(
    y: NDArray[np.int64], predicted: NDArray[np.int64], subject: NDArray[np.str_], n_classes: int
) -> NDArray[np.int64]:
    """(n_subjects, n_classes, n_classes) counts; rows are the truth."""
    names, who = np.unique(subject, return_inverse=True)
    matrices = np.zeros((len(names), n_classes, n_classes), dtype=np.int64)
    np.add.at(matrices, (who, y, predicted), 1)
    return matrices


def _times_drawn(n_subjects: int, seed: int) -> NDArray[np.float64]:
    """(N_RESAMPLES, n_subjects): how often each person is drawn, as floats for fast products."""
    draws = np.random.default_rng(seed).integers(n_subjects, size=(N_RESAMPLES, n_subjects))
    times = np.zeros((N_RESAMPLES, n_subjects))
    np.add.at(times, (np.arange(N_RESAMPLES)[:, None], draws), 1)
    return times


def _interval(values: NDArray[np.float64]) -> list[float]:
    return [float(q) for q in np.quantile(values, [0.025, 0.975])]
