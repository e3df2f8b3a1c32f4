"""How well the mounting is estimated, on real people who are turned at random.

    python -m benchmarks.mounting           the training people of HAPT, to choose by
    python -m benchmarks.mounting --test    the test people, for a final figure

Needs the real archives: set $HARKEN_DATA to their folder.
Up is compared with the mean acceleration in labelled WALKING; heading with the dataset's z axis and
with gravity while lying on the back. Labels serve for this alone. Recordings without walking or
lying, or with lying in different ways (more than 60 degrees apart, as on back and belly), are left
out.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from benchmarks.timing import side_by_side
from benchmarks.timing import table as timed
from harken import datasets
from harken.core.recording import Recording, Sensor
from harken.datasets.simulated import TEST_SUBJECTS
from harken.orientation.mounting import Mounting, estimate_mounting
from harken.signal.path import rotate

GAITS = ("WALKING", "WALKING_UPSTAIRS", "WALKING_DOWNSTAIRS")
PIECE_S = 30.0


@dataclass(frozen=True)
class Case:
    """Errors in degrees of one estimate; of `signed`, more than 90 is the wrong end."""

    up: float
    to_z: float
    signed: float
    mounting: Mounting


def degrees(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    return float(
        np.degrees(np.arccos(np.clip(a @ b / np.linalg.norm(a) / np.linalg.norm(b), -1, 1)))
    )


def measure(whole: Recording, part: Recording, rng: np.random.Generator) -> Case:
    """Estimate the mounting of a part that was turned at random, and compare."""
    turn = Rotation.random(random_state=rng).as_matrix()
    turned = replace(part, acc=Sensor(part.acc.time_s, rotate(part.acc.values, turn)))
    mounting = estimate_mounting(turned, up="+x", forward="+z")
    up, forward = (turn.T @ mounting.rotation.T @ axis for axis in np.eye(3)[[0, 2]])
    true_up = np.mean(mean_acc(whole, "WALKING"), axis=0)
    lying = np.mean(mean_acc(whole, "LAYING"), axis=0)
    lying, z = (v - (v @ up) * up for v in (lying, np.array([0.0, 0.0, 1.0])))
    return Case(degrees(up, true_up), degrees(forward, z), degrees(forward, lying), mounting)


def shows_forward(recording: Recording) -> bool:
    """Whether the person walked, lay, and lay the same way each time."""
    lying = mean_acc(recording, "LAYING")
    alike = all(degrees(a[1:], b[1:]) < 60 for a in lying for b in lying)
    return alike and bool(lying) and bool(mean_acc(recording, "WALKING"))


def part_of(recording: Recording, start_s: float, end_s: float) -> Recording:
    """A stretch of the recording, as if it were all there is."""
    acc = recording.acc
    first, end = np.searchsorted(acc.time_s, (start_s, end_s))
    return replace(recording, acc=Sensor(acc.time_s[first:end], acc.values[first:end]))


def pieces(recording: Recording) -> list[Recording]:
    starts = np.arange(0, recording.duration_s - PIECE_S, PIECE_S)
    return [part_of(recording, start, start + PIECE_S) for start in starts]


def bouts(recording: Recording, label: str) -> list[Recording]:
    spans = [span for span in recording.spans if span.label == label]
    return [part_of(recording, span.start_s, span.end_s) for span in spans]


def mean_acc(recording: Recording, label: str) -> list[NDArray[np.float64]]:
    """Mean acceleration of each bout of a label."""
    return [bout.acc.values.mean(axis=0) for bout in bouts(recording, label)]


def table(title: str, cases: list[Case]) -> None:
    cases = [case for case in cases if case.mounting.method == "gait"]
    if not cases:
        return
    print(f"\n{title}: {len(cases)} with gait")
    lines = {
        "up": [c.up for c in cases],
        "heading line, against lying": [min(c.signed, 180 - c.signed) for c in cases],
        "heading line, against z": [min(c.to_z, 180 - c.to_z) for c in cases],
    }
    for name, errors in lines.items():
        median, high = np.quantile(errors, (0.5, 0.95))
        print(f"  {name:<30} median {median:5.1f}   95th percentile {high:5.1f} degrees")
    for said, ambiguous in (("said to be certain", False), ("said to be ambiguous", True)):
        right = [c.signed < 90 for c in cases if c.mounting.forward_is_ambiguous == ambiguous]
        share = f"{np.mean(right):.3f} right" if right else ""
        print(f"  sign {said:<25} {len(right):4} cases   {share}")


def confidence(cases: list[Case]) -> None:
    """Is what is said with more confidence more often true?"""
    cases = [case for case in cases if case.mounting.method == "gait"]
    print("\nConfidence      up: n, share within 10 degrees    forward: n, share within 30 degrees")
    for low, high in ((0, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 1.0)):
        ups = [c.up < 10 for c in cases if low <= c.mounting.up_confidence < high]
        heads = [
            c.signed < 30
            for c in cases
            if low <= c.mounting.forward_confidence < high and not c.mounting.forward_is_ambiguous
        ]
        words = [f"{len(x):4}  {np.mean(x):.3f}" if x else "   0" for x in (ups, heads)]
        print(f"  {low:.1f} to {high:.1f}      {words[0]:<32}{words[1]}")


def main() -> None:
    test = "--test" in sys.argv
    everyone = datasets.load_recordings("hapt")
    of_split = [r for r in everyone if (r.subject in TEST_SUBJECTS) == test]
    people = [r for r in of_split if shows_forward(r)]
    left_out = [r.source for r in of_split if r not in people]
    print(f"{len(people)} recordings; left out: {', '.join(left_out) or 'none'}")
    rng = np.random.default_rng(0)
    table("Whole recordings", [measure(r, r, rng) for r in people for _ in range(3)])
    short = [measure(r, piece, rng) for r in people for piece in pieces(r)]
    table(f"Pieces of {PIECE_S:g} s", short)
    for label in GAITS:
        table(f"One bout of {label}", [measure(r, p, rng) for r in people for p in bouts(r, label)])
    confidence(short)
    longest = max(everyone, key=lambda r: r.duration_s).acc.values
    values = np.resize(longest, (180_000, 3))
    hour = Recording(Sensor(np.arange(len(values)) / 50, values))
    print("\nThe mounting of an hour at 50 Hz")
    print(timed(side_by_side({"harken": lambda: estimate_mounting(hour)})))


if __name__ == "__main__":
    main()
