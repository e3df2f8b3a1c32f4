"""From windows to bouts: stretches of one activity."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harken.signal.sequence import time_order, touches
from harken.signal.windows import Windows

#: Stands where the filters had not settled, so that no activity is claimed.
WARM_UP = "(warm-up)"
#: Stands where the model is not sure of most windows, so that none is claimed either.
NOT_SURE = "(not sure)"
_WARM_UP_CODE, _NOT_SURE_CODE = -1, -2


@dataclass(frozen=True)
class Bout:
    """A stretch of one activity.

    Attributes
    ----------
    recording : which one
    start_s, end_s : seconds in the recording
    start_utc, end_utc : the same as time of day; None where the recording does not know it
    activity : a label, `NOT_SURE` or `WARM_UP`
    confidence : mean probability of that label over its windows; None where none is claimed
    n_windows : windows in it
    best_guess : the label; where the model is not sure, the one that it would say in most windows;
        None in the warm-up
    unsure : share of its windows of which the model is not sure
    """

    recording: str
    start_s: float
    end_s: float
    start_utc: datetime | None
    end_utc: datetime | None
    activity: str
    confidence: float | None
    n_windows: int
    best_guess: str | None = None
    unsure: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Plain values; times of day in ISO 8601, to the millisecond."""
        times = {name: _iso(getattr(self, name)) for name in ("start_utc", "end_utc")}
        return asdict(self) | times


def _iso(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat(timespec="milliseconds")


def bouts_of(
    windows: Windows,
    probability: NDArray[np.float32],
    answer: NDArray[np.int64],
    *,
    unsure: NDArray[np.bool_] | None = None,
    withheld: NDArray[np.bool_] | None = None,
    start_utc: datetime | None = None,
) -> list[Bout]:
    """Join neighbouring windows of one activity, in order of recording and time.

    Between two windows that overlap, the boundary lies midway between their centres. A gap between
    windows ends a bout.

    Parameters
    ----------
    windows : in any order
    probability : (n_windows, n_classes)
    answer : (n_windows,) the class that is taken for each, by itself or smoothed
    unsure : (n_windows,) of which windows the model is not sure; None, of none
    withheld : (n_windows,) for which no activity is to be claimed, see `abstention.stretches`; they
        are joined whatever the answers; None, for none
    start_utc : time of day of second 0 of the recording
    """
    if not len(windows):
        return []
    none = np.zeros(len(windows), bool)
    unsure = none if unsure is None else unsure
    withheld = none if withheld is None else withheld
    code = np.where(withheld, _NOT_SURE_CODE, answer)
    code = np.where(windows.warm_up, _WARM_UP_CODE, code)
    return list(_join(windows, probability, answer, code, unsure, start_utc))


def _join(
    windows: Windows,
    probability: NDArray[np.float32],
    answer: NDArray[np.int64],
    code: NDArray[np.int64],
    unsure: NDArray[np.bool_],
    start_utc: datetime | None,
) -> Iterator[Bout]:
    order = time_order(windows)
    together = touches(windows, order)
    code = code[order]
    start_s = windows.start_s[order]
    end_s = start_s + windows.n_steps / windows.rate_hz
    middle_s = (end_s[:-1] + start_s[1:]) / 2
    # Where each window's part begins and ends, if its neighbours are of another activity.
    begins_s = np.r_[start_s[0], np.where(together, middle_s, start_s[1:])]
    ends_s = np.r_[np.where(together, middle_s, end_s[:-1]), end_s[-1]]
    firsts = np.flatnonzero(np.r_[True, ~(together & (code[1:] == code[:-1]))])
    lasts = np.r_[firsts[1:] - 1, len(code) - 1]
    for first, last in zip(firsts, lasts, strict=True):
        inside = order[first : last + 1]
        from_s, to_s = float(begins_s[first]), float(ends_s[last])
        yield Bout(
            recording=str(windows.recording[order[first]]),
            start_s=from_s,
            end_s=to_s,
            start_utc=start_utc and start_utc + timedelta(seconds=from_s),
            end_utc=start_utc and start_utc + timedelta(seconds=to_s),
            n_windows=len(inside),
            **_claim(int(code[first]), windows.labels, probability[inside], answer[inside]),
            unsure=0.0 if code[first] == _WARM_UP_CODE else float(unsure[inside].mean()),
        )


def _claim(
    code: int,
    labels: tuple[str, ...],
    probability: NDArray[np.float32],
    answer: NDArray[np.int64],
) -> dict[str, Any]:
    """What a bout of these windows says, and how surely."""
    if code == _WARM_UP_CODE:
        return {"activity": WARM_UP, "confidence": None, "best_guess": None}
    if code == _NOT_SURE_CODE:
        guess = labels[np.bincount(answer).argmax()]
        return {"activity": NOT_SURE, "confidence": None, "best_guess": guess}
    confidence = float(probability[:, code].mean())
    return {"activity": labels[code], "confidence": confidence, "best_guess": labels[code]}
