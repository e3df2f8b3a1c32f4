"""From windows to bouts: stretches of one activity."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harken.windows import Windows

#: Stands where the filters had not settled, so that no activity is claimed.
WARM_UP = "(warm-up)"


@dataclass(frozen=True)
class Bout:
    """A stretch of one activity.

    Attributes
    ----------
    recording : which one
    start_s, end_s : seconds in the recording
    activity : a label, or `WARM_UP`
    confidence : mean probability of that label over its windows; None in the warm-up
    n_windows : windows in it
    """

    recording: str
    start_s: float
    end_s: float
    activity: str
    confidence: float | None
    n_windows: int

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def bouts_of(windows: Windows, probability: NDArray[np.float32]) -> list[Bout]:
    """Join neighbouring windows of one activity.

    Between two windows that overlap, the boundary lies midway between their centres. A gap between
    windows ends a bout.

    Parameters
    ----------
    windows : in any order; sorted here by recording and start
    probability : (n_windows, n_classes)
    """
    order = np.lexsort((windows.start_s, windows.recording))
    return list(_join(windows.select(order), probability[order]))


def _join(windows: Windows, probability: NDArray[np.float32]) -> Iterator[Bout]:
    if not len(windows):
        return
    code = np.where(windows.warm_up, -1, probability.argmax(axis=1))
    end_s = windows.start_s + windows.n_steps / windows.rate_hz
    touches = (windows.recording[1:] == windows.recording[:-1]) & (
        windows.start_s[1:] <= end_s[:-1] + 0.5 / windows.rate_hz
    )
    middle_s = (end_s[:-1] + windows.start_s[1:]) / 2
    firsts = np.flatnonzero(np.r_[True, ~(touches & (code[1:] == code[:-1]))])
    lasts = np.r_[firsts[1:] - 1, len(code) - 1]
    for first, last in zip(firsts, lasts, strict=True):
        activity = code[first]
        joined_before = first > 0 and touches[first - 1]
        joined_after = last < len(code) - 1 and touches[last]
        yield Bout(
            recording=str(windows.recording[first]),
            start_s=float(middle_s[first - 1] if joined_before else windows.start_s[first]),
            end_s=float(middle_s[last] if joined_after else end_s[last]),
            activity=windows.labels[activity] if activity >= 0 else WARM_UP,
            confidence=(
                float(probability[first : last + 1, activity].mean()) if activity >= 0 else None
            ),
            n_windows=int(last - first + 1),
        )
