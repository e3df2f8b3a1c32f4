"""Simulated people with a phone at the waist, so that everything runs without a download.

A physical model, drawn from a seed: gravity by posture, gait as harmonics of the step
frequency, the asymmetry of stairs, tremor and sway, the sensor's noise and biases, and people who
differ in all of these. It is no substitute for people: figures on it say that the program works,
not how well anybody's activities are recognised.

Device axes are those of UCI HAR: while the wearer stands, x points up, y sideways, z forward.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from harken.recording import Recording, Span, on_one_clock
from harken.signal_path import filter_recording
from harken.windows import ACTIVITIES, Windows, WindowSpec, concatenate, cut

NAME = "simulated"
CREDITS = "Simulated by Harken; no people took part."

RATE_HZ = 50.0
SUBJECTS = tuple(str(number) for number in range(1, 31))
TEST_SUBJECTS = ("2", "4", "9", "10", "12", "13", "18", "20", "24")

_GAITS = ("WALKING", "WALKING_UPSTAIRS", "WALKING_DOWNSTAIRS")
#: Seconds between two bouts, in which posture changes and no label is given.
_CHANGE_S = 2.0
_HARMONICS = np.arange(1, 7)


@dataclass(frozen=True)
class Person:
    """What makes one person's recordings differ from another's.

    Attributes
    ----------
    cadence_hz : steps a second when walking; healthy adults take about 1.6 to 2.1
    vigour : size of the gait's accelerations, 1 on average
    harmonics : (3 gaits, 3 axes, 6) relative sizes of the harmonics
    phases : (3 gaits, 3 axes, 6) in radians
    left_right : how much one leg differs from the other
    stair_pace : cadence on stairs, up and down, relative to walking
    tilt_rad : pitch and roll of the phone on the belt while standing
    sit_pitch_rad, lie_roll_rad : posture while sitting and lying
    tremor_g, sway_g : fast and slow movements at rest while standing
    acc_bias_g, gyro_bias_rad_s : (3,) of the sensor
    """

    cadence_hz: float
    vigour: float
    harmonics: NDArray[np.float64]
    phases: NDArray[np.float64]
    left_right: float
    stair_pace: tuple[float, float]
    tilt_rad: tuple[float, float]
    sit_pitch_rad: float
    lie_roll_rad: float
    tremor_g: float
    sway_g: float
    acc_bias_g: NDArray[np.float64]
    gyro_bias_rad_s: NDArray[np.float64]


def draw_person(rng: np.random.Generator) -> Person:
    """A person drawn at random."""
    return Person(
        cadence_hz=float(rng.normal(1.85, 0.12)),
        vigour=float(np.exp(rng.normal(0, 0.2))),
        harmonics=_gait_shapes() * np.exp(rng.normal(0, 0.3, (3, 3, 6))),
        phases=rng.normal(_typical_phases(), 0.5),
        left_right=float(rng.uniform(0.05, 0.3)),
        stair_pace=(float(rng.normal(0.84, 0.06)), float(rng.normal(1.04, 0.07))),
        tilt_rad=(float(rng.normal(0, 0.12)), float(rng.normal(0, 0.1))),
        sit_pitch_rad=float(rng.normal(0.12, 0.2)),
        lie_roll_rad=float(rng.normal(1.45, 0.12)),
        tremor_g=float(0.006 * np.exp(rng.normal(0, 0.35))),
        sway_g=float(0.012 * np.exp(rng.normal(0, 0.35))),
        acc_bias_g=rng.normal(0, 0.015, 3),
        gyro_bias_rad_s=rng.normal(0, 0.02, 3),
    )


def simulate(subject: str, *, seed: int = 0, minutes: float = 4.0) -> Recording:
    """One person's session: all six activities, twice each, in a random order.

    Parameters
    ----------
    subject : who; one of `SUBJECTS`, or any number as text
    seed : another seed is another set of people
    minutes : length of the session, about

    Returns
    -------
    Recording
        50 Hz; acceleration in g, angular velocity in rad/s; with labelled spans.
    """
    rng = np.random.default_rng([seed, int(subject)])
    person = draw_person(rng)
    script = _script(rng, minutes)
    parts = [_perform(person, activity, n, rng) for activity, n in script]
    samples = _join_smoothly([gravity for gravity, _ in parts]), [move for _, move in parts]
    acc_gyro = _sense(person, *samples, rng)
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
        windows = cut(filter_recording(simulate(subject, seed=seed)), WindowSpec())
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
    return [(str(activity), int(n)) for activity, n in zip(order, lengths, strict=True)]


def _spans(script: list[tuple[str, int]]) -> tuple[Span, ...]:
    """Labels, without the seconds of change at the start of each bout."""
    ends = np.cumsum([n for _, n in script]) / RATE_HZ
    starts = np.concatenate([[0.0], ends[:-1]]) + _CHANGE_S
    return tuple(
        Span(float(start), float(end), activity)
        for start, end, (activity, _) in zip(starts, ends, script, strict=True)
    )


def _perform(
    person: Person, activity: str, n: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Direction of gravity (n, 3) and movement (n, 6) of one bout."""
    up = _posture(person, activity, n, rng)
    if activity in _GAITS:
        return up, _gait(person, _GAITS.index(activity), n, rng)
    return up, _rest(person, activity, n, rng)


def _posture(
    person: Person, activity: str, n: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Unit vectors (n, 3): where up is, in device axes."""
    pitch, roll = person.tilt_rad
    if activity == "SITTING":
        pitch -= person.sit_pitch_rad + rng.normal(0, 0.08)
    elif activity == "LAYING":
        pitch, roll = pitch - 0.3 + rng.normal(0, 0.15), roll + person.lie_roll_rad
    elif activity == "WALKING_UPSTAIRS":
        pitch += 0.12
    drifting = pitch + rng.normal(0, 0.03) + 0.02 * _slow_noise(n, 0.05, rng)
    roll = roll + rng.normal(0, 0.03)
    return np.stack(
        [
            np.cos(drifting) * np.cos(roll),
            np.cos(drifting) * np.sin(roll),
            np.sin(drifting),
        ],
        axis=1,
    )


def _gait(person: Person, gait: int, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Acceleration in g and angular velocity in rad/s of walking, up or down stairs.

    A sum of harmonics of the stride (two steps): even ones repeat with every step, odd ones are
    what makes left and right differ. Going down, heels strike; going up, the body is pushed.
    """
    pace = (1.0, *person.stair_pace)[gait] * (1 + 0.03 * rng.normal())
    wander = 1 + 0.02 * _slow_noise(n, 0.3, rng)
    phase = np.cumsum(2 * np.pi * person.cadence_hz / 2 * pace * wander) / RATE_HZ
    strength = person.vigour * (1 + 0.08 * _slow_noise(n, 0.4, rng))
    waves = np.sin(phase[:, None, None] * _HARMONICS + person.phases[gait])
    odd = np.where(_HARMONICS % 2 == 1, person.left_right, 1.0)
    acc = 0.32 * strength[:, None] * (waves * person.harmonics[gait] * odd).sum(axis=2)
    acc[:, 0] += strength * _heel_strikes(phase, (0.2, 0.05, 0.7)[gait])
    turning = np.cos(phase[:, None, None] * _HARMONICS[:3] + person.phases[gait, :, :3])
    weight = np.array([1.0, 0.6, 0.3])
    gyro = (0.4, 0.6, 0.5)[gait] * strength[:, None] * (turning * weight).sum(axis=2)
    return np.hstack([acc, gyro])


def _heel_strikes(phase: NDArray[np.float64], height_g: float) -> NDArray[np.float64]:
    """A short push at every step, without changing the mean."""
    push = np.exp(8 * (np.cos(2 * phase) - 1))
    centred: NDArray[np.float64] = height_g * (push - push.mean())
    return centred


def _rest(person: Person, activity: str, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Tremor and sway: most while standing, least while lying."""
    steadiness = {"STANDING": 1.0, "SITTING": 0.55, "LAYING": 0.35}[activity]
    steadiness *= np.exp(rng.normal(0, 0.3))
    sway = np.stack([_slow_noise(n, 0.7, rng) for _ in range(6)], axis=1)
    tremor = rng.normal(0, 1, (n, 6))
    size = np.array([1.0, 1.0, 1.0, 2.0, 2.0, 2.0])
    moves: NDArray[np.float64] = (
        steadiness * size * (person.sway_g * sway + person.tremor_g * tremor)
    )
    return moves


def _slow_noise(n: int, cutoff_hz: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """(n,) noise of unit size below a frequency."""
    from scipy.signal import butter, sosfilt

    settle = int(2 * RATE_HZ / cutoff_hz)
    sos = butter(2, cutoff_hz, fs=RATE_HZ, output="sos")
    noise = np.asarray(sosfilt(sos, rng.normal(size=n + settle)))[settle:]
    scaled: NDArray[np.float64] = noise / np.sqrt(2 * cutoff_hz / RATE_HZ)
    return scaled


def _join_smoothly(postures: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Turn from one posture into the next within the first seconds of a bout."""
    n_change = int(_CHANGE_S * RATE_HZ)
    share = (1 - np.cos(np.linspace(0, np.pi, n_change)))[:, None] / 2
    for before, after in pairwise(postures):
        start = before[-1]
        after[:n_change] = (1 - share) * start + share * after[:n_change]
        after[:n_change] /= np.linalg.norm(after[:n_change], axis=1, keepdims=True)
    return np.concatenate(postures)


def _sense(
    person: Person,
    up: NDArray[np.float64],
    moves: list[NDArray[np.float64]],
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """What the sensors report: gravity and movement, biases and noise."""
    samples = np.concatenate(moves)
    samples[:, :3] += up + person.acc_bias_g
    turning = np.cross(up[:-1], np.diff(up, axis=0)) * RATE_HZ
    samples[1:, 3:] -= turning
    samples[:, 3:] += person.gyro_bias_rad_s
    samples[:, :3] += rng.normal(0, 0.004, (len(samples), 3))
    samples[:, 3:] += rng.normal(0, 0.008, (len(samples), 3))
    return samples


def _gait_shapes() -> NDArray[np.float64]:
    """(3 gaits, 3 axes, 6) typical sizes of the stride's harmonics.

    Up and forward repeat with every step (harmonic 2), sideways with every stride (harmonic 1).
    """
    vertical, sideways, forward = (
        (0.5, 1.0, 0.15, 0.35, 0.05, 0.12),
        (1.2, 0.2, 0.5, 0.1, 0.2, 0.05),
        (0.3, 0.6, 0.15, 0.3, 0.05, 0.1),
    )
    walking = np.array([vertical, sideways, forward])
    upstairs = walking * np.array([1.3, 0.75, 1.0, 0.4, 0.8, 0.3])
    downstairs = walking * np.array([1.0, 0.9, 1.2, 1.5, 1.5, 1.8])
    return np.stack([walking, upstairs, downstairs])


def _typical_phases() -> NDArray[np.float64]:
    """(3 gaits, 3 axes, 6) in radians: a fixed pattern that people vary."""
    base = np.arange(18).reshape(3, 6) * 0.7
    return np.stack([base, base + 0.5, base - 0.4])
