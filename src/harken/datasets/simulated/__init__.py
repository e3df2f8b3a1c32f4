"""Simulated people with a phone at the waist, so that everything runs without a download.

Drawn from a seed: gait as harmonics of the stride, tremor and sway as noise with the spectrum that
people's have, gravity by posture, the sensors' biases, and people who differ in all of these. Means
and spreads are those of real people (see `parameters`), so that a model that learnt from such
recognises these. They are no substitute for people: figures on them say that the program works,
not how well anybody's activities are recognised. How far they go is shown by
`python -m benchmarks.simulator`.

Device axes are those of UCI HAR, with the phone in front: while the wearer stands, x points up, y
sideways, z forward.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from harken.core.recording import Recording, Span, on_one_clock
from harken.datasets.simulated.movement import RATE_HZ, move, slow_noise
from harken.datasets.simulated.parameters import ACTIVITIES as _ACTIVITIES
from harken.datasets.simulated.parameters import parameters
from harken.datasets.simulated.person import Person, draw_person
from harken.signal.path import filter_recording, rotate
from harken.signal.windows import ACTIVITIES, DeviceFrame, Windows, WindowSpec, concatenate, cut

__all__ = [
    "ACTIVITIES", "CREDITS", "NAME", "RATE_HZ", "SUBJECTS", "TEST_SUBJECTS", "Person",
    "draw_person", "load", "simulate",
]  # fmt: skip

NAME = "simulated"
CREDITS = (
    "Simulated by Harken; no people took part. What is simulated is drawn from means and spreads "
    "over 21 people of HAPT: Jorge-L. Reyes-Ortiz, Luca Oneto, Albert Samà, Xavier Parra and "
    'Davide Anguita, "Transition-Aware Human Activity Recognition Using Smartphones", '
    "Neurocomputing 171 (2016). Use must be acknowledged; commercial use is prohibited by that "
    "dataset's README."
)

SUBJECTS = tuple(str(number) for number in range(1, 31))
TEST_SUBJECTS = ("2", "4", "9", "10", "12", "13", "18", "20", "24")

#: Seconds between two bouts, in which posture changes and no label is given.
_CHANGE_S = 2.0
#: Simulated phones sit in front, in the middle.
_FRAME = DeviceFrame("waist", "+x", "+z", "as-worn")
_N_CHANGE = int(_CHANGE_S * RATE_HZ)


def simulate(subject: str, *, seed: int = 0, minutes: float = 4.0) -> Recording:
    """One person's session: all six activities, twice each, in a random order.

    Parameters
    ----------
    subject : who; one of `SUBJECTS`, or any number as text
    seed : another seed is another set of people
    minutes : length of the session, about; no bout is shorter than 4 s

    Returns
    -------
    Recording
        50 Hz; acceleration in g, angular velocity in rad/s; with labelled spans.
    """
    rng = np.random.default_rng([seed, int(subject)])
    person = draw_person(rng)
    script = _script(rng, minutes)
    acc_gyro = _sense(person, _up(person, script, rng), _moves(person, script, rng))
    return on_one_clock(
        np.arange(len(acc_gyro)) / RATE_HZ,
        acc_gyro,
        subject=subject,
        placement="waist",
        spans=_spans(script),
        source=f"simulated-{subject}",
        notes=(f"simulated person {subject}, seed {seed}",),
    )


def load(seed: int = 0) -> Windows:
    """The windows of all simulated people, through the one signal path.

    Returns
    -------
    Windows
        Labelled and settled ones only; 9 of the 30 people are for testing.
    """
    parts = []
    for subject in SUBJECTS:
        windows = cut(filter_recording(simulate(subject, seed=seed)), WindowSpec(), frame=_FRAME)
        parts.append(windows.select((windows.y >= 0) & ~windows.warm_up))
    joined = concatenate(parts)
    split = np.where(np.isin(joined.subject, TEST_SUBJECTS), "test", "train")
    note = f"simulated: {len(SUBJECTS)} people drawn from seed {seed}"
    return replace(joined, split=split, dataset=NAME, notes=(note, joined.notes[-1]))


def _script(rng: np.random.Generator, minutes: float) -> list[tuple[str, int]]:
    """Activities and their lengths in samples; never the same one twice in a row."""
    n_bouts = 2 * len(ACTIVITIES)
    order = [*rng.permutation(ACTIVITIES), *rng.permutation(ACTIVITIES)]
    if order[len(ACTIVITIES) - 1] == order[len(ACTIVITIES)]:
        order[-1], order[len(ACTIVITIES)] = order[len(ACTIVITIES)], order[-1]
    share = rng.dirichlet(np.full(n_bouts, 30.0))
    lengths = np.rint(share * minutes * 60 * RATE_HZ).astype(int)
    lengths = np.maximum(lengths, 2 * _N_CHANGE)  # something is left beside the change
    return [(str(activity), int(n)) for activity, n in zip(order, lengths, strict=True)]


def _spans(script: list[tuple[str, int]]) -> tuple[Span, ...]:
    """Labels, without the seconds of change at the start of each bout."""
    ends = np.cumsum([n for _, n in script]) / RATE_HZ
    starts = np.concatenate([[0.0], ends[:-1]]) + _CHANGE_S
    return tuple(
        Span(float(start), float(end), activity)
        for start, end, (activity, _) in zip(starts, ends, script, strict=True)
    )


def _up(
    person: Person, script: list[tuple[str, int]], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Unit vectors (n, 3): where up is, in axes of the upright wearer."""
    postures = [_posture(person, _ACTIVITIES.index(name), n, rng) for name, n in script]
    share = _rising()[:, None]
    for before, after in pairwise(postures):
        change = after[:_N_CHANGE]
        change[:] = (1 - share) * before[-1] + share * change
        change /= np.linalg.norm(change, axis=1, keepdims=True)
    return np.concatenate(postures)


def _posture(
    person: Person, activity: int, n: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    lean = rng.normal(person.lean[activity], parameters().lean_bout_spread[activity])
    ahead = lean[0] + 0.005 * slow_noise(n, 0.05, rng)
    aside = np.full(n, lean[1])
    return np.stack(
        [np.cos(ahead) * np.cos(aside), np.sin(aside), np.sin(ahead) * np.cos(aside)], axis=1
    )


def _moves(
    person: Person, script: list[tuple[str, int]], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Movement (n, 6); each bout begins while the one before dies away."""
    total = sum(n for _, n in script)
    moves = np.zeros((total + _N_CHANGE, 6))
    start = 0
    for activity, n in script:
        own = move(person, activity, n + _N_CHANGE, rng)
        # Squares of the two shares sum to one, as sizes of independent movements do.
        own[:_N_CHANGE] *= np.sqrt(_rising())[:, None] if start else 1.0
        own[n:] *= np.sqrt(1 - _rising())[:, None]
        moves[start : start + len(own)] += own
        start += n
    return moves[:total]


def _rising() -> NDArray[np.float64]:
    """From 0 to 1 within the seconds of a change."""
    share: NDArray[np.float64] = (1 - np.cos(np.linspace(0, np.pi, _N_CHANGE))) / 2
    return share


def _sense(
    person: Person, up: NDArray[np.float64], moves: NDArray[np.float64]
) -> NDArray[np.float64]:
    """What the phone reports: gravity, turning and movement in its own axes, and its biases."""
    acc, gyro = up + moves[:, :3], moves[:, 3:].copy()
    gyro[1:] -= np.cross(up[:-1], np.diff(up, axis=0)) * RATE_HZ
    return np.hstack([rotate(acc, person.worn), rotate(gyro, person.worn)]) + person.bias
