"""What a network keeps of a stream from one chunk to the next."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harken.core.json_fields import JsonFields

#: What a network here keeps is six arrays of less than a thousand numbers in all.
_MOST_ARRAYS, _MOST_SIZE = 100, 4096

State = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class StreamState:
    """The form of what a network that streams keeps, and by how many samples it goes on.

    Attributes
    ----------
    stride_steps : a chunk of a stream has a multiple of so many samples
    shapes : by name, of each array that is kept for one stream
    """

    stride_steps: int
    shapes: Mapping[str, tuple[int, ...]]

    def zeros(self, n_streams: int) -> State:
        """What is kept of streams that have not begun: each array (n_streams, *shape)."""
        return {
            name: np.zeros((n_streams, *shape), np.float32) for name, shape in self.shapes.items()
        }

    def left_out(self, n_steps: int) -> int:
        """The oldest samples of a window that fill no stride, so that the newest ones count."""
        return n_steps % self.stride_steps


def read_stream_state(about: JsonFields) -> StreamState:
    """From a card.

    Raises
    ------
    ValueError
        A field is missing, unknown or out of range.
    """
    stride_steps = about.whole("stride_steps", 1, 10_000)
    inner = about.fields("shapes")
    names = inner.names_given
    if not 1 <= len(names) <= _MOST_ARRAYS or not all(name.isidentifier() for name in names):
        raise ValueError(
            f"its stream keeps arrays {names[:5]}; expected names, 1 to {_MOST_ARRAYS}"
        )
    shapes = {name: inner.wholes(name, 3, 1, _MOST_SIZE) for name in names}
    if sum(map(math.prod, shapes.values())) > _MOST_SIZE**2:
        raise ValueError("its stream keeps more numbers than any network does")
    about.done()
    return StreamState(stride_steps, shapes)
