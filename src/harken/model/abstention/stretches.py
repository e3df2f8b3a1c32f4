"""Where no activity is claimed: stretches in which most windows are unsure.

One unsure window among sure ones is no reason to break off, and one that happens to look usual
makes no activity out of noise.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Windows before and after each that are asked with it, by the way of smoothing.
_REACH = {"viterbi": (2, 2), "causal": (3, 1), "none": (0, 0)}


def not_sure(
    unsure: NDArray[np.bool_],
    answer: NDArray[np.int64],
    starts: NDArray[np.bool_],
    way: str,
) -> NDArray[np.bool_]:
    """For which windows no activity is claimed, (n_windows,).

    Those around which more than half are unsure; then what is left of one activity between such
    stretches, if more than half of it is unsure.

    Parameters
    ----------
    unsure, answer : (n_windows,) in order of time
    starts : (n_windows,) which windows begin a chain; none before it is asked
    way : of smoothing: "viterbi" asks both sides, "causal" only one window ahead, "none" nobody
    """
    behind, ahead = _REACH[way]
    place, chain = np.arange(len(unsure)), np.cumsum(starts)
    first = np.maximum(place - behind, np.searchsorted(chain, chain))
    end = np.minimum(place + ahead + 1, np.searchsorted(chain, chain, side="right"))
    around = _mostly(unsure, first, end)
    changed = (answer[1:] != answer[:-1]) | (around[1:] != around[:-1])
    bout = np.cumsum(starts | np.concatenate([[True], changed]))
    own = _mostly(unsure, np.searchsorted(bout, bout), np.searchsorted(bout, bout, side="right"))
    return around | own


def _mostly(
    unsure: NDArray[np.bool_], first: NDArray[np.int64], end: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Whether more than half are unsure from `first` up to `end`."""
    before = np.concatenate([[0], np.cumsum(unsure)])
    mostly: NDArray[np.bool_] = 2 * (before[end] - before[first]) > end - first
    return mostly
