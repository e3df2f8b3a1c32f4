"""What a recording comes to: minutes of each activity, changes, steps a minute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from harken.bouts import WARM_UP, Bout
from harken.cadence import steps_per_minute
from harken.recording import Recording

#: Labels of walking on the level, in small letters.
_WALKING = ("walking", "walk")


@dataclass(frozen=True)
class Summary:
    """Totals over the bouts of one file.

    Attributes
    ----------
    minutes : of each activity that there was, and of the warm-up, in which none is claimed
    n_transitions : changes from one activity to another, without a gap between them
    steps_per_minute : median while walking; None where nobody walks, or where there are only
        windows, not the recording
    """

    minutes: dict[str, float]
    n_transitions: int
    steps_per_minute: float | None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def summarise(bouts: Sequence[Bout], labels: Sequence[str], recording: Recording | None) -> Summary:
    """Sum up bouts, in order of recording and time.

    Parameters
    ----------
    labels : in the order in which `minutes` should have them
    recording : what the bouts are of, if it is at hand
    """
    minutes: dict[str, float] = {}
    for label in (*labels, WARM_UP):
        lengths_s = [bout.end_s - bout.start_s for bout in bouts if bout.activity == label]
        if lengths_s:
            minutes[label] = sum(lengths_s) / 60
    walks_s = [(b.start_s, b.end_s) for b in bouts if b.activity.lower() in _WALKING]
    return Summary(
        minutes=minutes,
        n_transitions=sum(_is_transition(*pair) for pair in pairwise(bouts)),
        steps_per_minute=None if recording is None else steps_per_minute(recording.acc, walks_s),
    )


def _is_transition(before: Bout, after: Bout) -> bool:
    together = before.recording == after.recording and before.end_s == after.start_s
    return together and WARM_UP not in (before.activity, after.activity)
