"""The last layer, refitted on a person's embeddings with a pull towards the old one.

Multinomial logistic regression from the old weights on, with a quadratic penalty on how far they
move: a Gaussian prior around a fitted model, as Chelba and Acero (2004, "Adaptation of maximum
entropy capitalizer: little data can help a lot") put it. Two things make few minutes suffice:

- *The measure of the pull.* A step is as long as it changes the logits of the windows that the
  network learnt from: their embeddings' second moment, which the model file carries, is the
  metric. Directions in which nobody differs are free, those that carry the answers are not.
- *Labelled activities are compared with one another alone.* The likelihood is that of an activity
  given that it is one of those which have labels. Nothing then pulls windows away from an activity
  that the person has not labelled: its weights stay, and so does the mean of the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Weight of the pull beside the sum of the windows' log losses. Chosen on the training people of
#: HAPT alone, see `benchmarks/personal.py`.
STRENGTH = 30.0
#: Share of the metric's mean diagonal that is added to it, for directions that nobody has used.
_RIDGE = 1e-3


@dataclass(frozen=True, eq=False)
class Head:
    """A last layer.

    Attributes
    ----------
    weight : (n_features, n_classes) float64
    bias : (n_classes,) float64
    temperature : logits are divided by it before the softmax
    """

    weight: NDArray[np.float64]
    bias: NDArray[np.float64]
    temperature: float

    def log_probability(self, embedding: NDArray[np.floating]) -> NDArray[np.float64]:
        """(n_windows, n_features) to (n_windows, n_classes)."""
        from scipy.special import log_softmax

        logits = embedding.astype(np.float64) @ self.weight + self.bias
        log_p: NDArray[np.float64] = log_softmax(logits / self.temperature, axis=1)
        return log_p


def metric_of(statistics: Mapping[str, Any]) -> NDArray[np.float64]:
    """Second moment of the embeddings that the network learnt from, with a 1 for the bias.

    Parameters
    ----------
    statistics : `mean` by class and shared `covariance`, as in `Card.embedding`; the classes count
        alike

    Returns
    -------
    (n_features + 1, n_features + 1), positive definite
    """
    means = _with_one(np.asarray(statistics["mean"], np.float64))
    metric = means.T @ means / len(means)
    metric[:-1, :-1] += np.asarray(statistics["covariance"], np.float64)
    metric += _RIDGE * np.trace(metric) / len(metric) * np.eye(len(metric))
    return metric


def refit(
    head: Head,
    embedding: NDArray[np.floating],
    y: NDArray[np.int64],
    metric: NDArray[np.float64],
    *,
    strength: float = STRENGTH,
) -> Head:
    """A last layer for the person whose windows these are.

    Parameters
    ----------
    head : the old one
    embedding : (n_windows, n_features) of the labelled windows
    y : (n_windows,) their classes; with one class alone there is nothing to compare
    metric : as of `metric_of`
    strength : of the pull; more windows outweigh it

    Returns
    -------
    Head
        Columns of classes without labels are the old ones, exactly; those of the others have the
        old sum.
    """
    from scipy.linalg import solve_triangular

    given = np.unique(y)
    if len(given) < 2:
        return head
    # In these coordinates the pull is a sphere.
    lower = np.linalg.cholesky(metric)
    z = solve_triangular(lower, _with_one(embedding.astype(np.float64)).T, lower=True).T
    base = embedding.astype(np.float64) @ head.weight[:, given] + head.bias[given]
    step = _smallest_step(
        z / head.temperature, base / head.temperature, np.searchsorted(given, y), strength
    )
    moved = solve_triangular(lower, step, lower=True, trans="T")
    weight, bias = head.weight.copy(), head.bias.copy()
    weight[:, given] += moved[:-1]
    bias[given] += moved[-1]
    return Head(weight, bias, head.temperature)


def _smallest_step(
    z: NDArray[np.float64], base: NDArray[np.float64], y: NDArray[np.int64], strength: float
) -> NDArray[np.float64]:
    """Minimise the windows' log losses plus strength / 2 * |step|²; (n_features + 1, n_given).

    Each class counts as if it had its even share of the windows.
    """
    from scipy.optimize import minimize
    from scipy.special import logsumexp

    n, n_given = base.shape
    rows = np.arange(n)
    weight = n / (n_given * np.bincount(y, minlength=n_given)[y])
    truth = np.eye(n_given)[y]

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        step = flat.reshape(-1, n_given)
        logits = base + z @ step
        total = logsumexp(logits, axis=1, keepdims=True)
        excess = (np.exp(logits - total) - truth) * weight[:, None]
        value = weight @ (total[:, 0] - logits[rows, y]) + strength / 2 * (flat @ flat)
        return float(value), (z.T @ excess + strength * step).ravel()

    found = minimize(
        loss, np.zeros(z.shape[1] * n_given), jac=True, method="L-BFGS-B", options={"ftol": 1e-12}
    )
    step: NDArray[np.float64] = found.x.reshape(-1, n_given)
    return step


def _with_one(features: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.hstack([features, np.ones((len(features), 1))])
