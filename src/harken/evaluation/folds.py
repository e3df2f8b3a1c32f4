"""Cross-validation by subject: every person is judged once, by a network that never saw them.

Subject-wise k-fold and leave-one-subject-out (LOSO), the protocols by which studies of activity
recognition report figures for new people. The people of a prescribed split, training and test, are
pooled.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from harken.core.errors import InputError
from harken.evaluation.splits import INNER_KFOLD, LEAKS, Split, for_selection, leaky_random
from harken.signal.windows import Windows, natural_order

SUBJECT_KFOLD = "subject-kfold"
LOSO = "loso"


@dataclass(frozen=True, eq=False)
class Folds:
    """The splits of a cross-validation; each is made when it is asked for.

    Attributes
    ----------
    windows : of everybody, all of them labelled
    people : who is judged in each fold
    protocol : `SUBJECT_KFOLD`, `LOSO` or `splits.INNER_KFOLD`

    Raises
    ------
    InputError
        In some fold, an activity would be judged that nobody to learn from did.
    """

    windows: Windows
    people: tuple[tuple[str, ...], ...]
    protocol: str

    def __post_init__(self) -> None:
        for number, people in enumerate(self.people, start=1):
            others = set(self.windows.subjects) - set(people)
            if missing := self._never_done_by(others):
                raise InputError(
                    f"In fold {number} of {len(self)} nobody to learn from did "
                    f"{', '.join(missing)}: only the people to judge on did, "
                    f"{', '.join(people)}. Take another number of folds, or record more people "
                    "doing it."
                )

    def __len__(self) -> int:
        return len(self.people)

    def __iter__(self) -> Iterator[Split]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> Split:
        people = self.people[index]
        notes = [f"fold {range(len(self))[index] + 1} of {len(self)}"]
        if missing := self._never_done_by(people):
            notes.append(f"nobody to judge on in this fold did {', '.join(missing)}")
        windows = dataclasses.replace(self.windows, notes=(*self.windows.notes, *notes))
        judged = np.isin(windows.subject, people)
        return Split(windows.select(~judged), windows.select(judged), protocol=self.protocol)

    def _never_done_by(self, people: set[str] | tuple[str, ...]) -> list[str]:
        """Activities that somebody did, but none of these people."""
        own = np.isin(self.windows.subject, list(people))
        missing = np.setdiff1d(self.windows.y, self.windows.y[own])
        return [self.windows.labels[code] for code in missing]


def subject_folds(windows: Windows, n_folds: int, *, seed: int = 0) -> Folds:
    """Subject-wise k-fold: people drawn at random into folds that differ by one person at most.

    Parameters
    ----------
    windows : labelled windows of at least `n_folds` people
    seed : decides who is judged together

    Raises
    ------
    InputError
        Fewer than 2 folds, fewer people than folds, an activity that only one fold's people did.
    """
    subjects = _several_subjects(windows)
    if n_folds < 2:
        raise InputError(f"A cross-validation needs at least 2 folds; {n_folds} was asked for.")
    if len(subjects) < n_folds:
        raise InputError(
            f"{n_folds} folds need at least {n_folds} people; there are {len(subjects)}. "
            f"Take --folds {len(subjects)} or fewer."
        )
    drawn = np.random.default_rng(seed).permutation(list(subjects))
    people = tuple(natural_order(part) for part in np.array_split(drawn, n_folds))
    return Folds(windows, people, SUBJECT_KFOLD)


def leave_one_subject_out(windows: Windows) -> Folds:
    """LOSO: each person alone is judged by what was learnt from all others.

    Raises
    ------
    InputError
        Fewer than 2 people, an activity that only one person did.
    """
    subjects = _several_subjects(windows)
    return Folds(windows, tuple((subject,) for subject in subjects), LOSO)


def inner_folds(windows: Windows, n_folds: int) -> Folds:
    """Subject-wise k-fold of the training subjects alone, to choose settings on.

    They are the inner folds of a nested cross-validation, whose outer split is the dataset's: its
    test subjects stand on neither side.

    Raises
    ------
    InputError
        As `subject_folds`.
    """
    folds = subject_folds(for_selection(windows), n_folds)
    return dataclasses.replace(folds, protocol=INNER_KFOLD)


@dataclass(frozen=True)
class Fold:
    """Which fold of which cross-validation: with the windows, enough to make it again.

    Attributes
    ----------
    protocol : `SUBJECT_KFOLD`, `LOSO`, `splits.INNER_KFOLD`, or `splits.LEAKS` for the random split
        of the leak meter
    number : from 1
    n_folds : how many there are; with `LOSO`, as many as people
    """

    protocol: str
    number: int
    n_folds: int

    def split(self, windows: Windows, *, seed: int) -> Split:
        """The windows to learn from and to judge on in this fold.

        Parameters
        ----------
        windows : of everybody
        seed : of the leak meter's random split; who is judged together is the same for every seed,
            so that seeds and networks are compared on the same people

        Raises
        ------
        InputError
            There is no such fold of these windows.
        """
        if self.protocol == LEAKS:
            return leaky_random(windows, fraction=1 / self.n_folds, seed=seed)
        folds = all_folds(windows, self.protocol, self.n_folds)
        if len(folds) != self.n_folds or not 1 <= self.number <= self.n_folds:
            raise InputError(
                f"There is no fold {self.number} of {self.n_folds}: these windows make "
                f"{len(folds)} folds by the protocol {self.protocol}."
            )
        return folds[self.number - 1]


def all_folds(windows: Windows, protocol: str, n_folds: int) -> Folds:
    """The folds of a protocol by its name; LOSO has its own number of folds."""
    if protocol == LOSO:
        return leave_one_subject_out(windows)
    if protocol == SUBJECT_KFOLD:
        return subject_folds(windows, n_folds)
    if protocol == INNER_KFOLD:
        return inner_folds(windows, n_folds)
    raise InputError(f"{protocol!r} is no protocol of a cross-validation.")


def _several_subjects(windows: Windows) -> tuple[str, ...]:
    subjects = windows.subjects
    if len(subjects) < 2:
        raise InputError(
            f"A cross-validation by subject needs at least 2 people; there is {len(subjects)}. "
            "Record more people: of one alone nobody can say how it goes for others."
        )
    return subjects
