"""How far a network's features of a window are from those of the training data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Added to the covariance, as a share of its mean variance: directions in which the training data
#: hardly varied would otherwise decide all.
_RIDGE = 0.01


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
