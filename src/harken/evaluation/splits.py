"""Splits into windows to learn from and windows to judge on.

A person never stands on both sides, but where there is only one, or a published protocol wants it
so: then the protocol is `within-subject`, no window overlaps one of the other side, and every
figure carries the word. To show what a careless split would claim, there is `leaky_random`, whose
figures carry that word.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harken.core.errors import InputError, LeakageError
from harken.signal.windows import Windows, refuse_shared_subjects

WITHIN_SUBJECT = "within-subject"
#: Windows of one person on both sides. Nothing but the leak meter takes it.
LEAKS = "random (leaks)"
#: Training subjects are held out to choose a recipe on them.
INNER_KFOLD = "inner-kfold"
#: What every figure and picture carries whose protocol says nothing about new people.
CAUTION = {
    WITHIN_SUBJECT: "within-subject",
    LEAKS: "random split (leaks): do not quote",
    INNER_KFOLD: "inner fold of training subjects: the recipe is chosen on them",
}
#: Seconds between a window to learn from and one to judge on, in a within-subject split. Windows
#: that touch look alike; three windows of UCI HAR further, a person has moved on.
GAP_S = 7.5


@dataclass(frozen=True, eq=False)
class Split:
    """Windows to learn from and windows to judge on.

    Raises
    ------
    LeakageError
        A subject stands on both sides; within one subject, two windows overlap. Only the protocol
        `LEAKS`, which says so itself, allows that.
    """

    train: Windows
    test: Windows
    protocol: str

    def __post_init__(self) -> None:
        if self.protocol == WITHIN_SUBJECT:
            _refuse_overlap(self.train, self.test)
        elif self.protocol != LEAKS:
            refuse_shared_subjects(self.train, self.test, ("training", "test"))


def for_training(windows: Windows, *, seed: int) -> Split:
    """The split that a training is judged on.

    The one that the dataset prescribes; else a fifth of the people, drawn at random; else, with one
    person only, the last fifth of each activity in each recording.
    """
    if (windows.split != "").any():
        return official(windows)
    return hold_out(windows, fraction=0.2, seed=seed)


def for_selection(windows: Windows) -> Windows:
    """The windows that settings may be chosen on.

    Those of the training subjects where the dataset prescribes a split, else all.
    """
    return windows.of_split("train") if (windows.split != "").any() else windows


def official(windows: Windows) -> Split:
    """The split that the dataset prescribes."""
    train, test = windows.of_split("train"), windows.of_split("test")
    if not len(train) or not len(test):
        raise InputError(
            f"{windows.dataset or 'This dataset'} prescribes no split into training and test "
            "subjects."
        )
    return Split(train, test, protocol=windows.protocol)


def hold_out(windows: Windows, *, fraction: float, seed: int) -> Split:
    """Hold out a share of the people, drawn at random; of one person, a share of the time.

    Parameters
    ----------
    fraction : share to hold out; at least one person is
    seed : decides who
    """
    subjects = windows.subjects
    if len(subjects) < 2:
        return within_subject(windows, fraction=fraction)
    n_out = min(len(subjects) - 1, max(1, round(fraction * len(subjects))))
    out = np.random.default_rng(seed).permutation(list(subjects))[:n_out]
    held = np.isin(windows.subject, out)
    return Split(windows.select(~held), windows.select(held), protocol="subject-holdout")


def within_subject(windows: Windows, *, fraction: float, gap_s: float = GAP_S) -> Split:
    """Hold out the last share of each activity in each recording, with a gap before and after it.

    Raises
    ------
    InputError
        Too little is there to leave anything on both sides.
    """
    held = np.zeros(len(windows), dtype=bool)
    for recording in np.unique(windows.recording):
        for label in np.unique(windows.y[windows.recording == recording]):
            own = np.flatnonzero((windows.recording == recording) & (windows.y == label))
            in_time = own[np.argsort(windows.start_s[own], kind="stable")]
            held[in_time[len(in_time) - round(fraction * len(in_time)) :]] = True
    near = ~held & (_seconds_to_nearest(windows, held) < gap_s)
    if not held.any() or not (~held & ~near).any():
        raise InputError(
            f"{len(windows)} windows of one person are too few to hold some out with a gap of "
            f"{gap_s:g} s between. Record longer stretches, or more people."
        )
    return Split(windows.select(~held & ~near), windows.select(held), protocol=WITHIN_SUBJECT)


def leaky_random(windows: Windows, *, fraction: float, seed: int) -> Split:
    """Hold out a share of the windows at random, whoever they are of: a mistake, to be measured.

    Windows overlap by half and one person's look alike, so that the test windows are all but known.
    The protocol of this split is `LEAKS`; its figures are shown to warn.

    Raises
    ------
    InputError
        Fewer than 2 windows.
    """
    n_out = max(1, round(fraction * len(windows)))
    if n_out >= len(windows):
        raise InputError(f"{len(windows)} windows are too few to hold some out.")
    held = np.zeros(len(windows), dtype=bool)
    held[np.random.default_rng(seed).permutation(len(windows))[:n_out]] = True
    return Split(windows.select(~held), windows.select(held), protocol=LEAKS)


def _seconds_to_nearest(windows: Windows, held: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Seconds between each window and the nearest held-out one of its recording."""
    distance_s = np.full(len(windows), np.inf)
    for recording in np.unique(windows.recording):
        own = windows.recording == recording
        starts = windows.start_s[own & held]
        distance_s[own] = _to_nearest(windows.start_s[own], starts)
    return distance_s - windows.n_steps / windows.rate_hz


def _refuse_overlap(train: Windows, test: Windows) -> None:
    for recording in np.intersect1d(train.recording, test.recording):
        starts = train.start_s[train.recording == recording]
        apart_s = _to_nearest(starts, test.start_s[test.recording == recording])
        nearest = int(apart_s.argmin())
        if apart_s[nearest] < (train.n_steps - 0.5) / train.rate_hz:
            raise LeakageError(
                f"In {recording}, the window at {starts[nearest]:g} s to learn from overlaps one "
                "to judge on. Leave a gap between them."
            )


def _to_nearest(values: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far each value is from the nearest of the others; infinity where there are none."""
    if not len(others):
        return np.full(len(values), np.inf)
    others = np.sort(others)
    after = np.searchsorted(others, values)
    ahead = np.abs(others[np.minimum(after, len(others) - 1)] - values)
    behind = np.abs(others[np.maximum(after - 1, 0)] - values)
    return np.minimum(ahead, behind)
