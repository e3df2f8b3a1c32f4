"""What a network that streams says of windows, its state running on from each to the next."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harken.inference.predictor import Predictor
from harken.signal.sequence import time_order
from harken.signal.windows import Windows


def run_on(
    predictor: Predictor, windows: Windows
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Probabilities and embeddings of windows, in their own order.

    The state runs on where a window begins half a window after the one before in its recording, and
    begins anew elsewhere.
    """
    x = predictor.contract.check(windows).x
    stream = predictor.engine.stream
    assert stream is not None
    hop = windows.spec.stride_steps
    order = time_order(windows)
    recording, start_s = windows.recording[order], windows.start_s[order]
    follows = np.zeros(len(windows), bool)
    follows[1:] = (recording[1:] == recording[:-1]) & (
        np.rint(np.diff(start_s) * windows.rate_hz) == hop
    )
    said: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = []
    state = stream.zeros(1)
    for index, goes_on in zip(order, follows, strict=True):
        state = state if goes_on else stream.zeros(1)
        chunk = x[index, hop if goes_on else stream.left_out(windows.n_steps) :]
        probability, embedding, state = predictor.engine.go_on(chunk[None], state)
        said.append((probability, embedding))
    back = np.argsort(order)
    probability, embedding = (np.concatenate(column)[back] for column in zip(*said, strict=True))
    return probability, embedding
