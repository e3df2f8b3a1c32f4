"""Cutting of windows: the same however the samples come."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from harken.signal.cutter import Cut, Cutter
from harken.signal.resample import Run


def pushed(cutter: Cutter, runs: list[Run]) -> list[Cut]:
    return [cut for run in runs for cut in cutter.push(run)]


def windows_of(cuts: list[Cut]) -> list[tuple[int, int, bytes]]:
    return [
        (int(start), int(offset), x.tobytes())
        for cut in cuts
        for start, offset, x in zip(cut.start, cut.offset, cut.x, strict=True)
    ]


@settings(max_examples=200, deadline=None)
@given(
    n_steps=st.integers(1, 9),
    stride_steps=st.integers(1, 12),
    lengths=st.lists(st.integers(0, 15), min_size=1, max_size=8),
    gap_before=st.sets(st.integers(1, 7)),
)
def test_windows_are_the_same_however_samples_are_divided(
    n_steps: int, stride_steps: int, lengths: list[int], gap_before: set[int]
) -> None:
    values = np.random.default_rng(0).normal(size=(sum(lengths), 3))
    runs, segments, first = [], [], 50
    for number, length in enumerate(lengths):
        position = sum(lengths[:number])
        begins = number == 0 or number in gap_before
        if begins and number:
            first += 10
        runs.append(Run(first + position, values[position : position + length], begins))
        if begins:
            segments.append((first + position, position, length))
        else:
            start, at, n = segments.pop()
            segments.append((start, at, n + length))
    expected = [
        (start + offset, offset, values[at + offset : at + offset + n_steps, [2, 0]])
        for start, at, n in segments
        for offset in range(0, n - n_steps + 1, stride_steps)
    ]
    cuts = pushed(Cutter(n_steps, stride_steps, [2, 0]), runs)
    assert windows_of(cuts) == [
        (start, offset, x.astype(np.float32).tobytes()) for start, offset, x in expected
    ]


def test_a_long_run_comes_in_pieces() -> None:
    run = Run(0, np.zeros((2000, 1)), begins=True)
    cuts = pushed(Cutter(4, 1, [0]), [run])
    assert [len(cut) for cut in cuts] == [512, 512, 512, 461]
