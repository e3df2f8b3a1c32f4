"""What two labelled minutes of a person do for them.

    python -m benchmarks.personal         all of it
    python -m benchmarks.personal test    the test people alone, once another model ships

Needs the real archives: set $HARKEN_DATA to their folder. A draw is what a person might label: a
stretch of 20 seconds of each of the six activities, in bouts and at places drawn at random. The
model is personalised with it as `harken personalise` does, and judged on all windows of that person
that share no sample with a labelled one. Where the command would not write the model, since it does
no better on held-out parts of the labelled time, the person keeps the old one.

The strength of the pull was chosen on the 21 training people of HAPT: three subject-wise folds of
them (runs of the preset `any-mounting`, seed 0, under `runs/personal`), each person with the
network that did not learn from them. Two more things are looked at there: what becomes of the
activities without labels, where only three, drawn at random, have any; and whether stretches that
`--propose` names are worth more than drawn ones, with the labels in one of a person's recordings
and the judgement on the other. With all that settled, the 9 test people are looked at once, with
the model that ships.

The figures go into `docs/results/personal.json` and `docs/results.md`.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.pages import write_section
from benchmarks.runs import finished_crossval
from harken import datasets
from harken.core.files import write_text
from harken.inference.predictor import Predictor
from harken.model import pretrained
from harken.personal.head import STRENGTH
from harken.personal.personalise import personalise
from harken.personal.propose import N_WINDOWS, propose
from harken.signal.sequence import time_order, touches
from harken.signal.windows import UNLABELLED, Windows

RUNS = Path("runs/personal/folds")
RESULTS = Path("docs/results/personal.json")
DATASET, PRESET = "hapt-upright", "any-mounting"
SECONDS = 120
N_DRAWS = 10
STRENGTHS = (3.0, 10.0, 30.0, 100.0, 300.0)
ROW_KEYS = ("before", "after", "written")


@dataclass(frozen=True, eq=False)
class Person:
    """A person's windows in order of time, a model that did not learn from them, its answers.

    `answers` are probabilities and embeddings of the windows.
    """

    name: str
    windows: Windows
    model: Predictor
    answers: tuple[NDArray[np.float32], NDArray[np.float32]]


def drawn(
    person: Person, seed: int, *, n_activities: int = 6, of: NDArray[np.bool_] | None = None
) -> NDArray[np.bool_]:
    """Windows in stretches of some of the activities, two minutes in all; (n_windows,).

    `of` is where they may be taken from.
    """
    windows = person.windows
    spec = person.model.contract.spec
    rng = np.random.default_rng([seed, int(person.name)])
    chosen = np.zeros(len(windows), bool)
    activities = range(6) if n_activities == 6 else rng.choice(6, n_activities, replace=False)
    for activity in activities:
        left_s = SECONDS / n_activities
        bouts = [
            bout
            for bout in bouts_of(windows)
            if windows.y[bout[0]] == activity and (of is None or of[bout[0]])
        ]
        for bout in (bouts[i] for i in rng.permutation(len(bouts))):
            if left_s < spec.window_s:
                break
            n = min(len(bout), int((left_s - spec.window_s) / spec.stride_s + 1e-6) + 1)
            first = rng.integers(len(bout) - n + 1)
            chosen[bout[first : first + n]] = True
            left_s -= spec.window_s + (n - 1) * spec.stride_s
    return chosen


def bouts_of(windows: Windows) -> list[NDArray[np.int64]]:
    """Runs of windows in order of time that touch and are of one activity."""
    goes_on = touches(windows, np.arange(len(windows))) & (windows.y[1:] == windows.y[:-1])
    return np.split(np.arange(len(windows)), np.flatnonzero(~goes_on) + 1)


def proposed(person: Person, of: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Windows in the stretches that `propose` names, two minutes in all; (n_windows,)."""
    own = person.windows.select(of)
    spec = person.model.contract.spec
    n = round(SECONDS / (spec.window_s + (N_WINDOWS - 1) * spec.stride_s))
    chosen = np.zeros(len(person.windows), bool)
    unlabelled = replace(own, y=np.full(len(own), UNLABELLED))
    for stretch in propose(person.model, unlabelled, n):
        start_s = person.windows.start_s
        chosen |= (
            of
            & (start_s > stretch.start_s - 0.01)
            & (start_s + spec.window_s < stretch.end_s + 0.01)
        )
    return chosen


def unseen(windows: Windows, chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Windows that share no sample with a chosen one; (n_windows,)."""
    kept = np.ones(len(windows), bool)
    for i in np.flatnonzero(chosen):
        near = np.abs(windows.start_s - windows.start_s[i]) < (windows.n_steps - 0.5) / 50
        kept &= ~(near & (windows.recording == windows.recording[i]))
    return kept


def gain(
    person: Person,
    chosen: NDArray[np.bool_],
    strength: float = STRENGTH,
    judged: NDArray[np.bool_] | None = None,
) -> dict[str, Any]:
    """Accuracy on a person's unseen time, or on what is judged of it, before and after."""
    windows = replace(person.windows, y=np.where(chosen, person.windows.y, UNLABELLED))
    made = personalise(person.model, windows, strength=strength)
    rest = unseen(person.windows, chosen) & (True if judged is None else judged)
    y = person.windows.y[rest]
    probability, embedding = person.answers
    refitted = made.head.log_probability(embedding[rest]).argmax(axis=1)
    before = float((probability[rest].argmax(axis=1) == y).mean())
    after = float((refitted == y).mean())
    return {
        "before": before,
        "after": after if made.better else before,
        "written": made.better,
    }


def over(draws: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """By person, means over the draws, and the worst draw's change."""
    return {
        name: {
            "before": float(np.mean([draw["before"] for draw in own])),
            "after": float(np.mean([draw["after"] for draw in own])),
            "worst_draw": min(draw["after"] - draw["before"] for draw in own),
            "written": float(np.mean([draw["written"] for draw in own])),
        }
        for name, own in draws.items()
    }


def by_draws(people: list[Person], strength: float, n_activities: int = 6) -> dict[str, Any]:
    """What the random draws come to."""
    return over(
        {
            person.name: [
                gain(person, drawn(person, seed, n_activities=n_activities), strength)
                for seed in range(N_DRAWS)
            ]
            for person in people
        }
    )


def across_recordings(people: list[Person]) -> dict[str, Any]:
    """Labels in one recording, judgement on the other: drawn stretches and proposed ones."""
    random: dict[str, list[dict[str, Any]]] = {}
    asked: dict[str, list[dict[str, Any]]] = {}
    for person in people:
        recordings = np.unique(person.windows.recording)
        for recording in recordings if len(recordings) == 2 else ():
            of = person.windows.recording == recording
            random.setdefault(person.name, []).extend(
                gain(person, drawn(person, seed, of=of), judged=~of) for seed in range(N_DRAWS)
            )
            asked.setdefault(person.name, []).append(gain(person, proposed(person, of), judged=~of))
    return {"drawn": over(random), "proposed": over(asked)}


def training_people() -> list[Person]:
    """The 21 training people, each with the model of the fold in which they were left out."""
    windows = datasets.load(DATASET).of_split("train")
    windows = replace(windows, split=np.full(len(windows), ""))
    made = finished_crossval(RUNS, windows, preset=PRESET, n_folds=3, seed=0)
    return [
        person(windows, subject, Predictor(run.model_file))
        for run in made.folds.values()
        for subject in (judged["subject"] for judged in run.metrics["per_subject"])
    ]


def person(windows: Windows, subject: str, model: Predictor) -> Person:
    own = windows.of_subjects([subject])
    own = own.select(time_order(own))
    return Person(subject, own, model, model.run(own))


def on_training_people() -> dict[str, Any]:
    """All that was looked at before."""
    training = training_people()
    found: dict[str, Any] = {"training": {}, "three_activities": {}}
    for name, n_activities in (("training", 6), ("three_activities", 3)):
        for strength in STRENGTHS:
            rows = by_draws(training, strength, n_activities)
            found[name][f"{strength:g}"] = rows
            print(name, strength, cells(rows), flush=True)
    found["across_recordings"] = across_recordings(training)
    for name, rows in found["across_recordings"].items():
        print(name, cells(rows), flush=True)
    return found


def on_test_people() -> dict[str, Any]:
    """What the draws come to with the model that ships."""
    windows = datasets.load(DATASET).of_split("test")
    model = Predictor(pretrained.DEFAULT)
    return by_draws([person(windows, subject, model) for subject in windows.subjects], STRENGTH)


def cells(rows: dict[str, dict[str, float]]) -> str:
    """Cells of a table: means, the worst person before, the largest loss of a person, of a draw."""
    worst = min(rows, key=lambda name: rows[name]["before"])
    before, after = (np.mean([row[key] for row in rows.values()]) for key in ("before", "after"))
    losses = min(row["after"] - row["before"] for row in rows.values())
    return (
        f"{before:.4f} | {after:.4f} | "
        f"{rows[worst]['before']:.4f} to {rows[worst]['after']:.4f} | {losses:+.4f} | "
        f"{min(row['worst_draw'] for row in rows.values()):+.4f}"
    )


def settings_table(results: dict[str, Any]) -> str:
    """What was looked at on the training people, as a Markdown table."""
    lines = [
        "| labels | strength | before | after | worst person | change of the person who lost most "
        "| worst draw |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, what in (("training", "6 activities"), ("three_activities", "3 activities")):
        lines += [f"| {what} | {s} | {cells(rows)} |" for s, rows in results[name].items()]
    for name, rows in results["across_recordings"].items():
        lines.append(f"| in the other recording, {name} | {STRENGTH:g} | {cells(rows)} |")
    return "\n".join(lines)


def test_table(results: dict[str, Any]) -> str:
    """The test people one by one, as a Markdown table."""
    lines = [
        "| person | before | after | change | worst draw | models written, of 10 |",
        "|---|---|---|---|---|---|",
    ]
    rows = results["test"]
    mean = {key: float(np.mean([row[key] for row in rows.values()])) for key in ROW_KEYS}
    mean["worst_draw"] = min(row["worst_draw"] for row in rows.values())
    for name, row in [*rows.items(), ("mean of the 9", mean)]:
        lines.append(
            f"| {name} | {row['before']:.4f} | {row['after']:.4f} | "
            f"{row['after'] - row['before']:+.4f} | {row['worst_draw']:+.4f} | "
            f"{N_DRAWS * row['written']:.1f} |"
        )
    return "\n".join(lines)


def main() -> None:
    if sys.argv[1:] == ["test"]:
        results = json.loads(RESULTS.read_text(encoding="utf-8"))
    else:
        results = on_training_people()
    results["test"] = on_test_people()
    write_text(RESULTS, json.dumps(results, indent=2) + "\n")
    write_section("personal", test_table(results))
    write_section("personal-settings", settings_table(results))
    print(test_table(results))


if __name__ == "__main__":
    main()
