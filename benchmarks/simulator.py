"""How far the models that ship recognise simulated people, and are sure of them.

    python -m benchmarks.simulator
    python -m benchmarks.simulator --seed 1    other people; 0 are those of `harken train simulated`

Each recording is turned at random and goes through the path that `harken predict` takes: mounting
estimated, filtered, cut, each window recognised by itself. Counted are labelled windows after the
warm-up. These figures say how like people the simulated ones are in a model's eyes. They say
nothing about people.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from harken.core.recording import Recording, Sensor
from harken.datasets.simulated import SUBJECTS, simulate
from harken.inference.predictor import Predictor
from harken.model import pretrained
from harken.preparation.resolve import settle_mounting
from harken.signal.path import rotate


@dataclass(frozen=True, eq=False)
class Judged:
    """One person's labelled windows: activity, answer, and whether the model is not sure."""

    subject: str
    y: NDArray[np.int64]
    answer: NDArray[np.int64]
    unsure: NDArray[np.bool_]

    @property
    def accuracy(self) -> float:
        return float((self.answer == self.y).mean())


def judge(predictor: Predictor, subject: str, seed: int) -> Judged:
    """Recognise one simulated person, the phone turned at random."""
    person = turned(simulate(subject, seed=seed), np.random.default_rng([seed, int(subject)]))
    if "body_gyro_x" not in predictor.contract.channels:
        person = replace(person, gyro=None)
    mounting = settle_mounting(person, predictor.contract.frame, "estimate")
    windows = predictor.windows_of(person, mounting.rotation)
    windows = windows.select((windows.y >= 0) & ~windows.warm_up)
    probability, embedding = predictor.run(windows)
    unsure = predictor.unsure(probability, embedding, windows.x)
    return Judged(subject, windows.y, probability.argmax(axis=1), unsure)


def turned(recording: Recording, rng: np.random.Generator) -> Recording:
    """The same, from a phone that sat another way."""
    assert recording.gyro is not None
    turn = Rotation.random(random_state=rng).as_matrix()
    acc, gyro = recording.acc, recording.gyro
    return replace(
        recording,
        acc=Sensor(acc.time_s, rotate(acc.values, turn)),
        gyro=Sensor(gyro.time_s, rotate(gyro.values, turn)),
    )


def show(name: str, people: list[Judged], labels: tuple[str, ...]) -> None:
    accuracy = [person.accuracy for person in people]
    worst = min(people, key=lambda person: person.accuracy)
    y, answer, unsure = (
        np.concatenate([getattr(p, part) for p in people]) for part in ("y", "answer", "unsure")
    )
    print(f"\n{name}, {len(people)} simulated people, {len(y):,} labelled windows")
    print(
        f"  accuracy by person: median {np.median(accuracy):.3f}, mean {np.mean(accuracy):.3f}, "
        f"worst {worst.accuracy:.3f} (person {worst.subject})"
    )
    print(f"  not sure: {unsure.mean():.1%} of the windows")
    for code, label in enumerate(labels):
        own = y == code
        print(
            f"    {label:<20} recognised {(answer == y)[own].mean():6.1%}   "
            f"not sure {unsure[own].mean():6.1%}"
        )


def main() -> None:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("--seed", type=int, default=0)
    seed = arguments.parse_args().seed
    for name in pretrained.SHIPPED:
        predictor = Predictor(name)
        people = [judge(predictor, subject, seed) for subject in SUBJECTS]
        show(name, people, predictor.contract.labels)


if __name__ == "__main__":
    main()
