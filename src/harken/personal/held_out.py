"""Whether a refit is better, told by labelled time that it did not see.

Each activity's labelled time is cut into contiguous blocks. Each block in turn is held out, with
all windows that overlap it, and judged by a last layer that was fitted on the rest.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harken.model.personal_record import HeldOut
from harken.personal.head import Head, refit
from harken.signal.sequence import time_order
from harken.signal.windows import Windows

#: Blocks of each activity's time.
N_BLOCKS = 3
#: A refit is better if its log loss is below this share of the old one, and no fewer windows are
#: recognised. Chosen on the training people of HAPT, see `benchmarks/personal.py`.
_LOG_LOSS_SHARE = 0.9


def compare(
    head: Head,
    windows: Windows,
    embedding: NDArray[np.floating],
    metric: NDArray[np.float64],
    *,
    strength: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Log probabilities of a person's labelled windows: by the old last layer, and by refits that
    did not see them; (n_windows, n_classes) each.
    """
    before = head.log_probability(embedding)
    after = np.empty_like(before)
    block = _blocks(windows)
    for number in range(N_BLOCKS):
        held = block == number
        rest = ~held & ~_overlap(windows, held)
        fitted = refit(head, embedding[rest], windows.y[rest], metric, strength=strength)
        after[held] = fitted.log_probability(embedding[held])
    return before, after


def figures(log_probability: NDArray[np.float64], y: NDArray[np.int64]) -> HeldOut:
    """What log probabilities (n_windows, n_classes) of windows of known classes come to."""
    return HeldOut(
        accuracy=float((log_probability.argmax(axis=1) == y).mean()),
        log_loss=float(-log_probability[np.arange(len(y)), y].mean()),
    )


def least_accuracy(n_activities: int) -> float:
    """What a model must recognise of held-out time: more than half of the way from chance to all.

    Labels that belong to other times make every model of them one of chance, and a model that is
    less sure of itself then has the lower log loss.
    """
    return (1 + 1 / n_activities) / 2


def is_better(before: HeldOut, after: HeldOut, n_activities: int) -> bool:
    """Whether a refit to so many labelled activities is to be preferred."""
    if after.accuracy < max(before.accuracy, least_accuracy(n_activities)):
        return False
    return after.log_loss < _LOG_LOSS_SHARE * before.log_loss


def _blocks(windows: Windows) -> NDArray[np.int64]:
    """The block that each window is in: the first, second, ... part of its activity's time."""
    block = np.empty(len(windows), np.int64)
    order = time_order(windows)
    for label in np.unique(windows.y):
        own = order[windows.y[order] == label]
        for number, part in enumerate(np.array_split(own, N_BLOCKS)):
            block[part] = number
    return block


def _overlap(windows: Windows, held: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which windows share samples with a held one."""
    shared = np.zeros(len(windows), bool)
    # Half a sample of grace: times that are equal on paper differ in their last bits.
    least_s = (windows.n_steps - 0.5) / windows.rate_hz
    for recording in np.unique(windows.recording):
        own = windows.recording == recording
        starts = windows.start_s[own & held]
        apart = np.abs(windows.start_s[own][:, None] - starts)
        shared[own] = (apart < least_s).any(axis=1)
    return shared
