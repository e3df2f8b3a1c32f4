"""The report of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from harken.core.labels import activity_name
from harken.evaluation.splits import CAUTION, INNER_KFOLD
from harken.reporting.page import SIMULATED, picture, table, write_page
from harken.reporting.sections import headline, judged


@dataclass(frozen=True)
class ReportData:
    """What a report tells, as plain values.

    Attributes
    ----------
    title : what was trained on what
    metrics : as in metrics.json
    config : the run's configuration
    data : `harken.training.finish.summary`
    machine : name and value
    openings : when and why the test subjects were looked at
    command : makes the run again
    credits : of the dataset
    pictures : PNG by name: curves, and those of `harken.reporting.plots.judged`
    simulated : whether the data is
    caution : what nobody should overlook, as of `harken.evaluation.splits.CAUTION`
    """

    title: str
    metrics: Mapping[str, Any]
    config: Mapping[str, Any]
    data: Mapping[str, Any]
    machine: Mapping[str, str]
    openings: Sequence[Mapping[str, str]]
    command: str
    credits: str
    pictures: Mapping[str, bytes]
    simulated: bool
    caution: str = ""


def write_report(path: str | Path, report: ReportData) -> None:
    """Write the report, whole or not at all; it needs no other file and no network."""
    m = report.metrics
    sections = {
        "Data": _data(report.data),
        "Recipe": table(("setting", "value"), flat(report.config)),
        "Training curves": picture(
            report.pictures["curves"], "loss and accuracy by optimiser step"
        ),
        **judged(m, report.pictures, _temperature(m)),
        "Openings of the test subjects": _openings(report.openings, m["protocol"]),
        "Machine": table(("what", "which"), list(report.machine.items())),
        "Make it again": f"<p><code>{escape(report.command)}</code></p>",
        "Credits": f'<p class="soft">{escape(report.credits)}</p>',
    }
    cautions = [SIMULATED] if report.simulated else []
    write_page(
        path,
        report.title,
        headline(m, f"{m['n_parameters']:,} parameters, trained in {m['train_seconds']:.1f} s"),
        sections,
        cautions=[*cautions, report.caution] if report.caution else cautions,
    )


def _data(data: Mapping[str, Any]) -> str:
    sides = ("train", "test")
    rows = [
        (activity_name(label), *(str(data[side]["per_class"][label]) for side in sides))
        for label in data["train"]["per_class"]
    ]
    rows.append(("all windows", *(f"{data[side]['n_windows']:,}" for side in sides)))
    rows.append(("subjects", *(str(len(data[side]["subjects"])) for side in sides)))
    about = (
        f"Windows of {data['n_steps']} steps at {data['rate_hz']:g} Hz, {len(data['channels'])} "
        f"channels: {', '.join(data['channels'])}."
    )
    people = "; ".join(f"{side}: {', '.join(data[side]['subjects'])}" for side in sides)
    notes = "; ".join(data["notes"])
    return (
        f"<p>{escape(about)} {escape(notes)}</p>"
        + table(("activity", "training", "test"), rows)
        + f'<p class="soft">Subjects, {escape(people)}</p>'
    )


def _temperature(m: Mapping[str, Any]) -> str:
    if m["validation_accuracy"] is None:
        return "no temperature fitted: nothing was held out"
    return f"temperature {m['temperature']:.3f}, fitted on validation subjects"


def _openings(openings: Sequence[Mapping[str, str]], protocol: str) -> str:
    rows = [(entry["why"], entry["when"]) for entry in openings]
    shown = table(("why", "when"), rows)
    selected = CAUTION[protocol] if protocol == INNER_KFOLD else "nothing was selected on them"
    count = f"<p>{len(rows)} in all; {selected}.</p>"
    if len(rows) <= 5:
        return count + shown
    return f"{count}<details><summary>all of them</summary>{shown}</details>"


def flat(config: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Settings as rows; those within others under both names."""
    rows: list[tuple[str, str]] = []
    for key, value in config.items():
        if isinstance(value, Mapping):
            rows += flat(value, f"{prefix}{key}.")
        elif value is not None:
            rows.append((f"{prefix}{key}", str(value)))
    return rows
