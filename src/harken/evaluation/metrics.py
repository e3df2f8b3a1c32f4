"""Figures on windows whose activity is known, under the keys that Harken uses everywhere."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from harken.core.errors import FormatError
from harken.evaluation.calibration import expected_calibration_error
from harken.evaluation.coverage import risk_coverage
from harken.evaluation.subjects import accuracy_by_subject, bootstrap_over_subjects, worst_of


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
        `per_class`, `per_subject`, `worst_subject`, `mean_subject_accuracy` (each person counts the
        same, whatever their number of windows), `accuracy_ci95`, `macro_f1_ci95`, `ece`,
        `accuracy_at_95_coverage`, `risk_coverage_area`, `n_windows`.

    Raises
    ------
    FormatError
        No windows, shapes that do not fit, a class out of range.
    """
    _check(y, probability, labels, subject)
    predicted = probability.argmax(axis=1)
    curve = risk_coverage(y, probability)
    return {
        **_of_confusion(confusion_matrix(y, predicted, len(labels)), labels),
        **_of_subjects(accuracy_by_subject(predicted == y, subject)),
        **bootstrap_over_subjects(y, predicted, subject, len(labels)),
        "ece": expected_calibration_error(y, probability),
        "accuracy_at_95_coverage": curve.accuracy_at(0.95),
        "risk_coverage_area": curve.area,
        "n_windows": len(y),
    }


def _of_confusion(matrix: NDArray[np.int64], labels: tuple[str, ...]) -> dict[str, Any]:
    """The figures that a confusion matrix decides."""
    support, n_predicted, right = matrix.sum(axis=1), matrix.sum(axis=0), np.diag(matrix)
    precision = _ratio(right, n_predicted)
    recall = _ratio(right, support)
    f1 = _ratio(2 * right, n_predicted + support)
    weight = support / support.sum()
    return {
        "accuracy": float(right.sum() / support.sum()),
        "balanced_accuracy": float(recall[support > 0].mean()),
        "macro_f1": float(f1[support + n_predicted > 0].mean()),
        "weighted_precision": float(precision @ weight),
        "weighted_recall": float(recall @ weight),
        "weighted_f1": float(f1 @ weight),
        "confusion_matrix": matrix.tolist(),
        "labels": list(labels),
        "per_class": [
            {"label": label, "precision": p, "recall": r, "f1": f, "support": n}
            for label, p, r, f, n in zip(
                labels,
                precision.tolist(),
                recall.tolist(),
                f1.tolist(),
                support.tolist(),
                strict=True,
            )
        ],
    }


def _of_subjects(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "per_subject": rows,
        "worst_subject": worst_of(rows),
        "mean_subject_accuracy": float(np.mean([row["accuracy"] for row in rows])),
    }


def confusion_matrix(
    y: NDArray[np.int64], predicted: NDArray[np.int64], n_classes: int
) -> NDArray[np.int64]:
    """(n_classes, n_classes) counts; rows are the truth, columns what was predicted."""
    cells = np.bincount(y * n_classes + predicted, minlength=n_classes * n_classes)
    return cells.reshape(n_classes, n_classes)


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
