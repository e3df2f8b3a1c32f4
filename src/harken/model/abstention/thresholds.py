"""From where on a window counts as unsure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harken.model.abstention.signals import SignalModel


@dataclass(frozen=True)
class Abstention:
    """Thresholds of the signs by which a window is unsure.

    Attributes
    ----------
    confidence : a lower top probability is unsure
    distance : a larger distance of the embedding to the nearest class is unsure
    density : a lower log density of the signals is unsure; None without `signals`
    signals : the density of the training data's signals; None where the channels are not those of
        one device
    """

    confidence: float
    distance: float
    density: float | None = None
    signals: SignalModel | None = None

    def unsure(
        self,
        probability: NDArray[np.float32],
        distance: NDArray[np.float64],
        density: NDArray[np.float64] | None = None,
    ) -> NDArray[np.bool_]:
        """Whether each window is unsure, (n_windows,).

        Parameters
        ----------
        probability : (n_windows, n_classes)
        distance : (n_windows,) as `EmbeddingDistance` gives it
        density : (n_windows,) as `SignalModel.log_density` gives it; None leaves it out
        """
        unsure: NDArray[np.bool_] = probability.max(axis=1) < self.confidence
        unsure = unsure | (distance > self.distance)
        if density is not None and self.density is not None:
            unsure = unsure | (density < self.density)
        return unsure
