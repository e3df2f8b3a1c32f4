"""Smoothing as windows come: each in the light of those before it and of the next."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harken.model.smoothing.model import Smoothing, go_on, leave, scaled_likelihood

#: Answers come this many windows late.
DELAY_WINDOWS = 1


class CausalSmoother:
    """The forward algorithm with a fixed lag: each window in the light of all before and the next.

    Answers come `DELAY_WINDOWS` late. However the windows are pushed, together, one by one or in
    any pieces, the answers are the same, bit for bit.
    """

    def __init__(self, smoothing: Smoothing) -> None:
        self._stay = np.array(smoothing.stay)
        self._leave = leave(self._stay)
        self._prior = np.array(smoothing.prior)
        #: Of the newest window, given it and those before; None before the first.
        self._belief: NDArray[np.float64] | None = None

    def push(
        self, probability: NDArray[np.float32], starts: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        """Take windows; give the posteriors of those that are settled now, (n, n_classes)."""
        likelihood = scaled_likelihood(probability, self._prior)
        settled = [self._take(*window) for window in zip(likelihood, starts, strict=True)]
        return self._stacked([posterior for posterior in settled if posterior is not None])

    def flush(self) -> NDArray[np.float64]:
        """Give the posterior of the last window, which nothing follows; (0 or 1, n_classes)."""
        last, self._belief = self._belief, None
        return self._stacked([] if last is None else [last])

    def _take(
        self, likelihood: NDArray[np.float64], starts: np.bool_
    ) -> NDArray[np.float64] | None:
        """Take the next window; the posterior of the one before, if there is one."""
        before = self._belief
        if before is None or starts:
            self._belief = _normalised(self._prior * likelihood)
            return before
        self._belief = _normalised(go_on(before, self._stay, self._leave) * likelihood)
        # Backward algorithm, one step: how well each class of the earlier window explains the next.
        explains = self._leave * likelihood.sum() + (self._stay - self._leave) * likelihood
        return _normalised(before * explains)

    def _stacked(self, rows: list[NDArray[np.float64]]) -> NDArray[np.float64]:
        return np.array(rows).reshape(-1, len(self._prior))


def _normalised(values: NDArray[np.float64]) -> NDArray[np.float64]:
    shares: NDArray[np.float64] = values / values.sum()
    return shares
