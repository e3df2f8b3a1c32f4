"""Which windows follow one another, and where what came before is forgotten."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from harken.signal.sequence import chain_starts, time_order, touches
from harken.signal.windows import Windows, WindowSpec


def windows_at(
    start_s: list[float], *, recording: str = "", warm_up: tuple[int, ...] = ()
) -> Windows:
    """Windows of 2 s at 10 Hz."""
    n = len(start_s)
    return Windows(
        x=np.zeros((n, 20, 1), np.float32),
        y=np.full(n, -1),
        subject=np.full(n, ""),
        recording=np.array(list(recording or "r" * n)),
        start_s=np.array(start_s, float),
        split=np.full(n, ""),
        warm_up=np.isin(np.arange(n), warm_up),
        channels=("a",),
        labels=("walk",),
        spec=WindowSpec(20, 10, 10.0),
    )


@given(st.permutations(range(6)))
def test_order_is_by_recording_then_by_time(shuffled: list[int]) -> None:
    windows = windows_at([0, 1, 2, 0, 1, 2], recording="aaabbb").select(shuffled)
    order = time_order(windows)
    assert [shuffled[i] for i in order] == list(range(6))
    assert touches(windows, order).tolist() == [True, True, False, True, True]


def test_windows_touch_without_a_gap() -> None:
    windows = windows_at([0, 2, 4.01, 6.2])
    assert touches(windows, time_order(windows)).tolist() == [True, True, False]


def test_a_gap_and_the_warm_up_begin_anew() -> None:
    windows = windows_at([0, 1, 2, 3, 10, 11], warm_up=(0, 1))
    starts = chain_starts(windows, time_order(windows))
    assert starts.tolist() == [True, True, True, False, True, False]
    assert chain_starts(windows_at([]), np.empty(0, np.int64)).tolist() == []
