"""What a model that may abstain gives up and gains: error against the share that it answers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class RiskCoverage:
    """The risk–coverage curve (El-Yaniv and Wiener 2010).

    Attributes
    ----------
    coverage : (n_windows,) share of the windows that is answered, the most confident ones: 1/n to 1
    risk : (n_windows,) share of errors among these
    """

    coverage: NDArray[np.float64]
    risk: NDArray[np.float64]

    @property
    def area(self) -> float:
        """Area under the curve (AURC; Geifman, Uziel and El-Yaniv 2019): less is better.

        The mean risk over all coverages. It falls with fewer errors, and with errors that are less
        confident than right answers.
        """
        return float(self.risk.mean())

    def accuracy_at(self, coverage: float) -> float:
        """Accuracy of the most confident windows, at least the share `coverage` of all of them."""
        n_answered = max(1, math.ceil(round(coverage * len(self.risk), 6)))
        return float(1 - self.risk[n_answered - 1])


def risk_coverage(y: NDArray[np.int64], probability: NDArray[np.float32]) -> RiskCoverage:
    """Answer windows from the most confident one on.

    Where confidences are equal, each window counts as the mean of them, so that the order in which
    the windows came changes nothing.

    Parameters
    ----------
    y : (n_windows,) true classes
    probability : (n_windows, n_classes)
    """
    wrong = (probability.argmax(axis=1) != y).astype(np.float64)
    _, group, size = np.unique(
        -probability.max(axis=1), return_inverse=True, return_counts=True
    )  # from the most confident on
    expected_error = np.repeat(np.bincount(group, weights=wrong) / size, size)
    answered = np.arange(1, len(y) + 1)
    return RiskCoverage(answered / len(y), np.cumsum(expected_error) / answered)
