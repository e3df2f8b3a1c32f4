"""The report of a run: one HTML file with everything in it, for people and for printing."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

from harken.errors import storing
from harken.files import write_text
from harken.labels import activity_name


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
    pictures : PNG by name: curves, confusion, per_subject, reliability
    simulated : whether the data is
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


def write_report(path: str | Path, report: ReportData) -> None:
    """Write the report, whole or not at all; it needs no other file and no network."""
    page = resources.files("harken.evaluation").joinpath("report.html").read_text(encoding="utf-8")
    m = report.metrics
    filled = Template(page).substitute(
        title=escape(report.title),
        banner='<p class="simulated">simulated data: these figures say nothing about people</p>'
        if report.simulated
        else "",
        headline=_headline(m),
        data=_data(report.data),
        recipe=_table(("setting", "value"), _flat(report.config)),
        curves=_picture(report.pictures["curves"], "loss and accuracy by optimiser step"),
        confusion=_picture(
            report.pictures["confusion"], "confusion matrix, told in the table below"
        )
        + _confusion_table(m),
        per_class=_per_class(m),
        per_subject=_picture(
            report.pictures["per_subject"], "accuracy by subject, in the table below"
        )
        + _per_subject(m),
        calibration=_calibration(m)
        + _picture(report.pictures["reliability"], "accuracy against confidence"),
        openings=_openings(report.openings),
        machine=_table(("what", "which"), list(report.machine.items())),
        command=escape(report.command),
        credits=escape(report.credits),
    )
    with storing(path):
        write_text(path, filled)


def _headline(m: Mapping[str, Any]) -> str:
    low, high = m["accuracy_ci95"]
    return (
        f'<p class="big">{m["accuracy"]:.2%}</p>'
        f"<p>accuracy on {m['n_windows']:,} windows of {len(m['per_subject'])} test subjects "
        f"({escape(m['protocol'])} protocol); 95 % interval, by bootstrap over subjects, "
        f"{low:.1%} to {high:.1%}</p>"
        f'<p class="soft">macro F1 {m["macro_f1"]:.4f}, balanced accuracy '
        f"{m['balanced_accuracy']:.2%}; weighted precision {m['weighted_precision']:.2%}, recall "
        f"{m['weighted_recall']:.2%}, F1 {m['weighted_f1']:.2%}; {m['n_parameters']:,} parameters, "
        f"trained in {m['train_seconds']:.1f} s</p>"
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
        + _table(("activity", "training", "test"), rows)
        + f'<p class="soft">Subjects, {escape(people)}</p>'
    )


def _confusion_table(m: Mapping[str, Any]) -> str:
    names = [activity_name(label) for label in m["labels"]]
    rows = [(name, *map(str, row)) for name, row in zip(names, m["confusion_matrix"], strict=True)]
    return _table(("true, then predicted", *names), rows)


def _per_class(m: Mapping[str, Any]) -> str:
    rows = [
        (
            activity_name(row["label"]),
            *(f"{row[key]:.2%}" for key in ("precision", "recall", "f1")),
            str(row["support"]),
        )
        for row in m["per_class"]
    ]
    return _table(("activity", "precision", "recall", "F1", "windows"), rows)


def _per_subject(m: Mapping[str, Any]) -> str:
    worst = min(m["per_subject"], key=lambda row: row["accuracy"])["subject"]
    rows = [
        (
            row["subject"] + (" (worst)" if row["subject"] == worst else ""),
            f"{row['accuracy']:.2%}",
            str(row["n_windows"]),
        )
        for row in m["per_subject"]
    ]
    return _table(("subject", "accuracy", "windows"), rows)


def _calibration(m: Mapping[str, Any]) -> str:
    fitted = m["validation_accuracy"] is not None
    temperature = (
        f"temperature {m['temperature']:.3f}, fitted on validation subjects"
        if fitted
        else "no temperature fitted: nothing was held out"
    )
    return f"<p>Expected calibration error {m['ece']:.4f} (15 bins); {temperature}.</p>"


def _openings(openings: Sequence[Mapping[str, str]]) -> str:
    rows = [(entry["why"], entry["when"]) for entry in openings]
    shown = _table(("why", "when"), rows)
    count = f"<p>{len(rows)} in all; nothing was selected on them.</p>"
    if len(rows) <= 5:
        return count + shown
    return f"{count}<details><summary>all of them</summary>{shown}</details>"


def _flat(config: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for key, value in config.items():
        if isinstance(value, Mapping):
            rows += _flat(value, f"{prefix}{key}.")
        elif value is not None:
            rows.append((f"{prefix}{key}", str(value)))
    return rows


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    cells = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows
    )
    table = f"<table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="scroll">{table}</div>'


def _picture(png: bytes, alt: str) -> str:
    data = base64.b64encode(png).decode()
    return f'<p><img alt="{escape(alt)}" src="data:image/png;base64,{data}"></p>'
