"""People never cross a split; one person's time is split with a gap."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harken.core.errors import InputError, LeakageError
from harken.evaluation.splits import GAP_S, Split, for_training, hold_out, within_subject
from harken.signal.windows import Windows, WindowSpec


def windows(
    subject: list[str], y: list[int], start_s: list[float], recording: str = "r"
) -> Windows:
    n = len(y)
    return Windows(
        x=np.zeros((n, 128, 1), np.float32),
        y=np.array(y),
        subject=np.array(subject),
        recording=np.full(n, recording),
        start_s=np.array(start_s),
        split=np.full(n, ""),
        warm_up=np.zeros(n, bool),
        spec=WindowSpec(),
        channels=("a",),
    )


def one_person(seed: int, n: int = 400) -> Windows:
    """Bouts of three activities in turn, windows every 1.28 s."""
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(n // 20) % 3, 20)
    return windows(["7"] * n, y.tolist(), (1.28 * np.arange(n) + rng.uniform(0, 0.1)).tolist())


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 100), fraction=st.sampled_from([0.1, 0.2, 0.4]))
def test_within_one_person_the_sides_are_apart_in_time(seed: int, fraction: float) -> None:
    split = within_subject(one_person(seed), fraction=fraction)
    assert split.protocol == "within-subject"
    apart = np.abs(split.train.start_s[:, None] - split.test.start_s[None]).min() - 2.56
    assert apart >= GAP_S
    assert set(split.train.y) == set(split.test.y) == {0, 1, 2}


def test_with_several_people_they_are_held_out_whole() -> None:
    people = [str(i) for i in range(10) for _ in range(5)]
    split = for_training(windows(people, [0] * 50, list(range(50))), seed=1)
    assert split.protocol == "subject-holdout"
    assert len(split.test.subjects) == 2
    assert not set(split.train.subjects) & set(split.test.subjects)


def test_a_prescribed_split_is_taken_under_its_own_name() -> None:
    given_ = windows(["1", "1"], [0, 0], [0.0, 100.0])
    prescribed = dataclasses.replace(
        given_, split=np.array(["train", "test"]), protocol="within-subject"
    )
    assert for_training(prescribed, seed=0).protocol == "within-subject"
    with pytest.raises(LeakageError, match="Subject 1 would stand in both"):
        for_training(dataclasses.replace(prescribed, protocol="official"), seed=0)


def test_windows_that_overlap_are_refused() -> None:
    one, two = windows(["1"], [0], [10.0]), windows(["1"], [0], [11.28])
    with pytest.raises(LeakageError, match="overlaps one to judge on"):
        Split(one, two, protocol="within-subject")
    Split(one, windows(["1"], [0], [12.56]), protocol="within-subject")
    Split(one, windows(["1"], [0], [11.28], recording="other"), protocol="within-subject")


def test_too_little_of_one_person() -> None:
    with pytest.raises(InputError, match="too few"):
        hold_out(windows(["1"] * 4, [0] * 4, [0, 1, 2, 3]), fraction=0.25, seed=0)
