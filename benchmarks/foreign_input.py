"""Recordings of what no person did, by family, from seeds.

Those of `DEVELOPMENT` were looked at while the signs of "not sure" were designed. Those of `FRESH`
took no part in that: they were written before they were first judged, and nothing was changed then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.signal import butter, sosfilt
from scipy.spatial.transform import Rotation

from harken.core.recording import Recording, Sensor

RATE_HZ, SECONDS = 50, 60
N = RATE_HZ * SECONDS
#: Recordings of each family.
N_EACH = 6
#: Of a phone's sensors at rest, in g and rad/s.
NOISE_G, NOISE_RAD_S = 0.002, 0.002

Signals = tuple[NDArray[np.float64], NDArray[np.float64]]
_TIME_S = np.arange(N) / RATE_HZ


def recordings(family: str) -> Iterator[Recording]:
    """The recordings of a family; the same ones each time."""
    make = FAMILIES[family]
    for number in range(N_EACH):
        rng = np.random.default_rng([number, *family.encode()])
        acc, gyro = make(rng)
        yield Recording(
            Sensor(_TIME_S, acc), Sensor(_TIME_S, gyro), source=f"{family} {number + 1}"
        )


def noise(rng: np.random.Generator) -> Signals:
    """White noise of 0.1 to 1 g and rad/s, on a device that lies anyhow."""
    size = 10 ** rng.uniform(-1, 0)
    return _direction(rng) + rng.normal(0, size, (N, 3)), rng.normal(0, size, (N, 3))


def silence(rng: np.random.Generator) -> Signals:
    """Sensors that give zeros, or the same numbers for ever."""
    constant = _direction(rng) if rng.random() < 0.5 else np.zeros(3)
    return np.tile(constant, (N, 1)), np.zeros((N, 3))


def on_a_desk(rng: np.random.Generator) -> Signals:
    """A device on a desk, on any of its faces or leaning, with the noise of its sensors."""
    face = Rotation.random(random_state=rng).as_matrix() if rng.random() < 0.5 else np.eye(3)
    gravity = rng.choice([-1, 1]) * face[rng.integers(3)]
    return _measured(rng, np.tile(gravity, (N, 1)), np.zeros((N, 3)))


def spinning(rng: np.random.Generator) -> Signals:
    """Turning steadily, 0.3 to 3 times a second, about any axis."""
    axis, turns_hz = _direction(rng), rng.uniform(0.3, 3)
    turns = Rotation.from_rotvec(np.outer(2 * np.pi * turns_hz * _TIME_S, axis))
    return _turned(rng, turns, np.zeros((N, 3)))


def shaken(rng: np.random.Generator) -> Signals:
    """To and fro 8 times a second, by 0.1 to 1 g."""
    size, phase = 10 ** rng.uniform(-1, 0), rng.uniform(0, 2 * np.pi)
    wave = np.sin(2 * np.pi * 8 * _TIME_S + phase)[:, None]
    acc = _direction(rng) + size * wave * _direction(rng)
    return _measured(rng, acc, 0.5 * size * wave * _direction(rng))


def swinging(rng: np.random.Generator) -> Signals:
    """Hanging from a strap of 0.3 to 0.8 m, by 20 to 50 degrees to either side.

    What pulls at a pendulum is the strap alone: cos(angle) + length * rate**2 / g.
    """
    length_m, widest = rng.uniform(0.3, 0.8), np.deg2rad(rng.uniform(20, 50))
    rate = np.sqrt(9.80665 / length_m)
    angle, speed = widest * np.cos(rate * _TIME_S), -widest * rate * np.sin(rate * _TIME_S)
    pull = np.cos(angle) + length_m * speed**2 / 9.80665
    sits = Rotation.random(random_state=rng).as_matrix()
    return _measured(rng, np.outer(pull, sits[0]), np.outer(speed, sits[1]))


def tumbling(rng: np.random.Generator) -> Signals:
    """In a drum that turns 50 times a minute: carried up, falling, hitting."""
    turns = Rotation.from_rotvec(np.outer(2 * np.pi * 50 / 60 * _TIME_S, _direction(rng)))
    turns = turns * _wandering(rng, np.deg2rad(40), 0.5)
    hits = np.zeros((N, 3))
    for start in np.arange(rng.integers(60), N - 10, 60):
        hits[start : start + 3] += rng.normal(0, 2, 3) * np.array([[0.5], [1], [0.3]])
    return _turned(rng, turns, hits)


def driving(rng: np.random.Generator) -> Signals:
    """In a holder of a car: the road through springs, 1 to 2 Hz, and wheels, 10 to 14 Hz."""
    road = rng.normal(0, 1, (N, 3)) * [0.4, 0.4, 1]
    body = sosfilt(butter(2, [1, 2], "bandpass", fs=RATE_HZ, output="sos"), road, axis=0)
    wheels = sosfilt(butter(2, [10, 14], "bandpass", fs=RATE_HZ, output="sos"), road, axis=0)
    shakes = 0.03 * body / body.std() + 0.02 * wheels / wheels.std()
    pedals = gaussian_filter1d(rng.normal(0, 1, (N, 3)), 2 * RATE_HZ, axis=0)
    shakes += 0.08 * pedals / pedals.std() * [1, 1, 0]
    sways = _wandering(rng, np.deg2rad(1), 1.0)
    sits = Rotation.random(random_state=rng)
    return _turned(rng, sways * sits, shakes)


def dropped(rng: np.random.Generator) -> Signals:
    """Let fall every 2 s: 0.4 s without weight, a blow, and rest on another face."""
    acc = np.empty((N, 3))
    gyro = np.zeros((N, 3))
    for start in range(0, N, 2 * RATE_HZ):
        stop = start + 2 * RATE_HZ
        acc[start:stop] = _direction(rng)
        falls = slice(stop - 23, stop - 3)
        acc[falls], gyro[falls] = 0, rng.normal(0, 3, 3)
        acc[stop - 3 : stop] = rng.normal(0, 4, 3) * np.array([[1], [0.6], [0.2]])
    return _measured(rng, acc, gyro)


def drifting(rng: np.random.Generator) -> Signals:
    """A broken sensor whose values wander: a random walk of 0.02 g and rad/s a sample."""
    return (
        _direction(rng) + np.cumsum(rng.normal(0, 0.02, (N, 3)), axis=0),
        np.cumsum(rng.normal(0, 0.02, (N, 3)), axis=0),
    )


def handled(rng: np.random.Generator) -> Signals:
    """Turned this way and that in somebody's hands, by up to 90 degrees, with a tremor of 9 Hz."""
    tremor = 0.01 * np.sin(2 * np.pi * 9 * _TIME_S)[:, None] * _direction(rng)
    return _turned(rng, _wandering(rng, np.deg2rad(60), 0.4), tremor)


def _direction(rng: np.random.Generator) -> NDArray[np.float64]:
    """A unit vector, any way."""
    vector = rng.normal(size=3)
    return np.asarray(vector / np.linalg.norm(vector))


def _wandering(rng: np.random.Generator, size_rad: float, tempo_hz: float) -> Rotation:
    """Orientations that change at random and smoothly, (N,)."""
    smooth = gaussian_filter1d(rng.normal(0, 1, (N, 3)), RATE_HZ / (2 * np.pi * tempo_hz), axis=0)
    return Rotation.from_rotvec(size_rad * smooth / smooth.std(axis=0))


def _turned(rng: np.random.Generator, turns: Rotation, shakes: NDArray[np.float64]) -> Signals:
    """What a device measures that is turned so, and accelerated so in the world's axes, in g."""
    acc = turns.inv().apply(shakes + np.array([0, 0, 1]))
    steps = (turns[:-1].inv() * turns[1:]).as_rotvec() * RATE_HZ
    return _measured(rng, acc, np.vstack([steps, steps[-1:]]))


def _measured(
    rng: np.random.Generator, acc: NDArray[np.float64], gyro: NDArray[np.float64]
) -> Signals:
    """With the noise of sensors."""
    return acc + rng.normal(0, NOISE_G, (N, 3)), gyro + rng.normal(0, NOISE_RAD_S, (N, 3))


DEVELOPMENT: dict[str, Callable[[np.random.Generator], Signals]] = {
    "noise": noise,
    "silence": silence,
    "on a desk": on_a_desk,
    "spinning": spinning,
    "shaken at 8 Hz": shaken,
}
FRESH: dict[str, Callable[[np.random.Generator], Signals]] = {
    "swinging from a strap": swinging,
    "tumbling in a drum": tumbling,
    "in a car": driving,
    "dropped again and again": dropped,
    "drifting": drifting,
    "turned in the hands": handled,
}
FAMILIES = DEVELOPMENT | FRESH
