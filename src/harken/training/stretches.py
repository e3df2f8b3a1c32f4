"""Long stretches of signal to learn from, over which the state of a network that streams runs on.

From zero state, windows teach a network nothing about what it should forget: in a stream, a change
of activity finds it full of the activity before. So windows that follow one another in a recording
are laid out again as the signal that they were cut from, with those between activities, which have
no label, among them. The loss is taken wherever a labelled window ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harken.core.errors import InputError
from harken.networks.network import Network
from harken.signal.sequence import time_order
from harken.signal.windows import UNLABELLED, Windows, concatenate
from harken.training.batches import up_of


@dataclass(frozen=True, eq=False)
class Stretches:
    """Stretches of a number of windows, on the device.

    Attributes
    ----------
    hop : steps from one window to the next; the network answers after each
    samples : (n_samples, n_channels) float32, chains of windows laid out end to end
    first_sample : (n_places,) int64, where the stretches begin; where a chain is shorter than a
        stretch, the next one follows, without labels
    y : (n_places, n_answers) int64, the label of the window that ends with each answer;
        `UNLABELLED` where there is none
    n_labelled : how many of the windows are labelled
    up : (3,), points up when the wearer is upright
    """

    hop: int
    samples: Tensor
    first_sample: Tensor
    y: Tensor
    n_labelled: int
    up: Tensor

    def __len__(self) -> int:
        return self.n_labelled

    @property
    def n_places(self) -> int:
        return len(self.y)

    @property
    def device(self) -> torch.device:
        return self.samples.device

    def take(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Signals (n, n_steps, n_channels) and labels (n, n_answers) of some stretches."""
        y = self.y[index]
        steps = torch.arange(y.shape[1] * self.hop, device=self.device)
        places = self.first_sample[index, None] + steps
        return self.samples[places.clamp_max(len(self.samples) - 1)], y

    def answer(self, network: Network, x: Tensor) -> Tensor:
        """Logits of a network after each hop, (n, n_answers, n_classes)."""
        return network.follow(x, self.hop)


def stretches_of(
    learnt: Windows, everything: Windows, n_windows: int, network: Network, device: torch.device
) -> Stretches:
    """Stretches of windows to learn from.

    Parameters
    ----------
    learnt : labelled windows to learn from
    everything : those and all others of the dataset, labelled or not, after the warm-up
    n_windows : of a stretch
    network : whose stride the hop must fit

    Raises
    ------
    InputError
        The network does not stream, or the windows do not fit its stride.
    """
    hop = learnt.spec.stride_steps
    if network.stream is None:
        raise InputError(
            "The recipe learns from stretches of several windows, for which the network must go on "
            "from a state; this one reads whole windows only. Take conv-lstm, or leave out "
            "'stretch'."
        )
    stride = network.stream.stride_steps
    if learnt.n_steps % hop or hop % stride:
        raise InputError(
            f"The recipe learns from stretches of windows; these have {learnt.n_steps} steps every "
            f"{hop}. The length must be a multiple of the stride, and the stride a multiple of the "
            f"network's {stride} steps. Cut other windows, or leave out 'stretch'."
        )
    windows = _with_what_lies_between(learnt, everything)
    bounds = _chain_bounds(windows, hop)
    x, y = np.asarray(windows.x), windows.y
    before = [UNLABELLED] * (learnt.n_steps // hop - 1)  # answers before the first window has ended
    parts, first_sample, labels = [], [], []
    n_samples = 0
    for first, end in pairwise(bounds):
        chain = [x[first], *x[first + 1 : end, -hop:]]
        ends = [*y[first:end].tolist(), *[UNLABELLED] * (n_windows - 1)]
        for place in range(max(1, end - first - n_windows + 1)):
            first_sample.append(n_samples + place * hop)
            labels.append([*before, *ends[place : place + n_windows]])
        parts += chain
        n_samples += sum(map(len, chain))
    return Stretches(
        hop=hop,
        samples=torch.from_numpy(np.concatenate(parts)).to(device),
        first_sample=torch.tensor(first_sample, device=device),
        y=torch.tensor(labels, device=device),
        n_labelled=len(learnt),
        up=up_of(learnt.frame, device),
    )


def _with_what_lies_between(learnt: Windows, everything: Windows) -> Windows:
    """The windows in order of time, with those unlabelled ones that lie between two of them."""
    others = everything.select(~_among(everything, learnt))
    joined = concatenate([learnt, others])
    order = time_order(joined)
    is_learnt = (order < len(learnt)).tolist()
    unlabelled = joined.y[order] == UNLABELLED
    recording = joined.recording[order]
    kept = []
    waiting: list[int] = []  # unlabelled since the last one to learn from
    follows = False
    for position, index in enumerate(order):
        if position and recording[position] != recording[position - 1]:
            waiting, follows = [], False
        if is_learnt[position]:
            kept += [*waiting, index]
            waiting, follows = [], True
        elif not unlabelled[position]:  # one to judge on
            waiting, follows = [], False
        elif follows:
            waiting.append(index)
    return joined.select(kept)


def _among(windows: Windows, others: Windows) -> NDArray[np.bool_]:
    """Which windows are also among others."""
    known = set(_keys(others))
    return np.array([key in known for key in _keys(windows)], bool)


def _keys(windows: Windows) -> Sequence[tuple[str, str, float]]:
    columns = (windows.subject, windows.recording, windows.start_s)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def _chain_bounds(windows: Windows, hop: int) -> list[int]:
    """Where chains of windows begin, each a hop after the one before; and the end of the last."""
    step = np.rint(np.diff(windows.start_s) * windows.rate_hz)
    same = windows.recording[1:] == windows.recording[:-1]
    breaks = np.flatnonzero(~(same & (step == hop))) + 1
    return [0, *breaks.tolist(), len(windows)]
