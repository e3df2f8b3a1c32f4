"""The report of a cross-validation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from harken.reporting.page import SIMULATED, table, write_page
from harken.reporting.report import flat
from harken.reporting.sections import headline, judged


@dataclass(frozen=True)
class CrossvalReport:
    """What a report tells, as plain values.

    Attributes
    ----------
    title : what was trained on what, and how it was split
    metrics : as in crossval.json
    config : what the folds' configurations share
    openings : by fold, when and why its test subjects were looked at
    command : makes the cross-validation again
    credits : of the dataset
    pictures : PNG by name, as `harken.reporting.plots.judged` draws them
    simulated : whether the data is
    """

    title: str
    metrics: Mapping[str, Any]
    config: Mapping[str, Any]
    openings: Mapping[str, Sequence[Mapping[str, str]]]
    command: str
    credits: str
    pictures: Mapping[str, bytes]
    simulated: bool


def write_crossval_report(path: str | Path, report: CrossvalReport) -> None:
    """Write the report, whole or not at all; it needs no other file and no network."""
    m = report.metrics
    sections = {
        "Folds": _folds(m),
        **judged(m, report.pictures, "each fold has its own temperature, in the table of folds"),
        **({"Leak meter": _leak_meter(m)} if "leak_meter" in m else {}),
        "Recipe": table(("setting", "value"), flat(report.config)),
        "Openings of the test subjects": _openings(report.openings),
        "Make it again": f"<p><code>{escape(report.command)}</code></p>",
        "Credits": f'<p class="soft">{escape(report.credits)}</p>',
    }
    write_page(
        path,
        report.title,
        headline(
            m,
            f"standard deviation over {m['n_folds']} folds {m['accuracy_fold_deviation']:.2%}; "
            f"{m['n_parameters']:,} parameters, trained in {m['train_seconds']:.1f} s in all",
        ),
        sections,
        cautions=[SIMULATED] if report.simulated else [],
    )


def _folds(m: Mapping[str, Any]) -> str:
    rows = [
        (
            row["fold"],
            f"{row['accuracy']:.2%}",
            f"{row['macro_f1']:.4f}",
            "" if row["validation_accuracy"] is None else f"{row['validation_accuracy']:.2%}",
            f"{row['temperature']:.3f}",
            f"{row['n_windows']:,}",
        )
        for row in m["folds"]
    ]
    people = "; ".join(f"{row['fold']}: {', '.join(row['subjects'])}" for row in m["folds"])
    head = ("fold", "accuracy", "macro F1", "validation accuracy", "temperature", "windows")
    return (
        "<p>Every window was judged once, by a network that had never seen its person. Each fold "
        "is a run in a folder of that name, with a report of its own.</p>"
        + table(head, rows)
        + f'<p class="soft">Subjects judged, {escape(people)}</p>'
    )


def _leak_meter(m: Mapping[str, Any]) -> str:
    leaks = m["leak_meter"]
    rows = [
        (name, f"{of['accuracy']:.2%}", f"{of['macro_f1']:.4f}", f"{of['n_windows']:,}")
        for name, of in ((f"{m['protocol']}: new people", m), (leaks["caution"], leaks))
    ]
    return (
        "<p>The same recipe, trained once more with windows held out at random. Windows of the "
        "same people then stand on both sides, overlapping by half: the network is asked what it "
        "was told. Beside the figure for new people: "
        f"{100 * leaks['accuracy_difference']:+.2f} percentage points.</p>"
        + table(("split", "accuracy", "macro F1", "windows"), rows)
    )


def _openings(openings: Mapping[str, Sequence[Mapping[str, str]]]) -> str:
    rows = [(name, entry["why"], entry["when"]) for name in openings for entry in openings[name]]
    shown = table(("fold", "why", "when"), rows)
    return (
        f"<p>{len(rows)} in all; nothing was selected on them.</p>"
        f"<details><summary>all of them</summary>{shown}</details>"
    )
