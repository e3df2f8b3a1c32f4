"""What a recording comes to: minutes of each activity, changes, steps a minute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from harken.inference.bouts import NOT_SURE, WARM_UP, Bout
from harken.orientation.cadence import steps_per_minute
from harken.orientation.gait import Stretches

#: Labels of walking on the level, in small letters.
_WALKING = ("walking", "walk")


@dataclass(frozen=True)
class Summary:
    """Totals over the bouts of one file.

    Attributes
    ----------
    minutes : of each activity that there was, and of what is claimed to be none: where the model is
        not sure, and the warm-up
    n_transitions : changes from one activity to another, without a gap between them; a stretch in
        which the model is not sure may lie between
    steps_per_minute : median while walking; None where nobody walks, or where there are only
        windows, not the recording
    """

    minutes: dict[str, float]
    n_transitions: int
    steps_per_minute: float | None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def summarise(bouts: Sequence[Bout], labels: Sequence[str], found: Stretches | None) -> Summary:
    """Sum up bouts, in order of recording and time.

    Parameters
    ----------
    labels : in the order in which `minutes` should have them
    found : the recording that the bouts are of in stretches, if it is at hand
    """
    minutes: dict[str, float] = {}
    for label in (*labels, NOT_SURE, WARM_UP):
        lengths_s = [bout.end_s - bout.start_s for bout in bouts if bout.activity == label]
        if lengths_s:
            minutes[label] = sum(lengths_s) / 60
    walks_s = [(b.start_s, b.end_s) for b in bouts if b.activity.lower() in _WALKING]
    return Summary(
        minutes=minutes,
        n_transitions=_n_transitions(bouts),
        steps_per_minute=None if found is None else steps_per_minute(found, walks_s),
    )


def _n_transitions(bouts: Sequence[Bout]) -> int:
    n = 0
    activity = None  # the last that was claimed, without a gap since
    for before, bout in zip([None, *bouts], bouts, strict=False):
        if before and (before.recording, before.end_s) != (bout.recording, bout.start_s):
            activity = None
        if bout.activity == NOT_SURE:
            continue
        claimed = None if bout.activity == WARM_UP else bout.activity
        n += None not in (activity, claimed) and activity != claimed
        activity = claimed
    return n
