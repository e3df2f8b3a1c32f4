"""Splits by subject. A person never stands on both sides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harken.errors import InputError
from harken.windows import Windows, refuse_shared_subjects


@dataclass(frozen=True, eq=False)
class Split:
    """Windows to learn from and windows to judge on, of different people.

    Raises
    ------
    LeakageError
        A subject stands on both sides.
    """

    train: Windows
    test: Windows
    protocol: str

    def __post_init__(self) -> None:
        refuse_shared_subjects(self.train, self.test, ("training", "test"))


def official(windows: Windows) -> Split:
    """The split that the dataset prescribes."""
    train, test = windows.of_split("train"), windows.of_split("test")
    if not len(train) or not len(test):
        raise InputError(
            f"{windows.dataset or 'This dataset'} prescribes no split into training and test "
            "subjects."
        )
    return Split(train, test, protocol="official")


def hold_out(windows: Windows, *, fraction: float, seed: int) -> Split:
    """Draw a share of the people at random and hold them out, for validation.

    Parameters
    ----------
    fraction : share of the subjects to hold out; at least one is
    seed : decides who
    """
    subjects = windows.subjects
    if len(subjects) < 2:
        raise InputError(
            f"Validation needs at least 2 subjects to hold one out; there is {len(subjects)}."
        )
    n_out = min(len(subjects) - 1, max(1, round(fraction * len(subjects))))
    out = np.random.default_rng(seed).permutation(list(subjects))[:n_out]
    held = np.isin(windows.subject, out)
    return Split(windows.select(~held), windows.select(held), protocol="subject-holdout")
