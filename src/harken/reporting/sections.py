"""What the reports of a run and of a cross-validation show alike: figures on judged windows."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from harken.core.labels import activity_name
from harken.reporting.page import picture, table


def headline(m: Mapping[str, Any], after: str) -> str:
    """The accuracy, large, and the figures that stand beside it.

    Parameters
    ----------
    m : as in metrics.json
    after : what else is worth a word there
    """
    low, high = m["accuracy_ci95"]
    f1_low, f1_high = m["macro_f1_ci95"]
    worst = m["worst_subject"]
    return (
        f'<p class="big">{m["accuracy"]:.2%}</p>'
        f"<p>accuracy on {m['n_windows']:,} windows of {len(m['per_subject'])} test subjects "
        f"({escape(m['protocol'])} protocol); 95 % interval, by bootstrap over subjects, "
        f"{low:.1%} to {high:.1%}</p>"
        f"<p>Worst: subject {escape(worst['subject'])} with {worst['accuracy']:.1%}; mean over "
        f"subjects {m['mean_subject_accuracy']:.1%}.</p>"
        f'<p class="soft">macro F1 {m["macro_f1"]:.4f} ({f1_low:.4f} to {f1_high:.4f}), balanced '
        f"accuracy {m['balanced_accuracy']:.2%}; weighted precision "
        f"{m['weighted_precision']:.2%}, recall {m['weighted_recall']:.2%}, F1 "
        f"{m['weighted_f1']:.2%}; {escape(after)}</p>"
    )


def judged(
    m: Mapping[str, Any], pictures: Mapping[str, bytes], calibration_note: str
) -> dict[str, str]:
    """The sections on figures, by heading.

    Parameters
    ----------
    m : as in metrics.json
    pictures : PNG by name, as `harken.reporting.plots.judged` draws them
    calibration_note : where the temperature comes from
    """

    def shown(name: str, alt: str) -> str:
        return picture(pictures[name], alt)

    confusion = shown("confusion", "confusion matrix, told in the table below")
    by_subject = shown("per_subject", "accuracy by subject, in the table below")
    calibration = (
        f"<p>Expected calibration error {m['ece']:.4f} (15 bins); {escape(calibration_note)}.</p>"
    )
    abstaining = (
        f"<p>Answering the 95 % of windows that it is surest of: accuracy "
        f"{m['accuracy_at_95_coverage']:.2%}. Area under the curve "
        f"{m['risk_coverage_area']:.4f}, less is better.</p>"
    )
    return {
        "Confusion matrix": confusion + _confusion_table(m),
        "By activity": _per_class(m),
        "By subject": by_subject + _per_subject(m),
        "Calibration": calibration + shown("reliability", "accuracy against confidence"),
        "Abstaining": abstaining
        + shown("risk_coverage", "errors against the share of windows that is answered"),
    }


def _confusion_table(m: Mapping[str, Any]) -> str:
    names = [activity_name(label) for label in m["labels"]]
    rows = [(name, *map(str, row)) for name, row in zip(names, m["confusion_matrix"], strict=True)]
    return table(("true, then predicted", *names), rows)


def _per_class(m: Mapping[str, Any]) -> str:
    rows = [
        (
            activity_name(row["label"]),
            *(f"{row[key]:.2%}" for key in ("precision", "recall", "f1")),
            str(row["support"]),
        )
        for row in m["per_class"]
    ]
    return table(("activity", "precision", "recall", "F1", "windows"), rows)


def _per_subject(m: Mapping[str, Any]) -> str:
    worst = m["worst_subject"]["subject"]
    rows = [
        (
            row["subject"] + (" (worst)" if row["subject"] == worst else ""),
            f"{row['accuracy']:.2%}",
            str(row["n_windows"]),
        )
        for row in m["per_subject"]
    ]
    return table(("subject", "accuracy", "windows"), rows)
