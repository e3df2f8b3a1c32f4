"""Runs of filtered samples in, windows out: the one place where windows are cut.

Files, collections and streams all push their runs through a `Cutter`, so they get the same windows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harken.signal.resample import Run

#: Windows in one piece, at most: few enough that a day needs no second copy of itself.
AT_ONCE = 512


@dataclass(frozen=True, eq=False)
class Cut:
    """Neighbouring windows of one segment.

    Attributes
    ----------
    first : the grid's point 0 of the segment
    offset : (n_windows,) int64, where each window begins in the segment, in samples
    x : (n_windows, n_steps, n_channels) float32
    """

    first: int
    offset: NDArray[np.int64]
    x: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.offset)

    @property
    def start(self) -> NDArray[np.int64]:
        """(n_windows,) int64, the grid's point at which each window begins."""
        return self.first + self.offset


class Cutter:
    """Cuts windows of a fixed length and stride; none reaches over a gap.

    However the samples are divided into runs, the windows are the same. Only the samples of
    windows to come are kept.

    Parameters
    ----------
    n_steps, stride_steps : length of a window, and steps from one to the next
    columns : columns of the samples that a window holds, in this order

    Examples
    --------
    >>> import numpy as np
    >>> from harken.signal.resample import Run
    >>> cutter = Cutter(n_steps=4, stride_steps=2, columns=[0])
    >>> run = Run(first=100, values=np.arange(7.0)[:, None], begins=True)
    >>> [cut.start.tolist() for cut in cutter.push(run)]
    [[100, 102]]
    """

    def __init__(self, n_steps: int, stride_steps: int, columns: Sequence[int]) -> None:
        self._n_steps, self._stride_steps = n_steps, stride_steps
        self._columns = list(columns)
        self._begin(0)

    def _begin(self, first: int) -> None:
        self._first = first
        self._kept = np.empty((0, len(self._columns)), np.float32)
        self._kept_from = 0  # of this segment, the sample that is kept first
        self._next = 0  # and where the next window begins

    def push(self, run: Run) -> Iterator[Cut]:
        """Take a further run; yield the windows that are complete by now.

        Parameters
        ----------
        run : values (n, n_columns); a run that begins anew drops what was kept
        """
        if run.begins:
            self._begin(run.first)
        new = run.values[:, self._columns].astype(np.float32)
        self._kept = np.concatenate([self._kept, new]) if len(self._kept) else new
        total = self._kept_from + len(self._kept)
        offsets = np.arange(self._next, total - self._n_steps + 1, self._stride_steps)
        if len(offsets):
            yield from self._cut(offsets)
            self._next = int(offsets[-1]) + self._stride_steps
        n_done = min(max(0, self._next - self._kept_from), len(self._kept))
        self._kept = self._kept[n_done:].copy()
        self._kept_from += n_done

    def _cut(self, offsets: NDArray[np.int64]) -> Iterator[Cut]:
        views = np.lib.stride_tricks.sliding_window_view(self._kept, self._n_steps, axis=0)
        for at in range(0, len(offsets), AT_ONCE):
            part = offsets[at : at + AT_ONCE]
            x = views[part - self._kept_from].transpose(0, 2, 1)
            yield Cut(self._first, part, np.ascontiguousarray(x))
