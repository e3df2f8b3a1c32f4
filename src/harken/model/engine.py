"""A model file's network as onnxruntime runs it: on windows, and on streams where it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harken.networks.stream_state import State, StreamState

if TYPE_CHECKING:
    import onnxruntime

_Floats = NDArray[np.float32]


class Engine:
    """A network, ready to answer.

    Parameters
    ----------
    session : its graph, opened
    stream : what it keeps of a stream, see `harken.model.card.Card`
    """

    def __init__(self, session: onnxruntime.InferenceSession, stream: StreamState | None) -> None:
        self._session = session
        self.stream = stream

    def answer(self, x: _Floats) -> tuple[_Floats, _Floats]:
        """Probability (n_windows, n_classes) and embedding of windows (n_windows, n_steps, ...)."""
        x = np.asarray(x)  # of a collection they are on the disk until now
        if self.stream is None:
            probability, embedding = self._session.run(["probability", "embedding"], {"window": x})
            return probability, embedding
        left_out = self.stream.left_out(x.shape[1])
        probability, embedding, _ = self.go_on(x[:, left_out:], self.stream.zeros(len(x)))
        return probability, embedding

    def go_on(self, chunk: _Floats, state: State) -> tuple[_Floats, _Floats, State]:
        """Probability, embedding and state after a further chunk of streams.

        Parameters
        ----------
        chunk : (n_streams, n_steps, n_channels), n_steps a multiple of the stride
        state : as the last call gave it; zeros at the start of a stream
        """
        given = {f"state.{name}": value for name, value in state.items()}
        names = ["probability", "embedding", *(f"next.{name}" for name in state)]
        probability, embedding, *after = self._session.run(names, {"chunk": chunk, **given})
        return probability, embedding, dict(zip(state, after, strict=True))

    def width(self, output: str) -> int:
        """How many numbers an output has for each window."""
        (width,) = (o.shape[1] for o in self._session.get_outputs() if o.name == output)
        return int(width)
