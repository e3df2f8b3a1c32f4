"""The likeliest path through a chain (Viterbi 1967), in the light of the windows on both sides."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from harken.smoothing.model import Smoothing, scaled_likelihood, transitions


def viterbi(
    probability: NDArray[np.float32], starts: NDArray[np.bool_], smoothing: Smoothing
) -> NDArray[np.int64]:
    """The likeliest path through each chain: the class of each window, (n_windows,)."""
    prior = np.array(smoothing.prior)
    emission = np.log(scaled_likelihood(probability, prior))
    transition = np.log(transitions(smoothing))
    path = np.empty(len(probability), np.int64)
    for first, end in pairwise([*np.flatnonzero(starts), len(probability)]):
        path[first:end] = best_path(emission[first:end], transition, np.log(prior))
    return path


def best_path(
    emission: NDArray[np.float64], transition: NDArray[np.float64], prior: NDArray[np.float64]
) -> NDArray[np.int64]:
    """The likeliest path through one chain, (n_windows,).

    All are logarithms: emission (n_windows, n_classes), transition (n_classes, n_classes) from row
    to column, prior (n_classes,).
    """
    classes = np.arange(len(prior))
    came_from = np.empty(emission.shape, np.int64)
    score = prior + emission[0]
    for t in range(1, len(emission)):
        arriving = score[:, None] + transition
        came_from[t] = arriving.argmax(axis=0)
        score = arriving[came_from[t], classes] + emission[t]
    path = np.empty(len(emission), np.int64)
    path[-1] = score.argmax()
    for t in range(len(emission) - 1, 0, -1):
        path[t - 1] = came_from[t, path[t]]
    return path
