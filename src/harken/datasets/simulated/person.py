"""A person drawn at random, and what makes them differ from others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harken.datasets.simulated.parameters import GAITS, Parameters, parameters

# How people put the phone on: turns about its axes, in radians. On the belts of HAPT it sat 16
# degrees from upright in the median; a third of that about each axis is careful, but no more.
_WORN_SPREAD = 0.1


@dataclass(frozen=True, eq=False)
class Person:
    """One person and the phone on them; axes as in `harken.datasets.simulated.parameters`.

    Attributes
    ----------
    size_g : (3,), root mean square of each gait's vertical acceleration
    cadence_hz : (3,), steps a second in each gait
    stride : (3, 6, 16) complex, Fourier coefficients relative to the size
    movement : (6, 7, 6), logarithm of the size of what does not repeat, by activity, band, signal
    lean : (6, 2), which way up is in each activity, in radians
    worn : (3, 3), turns axes of the upright wearer into the phone's
    bias : (6,), what the sensors show of themselves
    """

    size_g: NDArray[np.float64]
    cadence_hz: NDArray[np.float64]
    stride: NDArray[np.complex128]
    movement: NDArray[np.float64]
    lean: NDArray[np.float64]
    worn: NDArray[np.float64]
    bias: NDArray[np.float64]


def draw_person(rng: np.random.Generator) -> Person:
    """A person drawn at random."""
    people = parameters()
    traits = rng.multivariate_normal(people.traits, people.traits_covariance, method="cholesky")
    size, cadence, liveliness = np.split(traits, [len(GAITS), 2 * len(GAITS)])
    return Person(
        size_g=np.exp(size),
        cadence_hz=np.exp(cadence),
        stride=_around(people.stride, people.stride_spread, rng),
        movement=_draw_movement(people, liveliness, rng),
        lean=rng.normal(people.lean, people.lean_spread),
        worn=_turn(rng.normal(0, _WORN_SPREAD, 3)),
        bias=rng.normal(people.bias, people.bias_spread),
    )


def draw_stride(person: Person, gait: int, rng: np.random.Generator) -> NDArray[np.complex128]:
    """The stride of one bout, (6, 16): nobody walks twice in quite the same way."""
    return _around(person.stride[gait], parameters().stride_bout_spread[gait], rng)


def _around(
    mean: NDArray[np.complex128], spread: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.complex128]:
    drawn: NDArray[np.complex128] = rng.normal(mean.real, spread) + 1j * rng.normal(
        mean.imag, spread
    )
    return drawn


def _draw_movement(
    people: Parameters, liveliness: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    trait = people.movement_trait * liveliness[:, None, None]
    return rng.normal(people.movement + trait, people.movement_spread)


def _turn(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rotation about a vector by its length, in radians (Rodrigues' formula)."""
    angle = np.linalg.norm(vector)
    x, y, z = vector / angle
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    turn: NDArray[np.float64] = (
        np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    )
    return turn
