"""Windows that stay on the disk until they are looked at.

In the place of the array `Windows.x`: choosing windows and channels reads nothing, so that what is
too large for memory can be split by people, and learnt from a batch at a time.
"""

from __future__ import annotations

import threading
import weakref
from io import FileIO
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from harken.core.errors import FormatError

_MOST_AT_ONCE = 65_536
#: Windows that are enough for statistics of all of them.
_SAMPLE = 20_000


class RowFile:
    """A file of windows, plain float32 numbers one after the other; threads may read it together.

    Parameters
    ----------
    path : the file
    n_steps, n_channels : of each window
    """

    def __init__(self, path: Path, n_steps: int, n_channels: int) -> None:
        # Not memory-mapped: what was read once would count as this process's memory.
        self._file = FileIO(path)
        weakref.finalize(self, self._file.close)
        self._turn = threading.Lock()
        self._bytes = 4 * n_steps * n_channels
        self.form = n_steps, n_channels
        self.n_windows = path.stat().st_size // self._bytes

    def read(self, index: NDArray[np.int64]) -> NDArray[np.float32]:
        """Some of the windows, (n, n_steps, n_channels).

        Raises
        ------
        FormatError
            The file is cut short.
        """
        out = np.empty((len(index), *self.form), np.float32)
        # Neighbours are read at once, but not so many that the system would stop on the way.
        starts_anew = np.diff(index, prepend=-2) != 1
        starts_anew[::_MOST_AT_ONCE] = True
        firsts = np.flatnonzero(starts_anew).tolist()
        for first, end in pairwise([*firsts, len(index)]):
            part = out[first:end].data
            with self._turn:
                self._file.seek(int(index[first]) * self._bytes)
                n_read = self._file.readinto(part)
            if n_read != part.nbytes:
                raise FormatError(f"{self._file.name} is cut short. Delete it; it is made anew.")
        return out


class Rows:
    """Some windows of a file, and some of their channels.

    Behaves as an array of shape (n_windows, n_steps, n_channels) to whoever asks for its shape,
    selects by a mask, indices or a slice, or makes an array of it; only the last reads.

    Parameters
    ----------
    file : where they are
    index : (n_windows,) int64, which windows of the file are meant
    columns : which channels are meant; None takes all
    """

    ndim = 3
    dtype = np.dtype(np.float32)

    def __init__(
        self, file: RowFile, index: NDArray[np.int64], columns: list[int] | None = None
    ) -> None:
        self._file = file
        self._index = index
        self._columns = columns

    @classmethod
    def of_file(cls, path: Path, n_steps: int, n_channels: int) -> Rows:
        """All windows of a file."""
        file = RowFile(path, n_steps, n_channels)
        return cls(file, np.arange(file.n_windows))

    @property
    def shape(self) -> tuple[int, int, int]:
        n_steps, n_channels = self._file.form
        return len(self._index), n_steps, len(self._columns or range(n_channels))

    def __len__(self) -> int:
        return len(self._index)

    def __getitem__(self, which: Any) -> Rows | NDArray[np.float32]:
        """Some of the windows; or, as `[:, :, columns]`, all with some of the channels.

        One window alone, by its number, is read.
        """
        columns = self._columns
        if isinstance(which, tuple):
            which, steps, chosen = which
            if steps != slice(None):
                raise TypeError("steps cannot be chosen before the windows are read")
            every = columns or list(range(self._file.form[1]))
            columns = [every[column] for column in chosen]
        index = self._index[which]
        if index.ndim == 0:
            alone: NDArray[np.float32] = self.read(np.array([which]))[0]
            return alone
        return Rows(self._file, index, columns)

    def __array__(
        self, dtype: np.dtype[Any] | None = None, copy: bool | None = None
    ) -> NDArray[Any]:
        read = self.read()
        return read if dtype is None else read.astype(dtype, copy=False)

    def read(self, which: slice | NDArray[Any] = slice(None)) -> NDArray[np.float32]:
        """Some of the windows, (n, n_steps, n_channels).

        Raises
        ------
        FormatError
            The file is cut short.
        """
        out = self._file.read(self._index[which])
        return out if self._columns is None else np.ascontiguousarray(out[:, :, self._columns])


def as_x(rows: Rows) -> NDArray[np.float32]:
    """Rows where `Windows` expects an array: they do what is done to `x` before it is read."""
    return cast("NDArray[np.float32]", rows)


def on_disk(x: NDArray[np.float32]) -> Rows | None:
    """The rows that stand in the place of an array, if they do."""
    found = cast("object", x)
    return found if isinstance(found, Rows) else None


def sample_of(x: NDArray[np.float32], most: int = _SAMPLE) -> NDArray[np.float32]:
    """All windows, in memory; of more than so many, evenly spread ones."""
    rows = on_disk(x)
    if len(x) <= most:
        return x if rows is None else rows.read()
    chosen = np.linspace(0, len(x) - 1, most).round().astype(np.int64)
    return x[chosen] if rows is None else rows.read(chosen)
