"""The hidden Markov model: its numbers, and one step of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Of a model file that does not say: an activity lasts for 20 windows in the mean, 26 s at UCI
#: HAR's stride. People in HAPT did each for 15 s and more.
DEFAULT_STAY = 0.95
#: No network is surer than this of what it rules out; keeps one window from deciding all others.
_FLOOR = 1e-6


@dataclass(frozen=True)
class Smoothing:
    """The numbers of the hidden Markov model.

    Attributes
    ----------
    stay : by class, probability that an activity goes on from one window to the next
    prior : by class, share of it among the windows that the network learnt from
    """

    stay: tuple[float, ...]
    prior: tuple[float, ...]

    @classmethod
    def default(cls, n_classes: int) -> Smoothing:
        """`DEFAULT_STAY` for each class, and all equally common."""
        return cls((DEFAULT_STAY,) * n_classes, (1 / n_classes,) * n_classes)

    def at_hops(self, share: float) -> Smoothing:
        """For windows that follow one another after a share of the time: activities last as long.

        Parameters
        ----------
        share : of the stride that the numbers are for
        """
        return Smoothing(tuple(stay**share for stay in self.stay), self.prior)


def scaled_likelihood(
    probability: NDArray[np.floating], prior: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Posterior divided by prior, (n_windows, n_classes)."""
    scaled: NDArray[np.float64] = np.maximum(probability.astype(np.float64), _FLOOR) / prior
    return scaled


def transitions(smoothing: Smoothing) -> NDArray[np.float64]:
    """Transition probabilities, (n_classes, n_classes), from row to column."""
    stay = np.array(smoothing.stay)
    chances = np.repeat(leave(stay)[:, None], len(stay), axis=1)
    np.fill_diagonal(chances, stay)
    return chances


def leave(stay: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probability of changing to one certain other class; (..., n_classes)."""
    shared: NDArray[np.float64] = (1 - stay) / max(1, stay.shape[-1] - 1)
    return shared


def go_on(
    belief: NDArray[np.float64], stay: NDArray[np.float64], leave: NDArray[np.float64]
) -> NDArray[np.float64]:
    """One transition: probabilities of the classes in the next window; (..., n_classes)."""
    arriving: NDArray[np.float64] = (belief * leave).sum(axis=-1, keepdims=True)
    return arriving + belief * (stay - leave)
