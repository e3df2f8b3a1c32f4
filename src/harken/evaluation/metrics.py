"""Figures on windows whose activity is known, under the keys that Harken uses everywhere."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from harken.errors import FormatError
from harken.evaluation.calibration import expected_calibration_error
from harken.windows import natural_order

N_RESAMPLES = 2000


def score(
    y: NDArray[np.int64],
    probability: NDArray[np.float32],
    labels: tuple[str, ...],
    subject: NDArray[np.str_],
) -> dict[str, Any]:
    """All figures that a report shows.

    Precision, recall and F1 of a class are 0 where they would be 0 / 0, as in scikit-learn with
    `zero_division=0`.

    Parameters
    ----------
    y : (n_windows,) int, the true classes
    probability : (n_windows, n_classes)
    labels : names of the classes
    subject : (n_windows,) str, who

    Returns
    -------
    dict
        Plain values: `accuracy`, `balanced_accuracy`, `macro_f1`, `weighted_precision`,
        `weighted_recall`, `weighted_f1`, `confusion_matrix` (rows are the truth), `labels`,
        `per_class`, `per_subject`, `accuracy_ci95`, `ece`, `n_windows`.

    Raises
    ------
    FormatError
        No windows, shapes that do not fit, a class out of range.
    """
    _check(y, probability, labels, subject)
    predicted = probability.argmax(axis=1)
    matrix = confusion_matrix(y, predicted, len(labels))
    support = matrix.sum(axis=1)
    right = np.diag(matrix)
    precision = _ratio(right, matrix.sum(axis=0))
    recall = _ratio(right, support)
    f1 = _ratio(2 * right, matrix.sum(axis=0) + support)
    weight = support / support.sum()
    present = (support > 0) | (matrix.sum(axis=0) > 0)
    correct = predicted == y
    return {
        "accuracy": float(correct.mean()),
        "balanced_accuracy": float(recall[support > 0].mean()),
        "macro_f1": float(f1[present].mean()),
        "weighted_precision": float(precision @ weight),
        "weighted_recall": float(recall @ weight),
        "weighted_f1": float(f1 @ weight),
        "confusion_matrix": matrix.tolist(),
        "labels": list(labels),
        "per_class": [
            {
                "label": label,
                "precision": float(precision[i]),
                "recall": float(recall[i]),
                "f1": float(f1[i]),
                "support": int(support[i]),
            }
            for i, label in enumerate(labels)
        ],
        "per_subject": _per_subject(correct, subject),
        "accuracy_ci95": bootstrap_over_subjects(correct, subject),
        "ece": expected_calibration_error(y, probability),
        "n_windows": len(y),
    }


def confusion_matrix(
    y: NDArray[np.int64], predicted: NDArray[np.int64], n_classes: int
) -> NDArray[np.int64]:
    """(n_classes, n_classes) counts; rows are the truth, columns what was predicted."""
    cells = np.bincount(y * n_classes + predicted, minlength=n_classes * n_classes)
    return cells.reshape(n_classes, n_classes)


def bootstrap_over_subjects(
    correct: NDArray[np.bool_], subject: NDArray[np.str_], *, seed: int = 0
) -> list[float]:
    """95 % interval of the accuracy, by drawing people with replacement.

    Windows of one person are alike: drawing windows would make the interval far too narrow.
    """
    _, who = np.unique(subject, return_inverse=True)
    n_windows = np.bincount(who)
    n_right = np.bincount(who, weights=correct)
    n_people = len(n_windows)
    draws = np.random.default_rng(seed).integers(n_people, size=(N_RESAMPLES, n_people))
    accuracy = n_right[draws].sum(axis=1) / n_windows[draws].sum(axis=1)
    return [float(q) for q in np.quantile(accuracy, [0.025, 0.975])]


def _per_subject(correct: NDArray[np.bool_], subject: NDArray[np.str_]) -> list[dict[str, Any]]:
    rows = []
    for name in natural_order(np.unique(subject)):
        own = correct[subject == name]
        rows.append({"subject": name, "n_windows": len(own), "accuracy": float(own.mean())})
    return rows


def _ratio(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)


def _check(
    y: NDArray[np.int64],
    probability: NDArray[np.float32],
    labels: tuple[str, ...],
    subject: NDArray[np.str_],
) -> None:
    if len(y) == 0:
        raise FormatError("There are no windows to judge on.")
    if probability.shape != (len(y), len(labels)) or subject.shape != y.shape:
        raise FormatError(
            f"{len(y)} labels need probabilities of shape {(len(y), len(labels))} and as many "
            f"subjects; got {probability.shape} and {subject.shape}."
        )
    if y.min() < 0 or y.max() >= len(labels):
        raise FormatError(
            f"A label code is out of range: found {y.min()} to {y.max()}; expected 0 to "
            f"{len(labels) - 1}. Leave unlabelled windows out."
        )
