"""Smoothing the answers of neighbouring windows with a hidden Markov model.

The states are the activities. A state goes on from one window to the next with a probability of
its own, and otherwise changes to any other with equal chance. What a state emits is a window; its
likelihood, up to a factor that all states share, is the network's posterior divided by the prior
of the class (hybrid networks and Markov models: Bourlard, Morgan, "Connectionist Speech
Recognition", 1994). A chain begins with the prior, so a window alone keeps its posterior.

Probabilities are (n_windows, n_classes), in order of time, and `starts` says which windows begin a
chain anew, see `harken.signal.sequence.chain_starts`.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from harken.core.errors import UnknownNameError
from harken.model.smoothing.causal import CausalSmoother
from harken.model.smoothing.model import Smoothing
from harken.model.smoothing.viterbi import viterbi

__all__ = ["WAYS", "CausalSmoother", "Smoothing", "Way", "known_way", "smooth", "viterbi"]

Way = Literal["none", "causal", "viterbi"]
WAYS: tuple[Way, ...] = ("none", "causal", "viterbi")


def known_way(name: str) -> Way:
    """One of `WAYS`.

    Raises
    ------
    UnknownNameError
        It is none.
    """
    for way in WAYS:
        if name == way:
            return way
    raise UnknownNameError("way to smooth", name, WAYS)


def smooth(
    probability: NDArray[np.float32],
    starts: NDArray[np.bool_],
    smoothing: Smoothing,
    way: str,
) -> NDArray[np.int64]:
    """The class of each window, (n_windows,).

    Parameters
    ----------
    way : "viterbi", the likeliest path; "causal", the likeliest class of each window given those
        before it and the next; "none", given itself alone

    Raises
    ------
    UnknownNameError
        No such way.
    """
    if known_way(way) == "viterbi":
        return viterbi(probability, starts, smoothing)
    posterior: NDArray[np.floating] = probability
    if way == "causal":
        smoother = CausalSmoother(smoothing)
        posterior = np.concatenate([smoother.push(probability, starts), smoother.flush()])
    return np.asarray(posterior.argmax(axis=1), np.int64)
