"""What coarse values do to the models that ship: browsers round motion before a page sees it.

    python -m benchmarks.coarse

Needs the real archives: set $HARKEN_DATA to their folder. Raw recordings of HAPT, as they are, and
rounded to 0.1 m/s² and 0.1 degrees a second as browsers round; the mounting is estimated from each.
Each hop of `harken.Stream` whose window lies within one of the six activities is judged, smoothed
as the stream smooths it.

- test people: the 9, by the models that ship; nothing was chosen by that;
- training people held out: the other 21, each by a network that learnt from others with the recipe
  for streams. They are rounded to steps of twice the size as well: HAPT's phones are old and their
  noise helps, as dither does; of a device with half of it rounding hides as much as these do here.

The figures go into `docs/results/coarse.json` and `docs/results.md`.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.continuous import CONTINUOUS, stretches_on_folds
from benchmarks.cross_fitting import signals_of
from benchmarks.pages import write_section
from benchmarks.pretrained import ORIGINS, network_of, rounded, rounded_windows
from harken import datasets
from harken.core.files import write_text
from harken.core.recording import Recording
from harken.datasets.hapt import LABELS, TEST_SUBJECTS
from harken.evaluation.splits import for_selection
from harken.inference.predictor import Predictor
from harken.inference.stream import Stream
from harken.model import file as model_file
from harken.model import pretrained
from harken.preparation.resolve import settle_mounting

RESULTS = Path("docs/results/coarse.json")
RUNS = Path("runs/coarse")
ACTIVITIES = LABELS[:6]
#: Of which the difference is asked for: what stillness alone tells apart.
STILL = ("SITTING", "STANDING", "LAYING")

#: What is done to a recording before it is recognised.
Change = Callable[[Recording], Recording]
AS_RECORDED, ROUNDED = "as recorded", "rounded"
CHANGES: dict[str, Change] = {AS_RECORDED: lambda recording: recording, ROUNDED: rounded}
COARSER: dict[str, Change] = {"rounded, twice as coarse": partial(rounded, coarser=2.0)}


@dataclass(frozen=True)
class Judged:
    """A hop within one activity.

    Attributes
    ----------
    person, activity : whose it is, and what it was
    right, unsure : whether the smoothed answer says so, and whether it was unsure
    """

    person: str
    activity: str
    right: bool
    unsure: bool


def judged(predictor: Predictor, person: Recording) -> Iterator[Judged]:
    """Each hop of a recording that lies within one activity and after the warm-up."""
    if not predictor.contract.reads_gyroscope:
        person = dataclasses.replace(person, gyro=None)
    mounting = settle_mounting(person, predictor.contract.frame, "estimate")
    stream = Stream(predictor, mounting=mounting, rate_hz=person.acc.rate_hz)
    gyro = None if person.gyro is None else person.gyro.values
    said = stream.push(person.acc.time_s, person.acc.values, gyro) + stream.finish()
    window_s = predictor.contract.spec.window_s
    for one in said:
        for span in person.spans:
            inside = span.start_s <= one.time_s - window_s and one.time_s <= span.end_s
            if inside and span.label in ACTIVITIES and not one.warm_up:
                right = one.smoothed_activity == span.label
                yield Judged(str(person.subject), span.label, right, one.unsure)


def figures(everybody: Iterable[tuple[Predictor, Recording]], change: Change) -> dict[str, Any]:
    """Shares that are right and that are unsure, of all, by activity and by person."""
    hops = [hop for predictor, person in everybody for hop in judged(predictor, change(person))]
    people = sorted({hop.person for hop in hops}, key=int)
    return {
        **_shares(hops),
        "still": _shares([hop for hop in hops if hop.activity in STILL])["right"],
        "n_hops": len(hops),
        "by_activity": {a: _shares([h for h in hops if h.activity == a]) for a in ACTIVITIES},
        "by_person": {p: _shares([h for h in hops if h.person == p]) for p in people},
    }


def _shares(hops: list[Judged]) -> dict[str, float]:
    return {
        "right": round(float(np.mean([hop.right for hop in hops])), 4),
        "unsure": round(float(np.mean([hop.unsure for hop in hops])), 4),
    }


def held_out_people(people: list[Recording]) -> Iterator[tuple[Predictor, Recording]]:
    """Training people, each with the network of the fold that holds them out.

    It is as sure, and smooths, as the model that ships; the signals that are usual to it are those
    of the people whom it learnt from.
    """
    shipped = Predictor(pretrained.STREAM).card
    assert shipped.abstention is not None
    given = [for_selection(load(CONTINUOUS)) for load in (datasets.load, rounded_windows)]
    for name, run in stretches_on_folds().folds.items():
        signals = signals_of(given, held_out_in=run)
        card = replace(
            Predictor(run.model_file).card,
            temperature=shipped.temperature,
            smoothing=shipped.smoothing,
            abstention=replace(shipped.abstention, signals=signals),
        )
        RUNS.mkdir(parents=True, exist_ok=True)
        file = RUNS / f"{name}.onnx"
        model_file.save(file, network_of(run, card), card)
        predictor = Predictor(file)
        own = {row["subject"] for row in run.metrics["per_subject"]}
        yield from ((predictor, person) for person in people if person.subject in own)


def rows_of(results: dict[str, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    """The figures by values, by who was judged."""
    held = f"`{ORIGINS[pretrained.STREAM].preset}`, training people held out"
    test = {f"`{name}`, test people": found for name, found in results["test"].items()}
    return {held: results["held_out"]} | test


def table(results: dict[str, Any]) -> str:
    """Figures of all hops, in Markdown."""
    lines = [
        "| judged | values | right | right of sitting, standing, laying | worst person | unsure |",
        "|---|---|---|---|---|---|",
    ]
    for who, by_values in rows_of(results).items():
        for values, found in by_values.items():
            person, worst = min(found["by_person"].items(), key=lambda item: item[1]["right"])
            lines.append(
                f"| {who} | {values} | {found['right']:.4f} | {found['still']:.4f} | "
                f"{worst['right']:.4f} (person {person}) | {found['unsure']:.1%} |"
            )
    return "\n".join(lines)


def activities_table(results: dict[str, Any]) -> str:
    """By activity, as recorded and rounded: of the recipe for streams, and of its model."""
    rows = rows_of({**results, "test": {pretrained.STREAM: results["test"][pretrained.STREAM]}})
    lines = [
        "| right, unsure: as recorded; rounded | " + " | ".join(rows) + " |",
        "|---|" + "---|" * len(rows),
    ]
    for activity in ACTIVITIES:
        cells = []
        for found in rows.values():
            pair = (found[values]["by_activity"][activity] for values in CHANGES)
            cells.append("; ".join(f"{one['right']:.4f}, {one['unsure']:.1%}" for one in pair))
        lines.append(f"| {activity.lower().replace('_', ' ')} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def section(results: dict[str, Any]) -> str:
    """What stands in docs/results.md."""
    return f"{table(results)}\n\n{activities_table(results)}"


def main() -> None:
    """Measure and write down."""
    everybody = datasets.load_recordings("hapt")
    test = [person for person in everybody if person.subject in TEST_SUBJECTS]
    held = list(held_out_people([person for person in everybody if person not in test]))
    results: dict[str, Any] = {
        "held_out": {what: figures(held, change) for what, change in (CHANGES | COARSER).items()},
        "test": {},
    }
    for name in pretrained.SHIPPED:
        judges = [(Predictor(name), person) for person in test]
        results["test"][name] = {what: figures(judges, c) for what, c in CHANGES.items()}
    print(section(results))
    write_text(RESULTS, json.dumps(results, indent=1) + "\n")
    write_section("coarse", section(results))


if __name__ == "__main__":
    main()
