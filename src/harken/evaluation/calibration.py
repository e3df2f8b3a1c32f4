"""Whether a confidence of 90 % is right nine times in ten, and how to make it so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

N_BINS = 15


@dataclass(frozen=True, eq=False)
class Reliability:
    """Windows in equal-width bins of their confidence, as a reliability diagram shows them.

    Attributes
    ----------
    edges : (n_bins + 1,) from 0 to 1
    count, confidence, accuracy : (n_bins,); the last two are NaN in empty bins
    """

    edges: NDArray[np.float64]
    count: NDArray[np.int64]
    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]


def reliability(
    y: NDArray[np.int64], probability: NDArray[np.float32], n_bins: int = N_BINS
) -> Reliability:
    """Bin windows by the probability of the predicted class."""
    confidence = probability.max(axis=1).astype(np.float64)
    right = probability.argmax(axis=1) == y
    # A bin holds its upper edge, so that a confidence of 1 lies in the last one.
    bins = np.clip(np.ceil(confidence * n_bins).astype(np.int64) - 1, 0, n_bins - 1)
    count = np.bincount(bins, minlength=n_bins)

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        sums = np.bincount(bins, weights=values, minlength=n_bins)
        means: NDArray[np.float64] = np.divide(
            sums, count, out=np.full(n_bins, np.nan), where=count > 0
        )
        return means

    return Reliability(
        np.linspace(0, 1, n_bins + 1), count, mean(confidence), mean(right.astype(np.float64))
    )


def expected_calibration_error(
    y: NDArray[np.int64], probability: NDArray[np.float32], n_bins: int = N_BINS
) -> float:
    """Mean distance of confidence and accuracy over the bins (Guo et al. 2017, equation 3)."""
    bins = reliability(y, probability, n_bins)
    gap = np.nan_to_num(np.abs(bins.accuracy - bins.confidence))
    return float(bins.count @ gap / bins.count.sum())


def fit_temperature(logits: NDArray[np.float64], y: NDArray[np.int64]) -> float:
    """The temperature that makes the labels likeliest (Guo et al. 2017, section 4.2).

    Parameters
    ----------
    logits : (n_windows, n_classes), of windows that took no part in training
    y : (n_windows,) true classes

    Returns
    -------
    float
        From 0.05 to 20; logits are divided by it before the softmax.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    rows = np.arange(len(y))

    def negative_log_likelihood(log_temperature: float) -> float:
        scaled = logits / np.exp(log_temperature)
        return -float(log_softmax(scaled, axis=1)[rows, y].mean())

    bounds = (np.log(0.05), np.log(20.0))
    found = minimize_scalar(negative_log_likelihood, bounds=bounds, method="bounded")
    return float(np.exp(found.x))
