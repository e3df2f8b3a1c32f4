"""Whether a model should rather say that it is not sure of a window.

Two signs are looked at. The top probability is low: the window lies between activities (Chow 1970;
of a calibrated network it is the chance to be right). The network's features of it, the embedding,
are far from what they were of every activity in the training data: the window may be of something
else altogether, and the probability, however high, says nothing. Far is measured by Mahalanobis
distance (Lee, Lee, Lee, Shin, NeurIPS 2018).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Added to the covariance, as a share of its mean variance: directions in which the training data
#: hardly varied would otherwise decide all.
_RIDGE = 0.01
#: Share of windows, of people whom the network did not learn from, that each sign may call unsure.
SHARE = 0.015


@dataclass(frozen=True)
class Abstention:
    """From where on a window counts as unsure.

    Attributes
    ----------
    confidence : a lower top probability is unsure
    distance : a larger distance of the embedding to the nearest class is unsure
    """

    confidence: float
    distance: float

    def unsure(
        self, probability: NDArray[np.float32], distance: NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        """Whether each window is unsure, (n_windows,).

        Parameters
        ----------
        probability : (n_windows, n_classes)
        distance : (n_windows,) as `EmbeddingDistance` gives it
        """
        low: NDArray[np.bool_] = probability.max(axis=1) < self.confidence
        return low | (distance > self.distance)


class EmbeddingDistance:
    """Mahalanobis distance of embeddings to the nearest class.

    Parameters
    ----------
    statistics : `embedding` of a card: `mean` by class, (n_classes, n_features), and the classes'
        shared `covariance`, (n_features, n_features)
    """

    def __init__(self, statistics: Mapping[str, Any]) -> None:
        covariance = np.array(statistics["covariance"], np.float64)
        n_features = len(covariance)
        # Features that never varied at all leave something to divide by, too.
        ridge = max(_RIDGE * float(np.trace(covariance)) / n_features, 1e-12)
        values, vectors = np.linalg.eigh(covariance)
        # Rounded covariances may have eigenvalues a little below 0.
        self._whiten = vectors / np.sqrt(np.maximum(values, 0.0) + ridge)
        self._means = np.array(statistics["mean"], np.float64) @ self._whiten

    def __call__(self, embedding: NDArray[np.float32]) -> NDArray[np.float64]:
        """Of each, (n_windows,) float64; `embedding` is (n_windows, n_features)."""
        white = embedding.astype(np.float64) @ self._whiten
        by_class = [((white - mean) ** 2).sum(axis=1) for mean in self._means]
        nearest: NDArray[np.float64] = np.sqrt(np.min(by_class, axis=0))
        return nearest


def fit_abstention(
    probability: NDArray[np.float32], distance: NDArray[np.float64], *, share: float = SHARE
) -> Abstention:
    """The thresholds that call a small share of ordinary windows unsure, each.

    Parameters
    ----------
    probability : (n_windows, n_classes) of windows of training people whom the network did not
        learn from: what it learnt from it is surer of, and nearer to
    distance : (n_windows,) of the same
    share : of windows below the one and above the other
    """
    return Abstention(
        confidence=float(np.quantile(probability.max(axis=1), share)),
        distance=float(np.quantile(distance, 1 - share)),
    )
