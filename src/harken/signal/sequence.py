"""Windows as a sequence: their order in time, and which of them touch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harken.signal.windows import Windows


def time_order(windows: Windows) -> NDArray[np.int64]:
    """Indices that sort windows by recording, then by start; (n_windows,)."""
    return np.lexsort((windows.start_s, windows.recording))


def touches(windows: Windows, order: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each window overlaps the next one or ends where that begins; (n_windows - 1,)."""
    recording, start_s = windows.recording[order], windows.start_s[order]
    end_s = start_s + windows.n_steps / windows.rate_hz
    # Half a sample of grace: times that are equal on paper differ in their last bits.
    close = start_s[1:] <= end_s[:-1] + 0.5 / windows.rate_hz
    together: NDArray[np.bool_] = (recording[1:] == recording[:-1]) & close
    return together


def chain_starts(windows: Windows, order: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which windows know nothing of those before them; (n_windows,).

    The first of a recording and the first after a gap; in the warm-up each window, and the first
    after it, since what a model says there should not be carried on.
    """
    starts = np.ones(len(order), bool)
    warm_up = windows.warm_up[order]
    starts[1:] = ~touches(windows, order) | warm_up[1:] | warm_up[:-1]
    return starts
