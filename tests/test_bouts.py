"""Bouts cover just what the windows cover, in order, and join what belongs together."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harken.inference.bouts import NOT_SURE, WARM_UP, Bout
from harken.inference.bouts import bouts_of as join
from harken.signal.windows import Windows, WindowSpec

LABELS = ("walk", "sit", "lie")
N_STEPS, RATE_HZ, STRIDE_S = 20, 10.0, 1.0


def windows_at(start_s: list[float], warm_up: list[bool] | None = None) -> Windows:
    n = len(start_s)
    return Windows(
        x=np.zeros((n, N_STEPS, 1), np.float32),
        y=np.full(n, -1),
        subject=np.full(n, ""),
        recording=np.full(n, "r"),
        start_s=np.array(start_s, float),
        split=np.full(n, ""),
        warm_up=np.array(warm_up or [False] * n),
        channels=("a",),
        labels=LABELS,
        spec=WindowSpec(N_STEPS, 10, RATE_HZ),
    )


def probability_of(classes: list[int]) -> np.ndarray:
    return (0.1 + 0.7 * np.eye(3)[classes]).astype(np.float32)


def bouts_of(windows: Windows, probability: np.ndarray, **about: datetime) -> list[Bout]:
    """Of windows that are answered one by one."""
    return join(windows, probability, probability.argmax(axis=1), **about)


@given(classes=st.lists(st.integers(0, 2), min_size=1, max_size=30), data=st.data())
def test_bouts_tile_the_recording(classes: list[int], data: st.DataObject) -> None:
    n = len(classes)
    warm = data.draw(st.lists(st.booleans(), min_size=n, max_size=n))
    windows = windows_at([i * STRIDE_S for i in range(n)], warm)
    order = np.array(data.draw(st.permutations(range(n))))
    bouts = bouts_of(windows.select(order), probability_of(classes)[order])
    assert bouts[0].start_s == 0
    assert bouts[-1].end_s == (n - 1) * STRIDE_S + N_STEPS / RATE_HZ
    assert sum(bout.n_windows for bout in bouts) == n
    for before, after in pairwise(bouts):
        assert before.end_s == after.start_s
        assert before.activity != after.activity
    for bout in bouts:
        assert bout.start_s < bout.end_s
        assert (bout.confidence is None) == (bout.activity == WARM_UP)


def test_a_boundary_lies_midway_between_the_centres_of_two_windows() -> None:
    one, two = bouts_of(windows_at([0.0, 1.0]), probability_of([0, 1]))
    assert (one.start_s, one.end_s) == (0.0, 1.5)
    assert (two.start_s, two.end_s) == (1.5, 3.0)
    assert one.confidence == pytest.approx(0.8)


def test_the_answer_decides_and_the_confidence_is_the_networks_in_it() -> None:
    (bout,) = join(windows_at([0.0, 1.0, 2.0]), probability_of([0, 1, 0]), np.zeros(3, np.int64))
    assert (bout.activity, bout.n_windows) == ("walk", 3)
    assert bout.confidence == pytest.approx((0.8 + 0.1 + 0.8) / 3)


def test_a_stretch_of_doubt_is_one_bout_with_a_best_guess() -> None:
    classes = [0, 1, 2, 1, 0]
    one, doubt, two = join(
        windows_at([0.0, 1.0, 2.0, 3.0, 4.0]),
        probability_of(classes),
        np.array(classes),
        unsure=np.array([False, True, True, False, True]),
        withheld=np.array([False, True, True, True, False]),
    )
    assert (doubt.activity, doubt.best_guess, doubt.confidence) == (NOT_SURE, "sit", None)
    assert (doubt.start_s, doubt.end_s, doubt.n_windows) == (1.5, 4.5, 3)
    assert doubt.unsure == pytest.approx(2 / 3)
    assert (one.activity, one.best_guess, one.unsure) == ("walk", "walk", 0)
    assert (two.activity, two.best_guess, two.unsure) == ("walk", "walk", 1)


def test_the_warm_up_is_neither_sure_nor_unsure() -> None:
    (bout,) = join(
        windows_at([0.0], [True]),
        probability_of([0]),
        np.array([0]),
        unsure=np.array([True]),
        withheld=np.array([True]),
    )
    assert (bout.activity, bout.best_guess, bout.unsure) == (WARM_UP, None, 0)


def test_times_of_day_where_the_recording_knows_them() -> None:
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    one, _ = bouts_of(windows_at([0.0, 1.0]), probability_of([0, 1]), start_utc=noon)
    assert one.as_dict()["start_utc"] == "2026-03-01T12:00:00.000+00:00"
    assert one.as_dict()["end_utc"] == "2026-03-01T12:00:01.500+00:00"
    (bout,) = bouts_of(windows_at([0.0]), probability_of([0]))
    assert (bout.start_utc, bout.as_dict()["end_utc"]) == (None, None)


def test_a_gap_ends_a_bout() -> None:
    one, two = bouts_of(windows_at([0.0, 5.0]), probability_of([0, 0]))
    assert (one.end_s, two.start_s) == (2.0, 5.0)


def test_no_windows_no_bouts() -> None:
    assert bouts_of(windows_at([]), np.empty((0, 3), np.float32)) == []
