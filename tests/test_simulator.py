"""Simulated people: measured as real ones are, and recognised by a model of real ones."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from benchmarks.simulator import judge
from benchmarks.simulator_parameters import bouts, bouts_of, measure

from harken.core.recording import Recording
from harken.datasets.simulated import SUBJECTS, draw_person, simulate
from harken.datasets.simulated.parameters import Parameters, parameters
from harken.inference.predictor import Predictor


@pytest.fixture(scope="module")
def drawn() -> Parameters:
    """What is measured in simulated people, as they would be in real ones."""
    everything = []
    for subject in SUBJECTS[:20]:
        person = draw_person(np.random.default_rng([0, int(subject)]))
        everything += bouts_of(simulate(subject), person.worn.T)
    return measure(everything)


def test_they_move_as_the_people_did_from_whom_the_parameters_are(drawn: Parameters) -> None:
    """Means over 20 people differ by chance; spreads and sizes are in logarithms."""
    ship = parameters()
    for name, far in {
        "traits": 0.15,
        "stride": 0.1,
        "stride_spread": 0.04,
        "movement": 0.25,
        "movement_trait": 0.15,
        "coherence": 0.1,
        "lean": 0.06,
        "tempo_spread": 0.015,
        "strength_spread": 0.04,
        "bias": 0.005,
    }.items():
        difference = np.abs(getattr(drawn, name) - getattr(ship, name))
        assert np.sqrt((difference**2).mean()) < far, name
    # Against that, how much there is of it.
    assert np.sqrt((np.abs(ship.stride) ** 2).mean()) > 0.25
    assert ship.movement.std() > 0.8


def test_gaits_and_postures_are_told_apart_as_in_people(drawn: Parameters) -> None:
    size = np.exp(drawn.traits[:3])
    assert size[2] > 1.2 * max(size[:2])  # downstairs heels strike
    ahead = drawn.lean[3:, 0]
    assert ahead[1] < ahead[0] < ahead[2]  # standing, sitting, lying


def test_the_parameters_are_those_of_the_training_people(hapt: list[Recording]) -> None:
    measured = measure(bouts(hapt))
    for field in fields(Parameters):
        found, ship = getattr(measured, field.name), getattr(parameters(), field.name)
        np.testing.assert_allclose(found, ship, rtol=2e-3, atol=2e-3, err_msg=field.name)


@pytest.mark.parametrize("name", ["pretrained", "pretrained-accelerometer"])
def test_the_models_that_ship_recognise_them_however_the_phone_is_turned(name: str) -> None:
    predictor = Predictor(name)
    people = [judge(predictor, subject, 0) for subject in SUBJECTS[::3]]
    assert np.median([person.accuracy for person in people]) > 0.9
    assert np.mean([person.unsure.mean() for person in people]) < 0.15
    # Nobody is recognised by chance alone, and they are not all alike.
    assert min(person.accuracy for person in people) > 0.6
    assert len({round(person.accuracy, 2) for person in people}) > 3
