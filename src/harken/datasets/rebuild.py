"""Make the official UCI HAR windows from the raw HAPT recordings, and compare.

This is the proof that Harken's signal path is the one that its models were trained on.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from harken.core.recording import Recording
from harken.signal.filters import CHANNELS
from harken.signal.path import filter_recording
from harken.signal.windows import Windows


def rebuild(recordings: list[Recording], official: Windows) -> dict[str, Any]:
    """Filter the recordings, cut them where the official windows begin, compare.

    Parameters
    ----------
    recordings : the raw recordings of HAPT
    official : the windows of UCI HAR, each with its recording and start

    Returns
    -------
    dict
        `n_windows`, and `max_abs_error` by channel, in g and rad/s.
    """
    rebuilt = _rebuilt_windows(recordings, official)
    error = np.abs(rebuilt - official.x).max(axis=(0, 1))
    return {
        "n_windows": len(rebuilt),
        "max_abs_error": {name: float(e) for name, e in zip(CHANNELS, error, strict=True)},
    }


def _rebuilt_windows(recordings: list[Recording], official: Windows) -> NDArray[np.float32]:
    x = np.full_like(official.x, np.nan)
    for recording in recordings:
        rows = np.flatnonzero(official.recording == recording.source)
        starts = np.rint(official.start_s[rows] * official.rate_hz).astype(np.int64)
        (filtered,) = filter_recording(recording, start="zero").segments
        # Where the publisher began each window, which no cutter knows.
        views = sliding_window_view(filtered.samples, official.n_steps, axis=0)
        x[rows] = views[starts].transpose(0, 2, 1)
    return x
