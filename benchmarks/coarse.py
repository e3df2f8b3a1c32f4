"""What coarse values do to the models that ship: browsers round motion before a page sees it.

    python -m benchmarks.coarse

Needs the real archives: set $HARKEN_DATA to their folder. The raw recordings of the 9 test people
of HAPT, as they are, and rounded to 0.1 m/s² and 0.1 degrees a second as browsers round; the
mounting is estimated from each. Each hop of `harken.Stream` whose window lies within one of the six
activities is judged, smoothed as the stream smooths it. The figures go into
`docs/results/coarse.json` and `docs/results.md`; nothing was chosen by them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.pages import write_section
from benchmarks.pretrained import rounded
from benchmarks.turning import test_people
from harken import pretrained
from harken.datasets.hapt import LABELS
from harken.files import write_text
from harken.predictor import Predictor
from harken.recording import Recording
from harken.resolve import seen_by, settle_mounting
from harken.stream import Stream

RESULTS = Path("docs/results/coarse.json")
ACTIVITIES = LABELS[:6]
#: Of which the difference is asked for: what stillness alone tells apart.
STILL = ("SITTING", "STANDING", "LAYING")


def judged(predictor: Predictor, person: Recording) -> list[tuple[str, str, bool]]:
    """Of each hop within one activity: what it was, what was said, and whether that was unsure."""
    mounting = settle_mounting(person, predictor.contract, "estimate")
    stream = Stream(predictor, mounting=mounting, rate_hz=person.acc.rate_hz)
    gyro = None if person.gyro is None else person.gyro.values
    said = stream.push(person.acc.time_s, person.acc.values, gyro) + stream.finish()
    window_s = predictor.contract.spec.window_s
    found = []
    for one in said:
        for span in person.spans:
            inside = span.start_s <= one.time_s - window_s and one.time_s <= span.end_s
            if inside and span.label in ACTIVITIES and not one.warm_up:
                found.append((span.label, one.smoothed_activity, one.unsure))
    return found


def figures(predictor: Predictor, people: list[Recording]) -> dict[str, Any]:
    """Shares that are right, and that are unsure."""
    by_person: dict[str, list[bool]] = {}
    by_label: dict[str, list[bool]] = {}
    unsure: list[bool] = []
    for person in people:
        for label, answer, doubt in judged(predictor, seen_by(predictor.contract, person)):
            by_person.setdefault(str(person.subject), []).append(label == answer)
            by_label.setdefault(label, []).append(label == answer)
            unsure.append(doubt)
    everybody = np.concatenate([np.array(right) for right in by_person.values()])
    worst = min(by_person, key=lambda who: float(np.mean(by_person[who])))
    still = np.concatenate([np.array(by_label[label]) for label in STILL])
    return {
        "accuracy": round(float(everybody.mean()), 4),
        "still": round(float(still.mean()), 4),
        "worst": round(float(np.mean(by_person[worst])), 4),
        "worst_person": worst,
        "unsure": round(float(np.mean(unsure)), 4),
        "n_hops": len(everybody),
    }


def table(results: dict[str, dict[str, dict[str, Any]]]) -> str:
    """In Markdown."""
    lines = [
        "| model | values | right | right of sitting, standing, laying | worst person | not sure |",
        "|---|---|---|---|---|---|",
    ]
    for name, by_values in results.items():
        for values, found in by_values.items():
            lines.append(
                f"| `{name}` | {values} | {found['accuracy']:.4f} | {found['still']:.4f} | "
                f"{found['worst']:.4f} (person {found['worst_person']}) | "
                f"{100 * found['unsure']:.1f} % |"
            )
    return "\n".join(lines)


def main() -> None:
    """Measure and write down."""
    people = test_people()
    inputs = {"as recorded": people, "rounded": [rounded(person) for person in people]}
    results: dict[str, dict[str, dict[str, Any]]] = {}
    for name in pretrained.SHIPPED:
        predictor = Predictor(name)
        results[name] = {what: figures(predictor, given) for what, given in inputs.items()}
    print(table(results))
    write_text(RESULTS, json.dumps(results, indent=1) + "\n")
    write_section("coarse", table(results))


if __name__ == "__main__":
    main()
