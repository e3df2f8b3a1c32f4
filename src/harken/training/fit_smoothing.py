"""Choosing how long activities last, on people whose activities are known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harken.model.smoothing.model import (
    DEFAULT_STAY,
    Smoothing,
    go_on,
    leave,
    scaled_likelihood,
)
from harken.signal.sequence import time_order
from harken.signal.windows import Windows

#: Mean lengths of an activity, in windows, among which is chosen. The upper end bounds what people
#: who act by a script in a laboratory can teach.
_LENGTHS = np.geomspace(1.25, 80, 13)
#: The labels of datasets leave out the moments of change. So that changes are seen at all, the two
#: sides of such a moment count as neighbours, up to so many seconds apart.
_MOST_UNLABELLED_S = 10.0
#: As if each class had lasted for the default's length this often besides: tames what few windows
#: of doubt would decide alone.
_DEFAULT_BOUTS = 1.0
_MOST_SWEEPS = 3


def fit_smoothing(
    windows: Windows, probability: NDArray[np.float32], learnt: NDArray[np.int64]
) -> Smoothing:
    """The numbers of the hidden Markov model, from windows that the network has not learnt from.

    Parameters
    ----------
    windows : labelled ones of training subjects, in any order
    probability : (n_windows, n_classes), what the network says of them
    learnt : (n,) classes of the windows that it learnt from
    """
    n_classes = probability.shape[1]
    # One more of each, so that no class is held to be impossible.
    counts = np.bincount(learnt, minlength=n_classes) + 1.0
    prior = counts / counts.sum()
    order = time_order(windows)
    start_s, recording = windows.start_s[order], windows.recording[order]
    apart_s = np.diff(start_s) - windows.n_steps / windows.rate_hz
    starts = np.r_[True, (recording[1:] != recording[:-1]) | (apart_s > _MOST_UNLABELLED_S)]
    stay = fit_stay(probability[order], windows.y[order], starts, prior)
    return Smoothing(tuple(stay.tolist()), tuple(prior.tolist()))


def fit_stay(
    probability: NDArray[np.float32],
    y: NDArray[np.int64],
    starts: NDArray[np.bool_],
    prior: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Probability by class that an activity goes on, (n_classes,).

    Maximises the probability of the true path given all windows (the maximum mutual information
    criterion: Bahl, Brown, de Souza, Mercer, ICASSP 1986) times a prior, one class after the other
    from the best common value. Where the network is right anyway, it decides little; counting how
    often people changed in a laboratory would decide all.

    Parameters
    ----------
    probability : (n_windows, n_classes), in order of time
    y : (n_windows,) true classes
    starts : (n_windows,) which windows begin a chain
    prior : (n_classes,)
    """
    n_classes = len(prior)
    likelihood = scaled_likelihood(probability, prior)

    def best(candidates: NDArray[np.float64]) -> NDArray[np.float64]:
        evidence = _log_evidence(likelihood, starts, prior, candidates)
        score = _log_changes(y, starts, candidates) + _log_default(candidates) - evidence
        chosen: NDArray[np.float64] = candidates[score.argmax()]
        return chosen

    grid = 1 - 1 / _LENGTHS
    stay = best(np.repeat(grid[:, None], n_classes, axis=1))
    for _ in range(_MOST_SWEEPS):
        before = stay
        for k in range(n_classes):
            candidates = np.tile(stay, (len(grid), 1))
            candidates[:, k] = grid
            stay = best(candidates)
        if np.array_equal(stay, before):
            break
    return stay


def _log_changes(
    y: NDArray[np.int64], starts: NDArray[np.bool_], stay: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Log probability of the true path's transitions for each candidate, (n_candidates,)."""
    inside = ~starts[1:]
    same = inside & (y[1:] == y[:-1])
    n_classes = stay.shape[1]
    n_same = np.bincount(y[:-1][same], minlength=n_classes)
    n_changed = np.bincount(y[:-1][inside & ~same], minlength=n_classes)
    # With one class there is nothing to change to.
    leaving = np.maximum(leave(stay), np.finfo(float).tiny)
    total: NDArray[np.float64] = np.log(stay) @ n_same + np.log(leaving) @ n_changed
    return total


def _log_default(stay: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log prior of the candidates, a beta distribution by class, (n_candidates,)."""
    n_same = _DEFAULT_BOUTS * DEFAULT_STAY / (1 - DEFAULT_STAY)
    n_changed = _DEFAULT_BOUTS
    total: NDArray[np.float64] = (n_same * np.log(stay) + n_changed * np.log(1 - stay)).sum(axis=1)
    return total


def _log_evidence(
    likelihood: NDArray[np.float64],
    starts: NDArray[np.bool_],
    prior: NDArray[np.float64],
    stay: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Log probability of all windows for each candidate (forward algorithm), (n_candidates,)."""
    leaving = leave(stay)
    total = np.zeros(len(stay))
    belief = np.tile(prior, (len(stay), 1))
    for window, begins in zip(likelihood, starts, strict=True):
        expected = prior if begins else go_on(belief, stay, leaving)
        joint = expected * window
        size = joint.sum(axis=-1, keepdims=True)
        belief = joint / size
        total = total + np.log(size[..., 0])
    return total
