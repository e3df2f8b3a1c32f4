"""In a cross-validation every window is judged once, by what its person taught nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harken.core.errors import InputError, LeakageError
from harken.evaluation.folds import Fold, Folds, leave_one_subject_out, subject_folds
from harken.evaluation.splits import LEAKS, Split, leaky_random
from harken.signal.windows import Windows, WindowSpec, concatenate


def people(counts: list[int], seed: int = 0) -> Windows:
    """As many windows of person 0, 1, ... as given; everybody does both activities, some are test.

    `x` numbers the windows, so that each can be known again.
    """
    n = sum(counts)
    rng = np.random.default_rng(seed)
    subject = np.repeat([str(i) for i in range(len(counts))], counts)
    within = np.concatenate([np.arange(count) for count in counts])
    order = rng.permutation(n)
    return Windows(
        x=np.arange(n, dtype=np.float32).reshape(n, 1, 1),
        y=(within % 2)[order],
        subject=subject[order],
        recording=subject[order],
        start_s=np.arange(n, dtype=float),
        split=rng.choice(["train", "test"], n),
        warm_up=np.zeros(n, bool),
        spec=WindowSpec(1, 1, 50.0),
        channels=("a",),
        labels=("SITTING", "WALKING"),
    )


crowds = st.lists(st.integers(2, 9), min_size=2, max_size=12)


def check(folds: Folds, windows: Windows) -> None:
    for split in folds:
        assert not set(split.train.subjects) & set(split.test.subjects)
        assert len(split.train) + len(split.test) == len(windows)
    judged = concatenate([split.test for split in folds])
    assert sorted(judged.x.ravel()) == sorted(windows.x.ravel())


@settings(max_examples=40, deadline=None)
@given(counts=crowds, seed=st.integers(0, 50), data=st.data())
def test_k_folds_judge_every_window_once_and_share_nobody(
    counts: list[int], seed: int, data: st.DataObject
) -> None:
    windows = people(counts, seed)
    n_folds = data.draw(st.integers(2, len(counts)))
    folds = subject_folds(windows, n_folds, seed=seed)
    assert folds.protocol == "subject-kfold"
    assert len(folds) == n_folds
    check(folds, windows)
    sizes = [len(people) for people in folds.people]
    assert max(sizes) - min(sizes) <= 1
    assert folds.people == subject_folds(windows, n_folds, seed=seed).people


@settings(max_examples=20, deadline=None)
@given(counts=crowds)
def test_loso_judges_each_person_alone(counts: list[int]) -> None:
    windows = people(counts)
    folds = leave_one_subject_out(windows)
    assert [split.test.subjects for split in folds] == [(name,) for name in windows.subjects]
    assert {split.protocol for split in folds} == {"loso"}
    check(folds, windows)


def test_the_seed_decides_who_is_judged_together() -> None:
    windows = people([2] * 10)
    assert subject_folds(windows, 5, seed=0).people != subject_folds(windows, 5, seed=1).people


def test_a_fold_is_made_again_from_its_name_whatever_the_seed_of_its_training() -> None:
    windows = people([3] * 6)
    whole = subject_folds(windows, 3)[1]
    again = Fold("subject-kfold", 2, 3).split(windows, seed=7)
    assert again.test.x.tolist() == whole.test.x.tolist()
    assert "fold 2 of 3" in again.train.notes
    assert Fold("loso", 6, 6).split(windows, seed=0).test.subjects == ("5",)


@pytest.mark.parametrize(
    ("fold", "message"),
    [
        (Fold("subject-kfold", 4, 3), "There is no fold 4 of 3"),
        (Fold("loso", 1, 5), "make 6 folds by the protocol loso"),
        (Fold("kfold", 1, 3), "'kfold' is no protocol"),
        (Fold("subject-kfold", 1, 1), "at least 2 folds"),
        (Fold("subject-kfold", 1, 7), "7 folds need at least 7 people; there are 6"),
    ],
)
def test_folds_that_are_not_there(fold: Fold, message: str) -> None:
    with pytest.raises(InputError, match=message):
        fold.split(people([2] * 6), seed=0)


def test_one_person_alone_cannot_be_cross_validated() -> None:
    for protocol in ("subject-kfold", "loso"):
        with pytest.raises(InputError, match="at least 2 people; there is 1"):
            Fold(protocol, 1, 2).split(people([5]), seed=0)


def test_an_activity_that_only_one_person_did_cannot_be_judged() -> None:
    windows = people([3, 3, 3])
    windows.y[windows.subject != "2"] = 0
    with pytest.raises(InputError, match=r"In fold 3 of 3 nobody to learn from did WALKING.+ 2\."):
        leave_one_subject_out(windows)


def test_an_activity_that_nobody_to_judge_on_did_is_told() -> None:
    windows = people([3, 3, 3])
    windows.y[windows.subject == "1"] = 0
    notes = [split.test.notes for split in leave_one_subject_out(windows)]
    assert [len(n) for n in notes] == [1, 2, 1]
    assert notes[1][1] == "nobody to judge on in this fold did WALKING"


def test_only_the_split_that_is_called_leaky_may_leak() -> None:
    windows = people([10] * 4)
    half = np.arange(len(windows)) % 2 == 0
    for protocol in ("official", "subject-kfold", "loso", "random"):
        with pytest.raises(LeakageError, match="would stand in both the training and the test"):
            Split(windows.select(half), windows.select(~half), protocol=protocol)
    split = leaky_random(windows, fraction=0.25, seed=0)
    assert split.protocol == LEAKS == "random (leaks)"
    assert len(split.test) == 10
    assert set(split.train.subjects) == set(split.test.subjects)
