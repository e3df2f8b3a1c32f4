"""How often the models that ship say "not sure": of what no person did, and of test people.

    python -m benchmarks.foreign

Needs the real archives: set $HARKEN_DATA to their folder. Recordings of `benchmarks.foreign_input`
and of the test people of HAPT go through the path that `harken predict --force` takes: mounting
estimated, filtered, cut, recognised. The figures go into `docs/results/foreign.json` and
`docs/results.md`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.foreign_input import DEVELOPMENT, FAMILIES, N_EACH, recordings
from benchmarks.pages import write_section
from benchmarks.turning import test_people
from harken import datasets
from harken.core.errors import ContractError
from harken.core.files import write_text
from harken.core.recording import Recording
from harken.datasets.hapt import LABELS, TEST_SUBJECTS
from harken.inference.predictor import Predictor
from harken.inspection import refuse_unfit
from harken.model import pretrained
from harken.preparation.resolve import settle_mounting
from harken.signal.path import filter_recording
from harken.signal.windows import LabelRule, Windows, cut

RESULTS = Path("docs/results/foreign.json")
PEOPLE = "six activities"
CHANGES = "changes of posture"


def windows_of(
    predictor: Predictor,
    recording: Recording,
    labels: tuple[str, ...],
    rule: LabelRule = "whole",
) -> Windows:
    """The windows after the warm-up, as the model wants them, the mounting estimated."""
    contract = predictor.contract
    mounting = settle_mounting(recording, contract.frame, "estimate")
    filtered = filter_recording(recording, rate_hz=contract.rate_hz, rotation=mounting.rotation)
    windows = contract.check(cut(filtered, contract.spec, labels, rule))
    return windows.select(~windows.warm_up)


def unsure_of(predictor: Predictor, parts: Iterable[Windows]) -> dict[str, Any]:
    """How many windows there are, and the share of which the model is not sure."""
    n, n_unsure = 0, 0
    for windows in parts:
        n += len(windows)
        n_unsure += int(predictor.unsure(*predictor.run(windows), windows.x).sum())
    return {"n_windows": n, "not_sure": round(n_unsure / n, 4)}


def on_people(predictor: Predictor) -> dict[str, Any]:
    """Of windows of the test people: whole in an activity; mostly in a change of posture."""
    labels = predictor.contract.labels
    whole = [windows_of(predictor, person, labels) for person in test_people()]
    mostly = [
        windows_of(predictor, person, LABELS, "majority")
        for person in datasets.load_recordings("hapt")
        if person.subject in TEST_SUBJECTS
    ]
    changes = [i for i, label in enumerate(LABELS) if label not in labels]
    return {
        PEOPLE: unsure_of(predictor, [w.select(w.y >= 0) for w in whole]),
        CHANGES: unsure_of(predictor, [w.select(np.isin(w.y, changes)) for w in mostly]),
    }


def on_family(predictor: Predictor, family: str) -> dict[str, Any]:
    """Of all windows of a family's recordings, and how many of them `inspect` would refuse."""
    made = list(recordings(family))
    if "body_gyro_x" not in predictor.contract.channels:
        made = [replace(recording, gyro=None) for recording in made]
    parts = [windows_of(predictor, recording, predictor.contract.labels) for recording in made]
    refused = sum(_is_refused(recording) for recording in made)
    return unsure_of(predictor, parts) | {"recordings_refused": refused}


def _is_refused(recording: Recording) -> bool:
    try:
        refuse_unfit(recording)
    except ContractError:
        return True
    return False


def measure(families: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The figures of each model that ships."""
    found = {}
    for name in pretrained.SHIPPED:
        predictor = Predictor(name)
        found[name] = {family: on_family(predictor, family) for family in families}
    return found


def table(results: dict[str, dict[str, Any]]) -> str:
    """The figures as a Markdown table."""
    names = list(results)
    lines = [
        "| what | part in the design | " + " | ".join(f"`{name}`" for name in names) + " |",
        "|---|---|" + "---|" * len(names),
    ]
    parts = {PEOPLE: "none", CHANGES: "none"} | {
        family: "looked at" if family in DEVELOPMENT else "none" for family in FAMILIES
    }
    for what, part in parts.items():
        shown = what if what in FAMILIES else f"test people of HAPT, {what}"
        shares = [f"{results[name][what]['not_sure']:.1%}" for name in names]
        lines.append(f"| {shown} | {part} | " + " | ".join(shares) + " |")
    return "\n".join(lines)


def refusals(results: dict[str, dict[str, Any]]) -> str:
    """How many of each family's recordings are refused before they are recognised."""
    (first, *_) = results.values()
    counts = [f"{family} {first[family]['recordings_refused']}" for family in FAMILIES]
    return f"Of {N_EACH} recordings each, `harken predict` refuses without `--force`: " + (
        ", ".join(counts) + "."
    )


def section(results: dict[str, dict[str, Any]]) -> str:
    """What stands in docs/results.md."""
    return f"{table(results)}\n\n{refusals(results)}"


def main() -> None:
    results = measure(FAMILIES)
    for name in results:
        results[name] = on_people(Predictor(name)) | results[name]
    write_text(RESULTS, json.dumps(results, indent=2) + "\n")
    write_section("foreign", section(results))
    print(section(results))


if __name__ == "__main__":
    main()
