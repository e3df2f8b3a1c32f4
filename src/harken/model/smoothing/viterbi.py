"""The likeliest path through a chain (Viterbi 1967), in the light of the windows on both sides."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from harken.model.smoothing.model import Smoothing, scaled_likelihood, transitions


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
    into = np.ascontiguousarray(transition.T)
    came_from = np.empty(emission.shape, np.int64)
    score = prior + emission[0]
    for now, best in zip(emission[1:], came_from[1:], strict=True):
        arriving = score + into
        arriving.argmax(axis=1, out=best)
        score = arriving.max(axis=1) + now
    path = [int(score.argmax())]
    for best in came_from[:0:-1]:
        path.append(int(best[path[-1]]))
    return np.array(path[::-1])
