"""Which stretches of a recording to label next.

A label tells most where the model is unsure, and where nothing like it has been asked about yet;
and it is given most easily where one thing is done throughout. Stretches are taken one by one: the
next is that with the largest product of its mean entropy and its distance, in embeddings, to those
taken and to what is labelled already.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harken.core.errors import InputError
from harken.inference.predictor import Predictor
from harken.orientation.mounting import Mounting
from harken.personal.head import metric_of
from harken.personal.personalise import Source, labelled_windows
from harken.preparation import Settings
from harken.signal.sequence import time_order, touches
from harken.signal.windows import UNLABELLED, Windows

#: Windows of a stretch: 10.2 s at UCI HAR's window and stride. A person still knows what they did
#: for so long.
N_WINDOWS = 7
#: Entropy, in nats, that even the surest stretch has here, so that it may be asked about for being
#: unlike all others.
_LEAST_ENTROPY = 0.02
#: A stretch whose windows lie further apart than so many times the median of all holds a change of
#: activity, most likely; it is asked about only where little else is left.
_MOST_APART, _HARD_TO_LABEL = 2.0, 1e-6


@dataclass(frozen=True)
class Proposal:
    """A stretch to label.

    Attributes
    ----------
    recording : which it is of
    start_s, end_s : seconds of the recording
    guess : the activity that the model takes it for
    entropy : of its answers in the mean, in nats: 0 is sure
    """

    recording: str
    start_s: float
    end_s: float
    guess: str
    entropy: float

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return dict(vars(self))


def propose(
    model: str | Path | Predictor,
    recording: Source,
    n: int,
    *,
    labels: str | Path | None = None,
    columns: Mapping[str, str] | None = None,
    placement: str | None = None,
    mounting: str | Mounting | NDArray[np.float64] = "estimate",
) -> list[Proposal]:
    """Stretches of a recording whose labels would tell a personalised model most.

    Parameters
    ----------
    model, recording, labels, columns, placement, mounting : as for `harken.personalise`; what is
        labelled already is not asked about
    n : how many; fewer come where the recording has no more that do not overlap

    Returns
    -------
    list of Proposal
        In order of time.

    Raises
    ------
    InputError
        As `harken.personalise`, but labels may be missing; or the recording has no such stretch.
    """
    if n < 1:
        raise InputError(f"{n} stretches were asked for; at least 1 is needed.")
    predictor = model if isinstance(model, Predictor) else Predictor(model)
    settings = Settings(columns, placement, mounting)
    predictor, windows = labelled_windows(predictor, recording, labels, settings)
    windows = windows.select(time_order(windows))
    probability, embedding = predictor.run(windows)
    stretches = _stretches(windows)
    if not len(stretches):
        spec = predictor.contract.spec
        long_s = spec.window_s + (N_WINDOWS - 1) * spec.stride_s
        raise InputError(
            f"There is no unlabelled stretch of {long_s:.0f} s without a gap to propose."
        )
    p = np.maximum(probability.astype(np.float64), 1e-12)
    entropy = (-p * np.log(p)).sum(axis=1)[stretches].mean(axis=1)
    place = _spread(embedding, predictor)
    known = place[windows.y != UNLABELLED]
    middle, apart = _middle(place, stretches)
    worth = np.maximum(entropy, _LEAST_ENTROPY)
    worth[apart > _MOST_APART * np.median(apart)] *= _HARD_TO_LABEL
    taken = _take(stretches, worth, middle, known, windows, n)
    return [
        _proposal(windows, stretches[i], probability[stretches[i]], entropy[i])
        for i in sorted(taken)
    ]


def _stretches(windows: Windows) -> NDArray[np.int64]:
    """Indices of each run of unlabelled windows that touch, (n_stretches, N_WINDOWS)."""
    n = len(windows)
    if n < N_WINDOWS:
        return np.empty((0, N_WINDOWS), np.int64)
    together = touches(windows, np.arange(n))
    view = np.lib.stride_tricks.sliding_window_view
    whole = view(together, N_WINDOWS - 1).all(axis=1)
    unlabelled = view(windows.y == UNLABELLED, N_WINDOWS).all(axis=1)
    return np.flatnonzero(whole & unlabelled)[:, None] + np.arange(N_WINDOWS)


def _spread(embedding: NDArray[np.float32], predictor: Predictor) -> NDArray[np.float64]:
    """Embeddings in coordinates in which those that the network learnt from spread alike."""
    features = embedding.astype(np.float64)
    if not predictor.card.embedding:
        return features
    lower = np.linalg.cholesky(metric_of(predictor.card.embedding)[:-1, :-1])
    spread: NDArray[np.float64] = np.linalg.solve(lower, features.T).T
    return spread


def _middle(
    place: NDArray[np.float64], stretches: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean place of each stretch's windows, and how far from it the farthest lies."""
    # Column by column: a day's windows, seven times over, would take a GB.
    middle = sum(place[column] for column in stretches.T) / N_WINDOWS
    apart = np.zeros(len(stretches))
    for column in stretches.T:
        apart = np.maximum(apart, np.linalg.norm(place[column] - middle, axis=1))
    return middle, apart


def _take(
    stretches: NDArray[np.int64],
    worth: NDArray[np.float64],
    place: NDArray[np.float64],
    known: NDArray[np.float64],
    windows: Windows,
    n: int,
) -> list[int]:
    """The stretches to ask about, greedily."""
    away = _to_nearest(place, known)
    start_s, end_s = windows.start_s[stretches[:, 0]], _end_s(windows, stretches)
    free = np.ones(len(stretches), bool)
    taken: list[int] = []
    while len(taken) < n and free.any():
        # With nothing to be unlike, how unsure the model is decides.
        best = int(np.where(free, worth * np.where(np.isinf(away), 1, away), -1).argmax())
        away = np.minimum(away, _to_nearest(place, place[best : best + 1]))
        same = windows.recording[stretches[:, 0]] == windows.recording[stretches[best, 0]]
        free &= ~(same & (start_s < end_s[best]) & (end_s > start_s[best]))
        taken.append(best)
    return taken


def _to_nearest(places: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance of each place to the nearest of the others; infinity where there are none."""
    away = np.full(len(places), np.inf)
    for other in others:
        away = np.minimum(away, np.linalg.norm(places - other, axis=1))
    return away


def _end_s(windows: Windows, stretches: NDArray[np.int64]) -> NDArray[np.float64]:
    end_s: NDArray[np.float64] = (
        windows.start_s[stretches[:, -1]] + windows.n_steps / windows.rate_hz
    )
    return end_s


def _proposal(
    windows: Windows,
    stretch: NDArray[np.int64],
    probability: NDArray[np.float32],
    entropy: float,
) -> Proposal:
    return Proposal(
        recording=str(windows.recording[stretch[0]]),
        start_s=round(float(windows.start_s[stretch[0]]), 3),
        end_s=round(float(_end_s(windows, stretch[None])[0]), 3),
        guess=windows.labels[int(probability.mean(axis=0).argmax())],
        entropy=round(float(entropy), 4),
    )
