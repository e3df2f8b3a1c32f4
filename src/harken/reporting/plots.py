"""Pictures of a training and of its figures.

Drawn without pyplot, so that nothing global is touched; written whole or not at all. On figures
from simulated data the word "simulated" is written.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harken.core.errors import storing
from harken.core.files import replacing
from harken.core.labels import activity_name
from harken.evaluation.calibration import Reliability, reliability
from harken.evaluation.coverage import RiskCoverage, risk_coverage
from harken.evaluation.predictions import Predictions

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Okabe and Ito's palette, which people with any colour vision can tell apart.
BLUE, ORANGE, GREEN, RED, SKY, PINK, YELLOW, BLACK = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#F0E442", "#000000",
)  # fmt: skip

_SERIES = {"batch": (SKY, "training batch"), "validation": (GREEN, "validation subjects"),
           "test": (RED, "test subjects")}  # fmt: skip


def new_figure(width: float, height: float, *, simulated: bool) -> Figure:
    """An empty figure, in inches; marked where its data is simulated."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    if simulated:
        figure.suptitle(
            "simulated data", color=RED, fontsize=10, fontweight="bold", ha="right", x=0.99
        )
    return figure


def stamp(figure: Figure, words: str) -> None:
    """Write what nobody should overlook below a figure."""
    figure.supxlabel(words, color=RED, fontsize=10, fontweight="bold")


def as_png(figure: Figure) -> bytes:
    """The figure's picture."""
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    return picture.getvalue()


def save(figure: Figure, path: str | Path) -> None:
    """Write the figure's picture, whole or not at all."""
    write_png(as_png(figure), path)


def write_png(picture: bytes, path: str | Path) -> None:
    """Write a picture that is drawn already."""
    with storing(path), replacing(path) as file:
        file.write(picture)


def curves(history: list[dict[str, Any]], *, title: str, simulated: bool = False) -> Figure:
    """Loss and accuracy over the steps, for every series that the history has."""
    figure = new_figure(9, 3.8, simulated=simulated)
    panels = figure.subplots(1, 2)
    steps = [row["step"] for row in history]
    for panel, kind in zip(panels, ("loss", "accuracy"), strict=True):
        for series, (colour, name) in _SERIES.items():
            if f"{series}_{kind}" in history[-1]:
                values = [row[f"{series}_{kind}"] for row in history]
                panel.plot(steps, values, color=colour, label=name, linewidth=1.4)
        panel.set_xlabel("optimiser step")
        panel.set_ylabel(kind)
        quiet(panel)
    _use_log_if_wide(panels[0])
    panels[0].legend(frameon=False)
    panels[0].set_title(title, loc="left", fontsize=11)
    return figure


def _use_log_if_wide(panel: Axes) -> None:
    """A logarithmic axis with plain numbers, where losses span more than a factor of five."""
    from matplotlib.ticker import LogLocator, NullFormatter

    low, high = panel.dataLim.intervaly
    if low <= 0 or high < 5 * low:
        return
    panel.set_yscale("log")
    panel.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    panel.yaxis.set_major_formatter("{x:g}")
    panel.yaxis.set_minor_formatter(NullFormatter())


def confusion(
    matrix: list[list[int]], labels: list[str], *, title: str, simulated: bool = False
) -> Figure:
    """The confusion matrix, coloured by share of the test set, with count and % of the row."""
    counts = np.array(matrix)
    names = [activity_name(label) for label in labels]
    figure = new_figure(7.2, 6.2, simulated=simulated)
    panel = figure.subplots()
    share = 100 * counts / max(1, counts.sum())
    image = panel.imshow(share, cmap="Blues", vmin=0)
    figure.colorbar(image, ax=panel, shrink=0.8, label="% of the test set")
    rows = np.maximum(1, counts.sum(axis=1))
    for i, j in np.ndindex(*counts.shape):
        if counts[i, j]:
            colour = "white" if share[i, j] > 0.6 * share.max() else "black"
            text = f"{counts[i, j]}\n{100 * counts[i, j] / rows[i]:.0f} %"
            panel.text(j, i, text, ha="center", va="center", color=colour, fontsize=9)
    panel.set_xticks(range(len(names)), names, rotation=35, ha="right", rotation_mode="anchor")
    panel.set_yticks(range(len(names)), names)
    panel.set_xlabel("predicted")
    panel.set_ylabel("true")
    panel.set_title(f"{title}\nwindows, and % of the true activity", loc="left", fontsize=11)
    return figure


def per_subject(rows: list[dict[str, Any]], *, simulated: bool = False) -> Figure:
    """Accuracy of each person, the worst one marked."""
    rows = sorted(rows, key=lambda row: row["accuracy"], reverse=True)
    figure = new_figure(7, 1.2 + 0.28 * len(rows), simulated=simulated)
    panel = figure.subplots()
    values = [100 * row["accuracy"] for row in rows]
    colours = [BLUE] * (len(rows) - 1) + [RED]
    bars = panel.barh([f"subject {row['subject']}" for row in rows], values, color=colours)
    panel.bar_label(bars, fmt="%.1f %%", padding=3, fontsize=9)
    panel.margins(y=0.01)
    panel.invert_yaxis()
    panel.set_xlim(0, 112)  # from 0, so that a bar's length is what it says; room for a label
    panel.set_xticks(range(0, 101, 20))
    panel.set_xlabel("accuracy (%)")
    panel.set_title(f"Worst: subject {rows[-1]['subject']}", loc="left", fontsize=11)
    quiet(panel)
    return figure


def reliability_diagram(bins: Reliability, *, simulated: bool = False) -> Figure:
    """Accuracy against confidence, with how many windows lie in each bin."""
    figure = new_figure(5, 4.6, simulated=simulated)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    width = bins.edges[1] - bins.edges[0]
    middle = bins.edges[:-1] + width / 2
    upper.plot([0, 1], [0, 1], color="grey", linestyle="--", linewidth=1, label="perfect")
    upper.bar(middle, bins.accuracy, width * 0.9, color=SKY, label="accuracy")
    upper.plot(bins.confidence, bins.accuracy, "o", color=BLACK, markersize=3)
    upper.set_ylabel("accuracy")
    upper.legend(frameon=False, loc="upper left")
    lower.bar(middle, bins.count, width * 0.9, color=BLUE)
    lower.set_ylabel("windows")
    lower.set_xlabel("confidence")
    for panel in (upper, lower):
        quiet(panel)
    return figure


def risk_coverage_curve(curve: RiskCoverage, *, simulated: bool = False) -> Figure:
    """Errors among the windows that are answered, the surest first; 95 % of them marked."""
    figure = new_figure(5, 3.8, simulated=simulated)
    panel = figure.subplots()
    panel.plot(100 * curve.coverage, 100 * curve.risk, color=BLUE, linewidth=1.6)
    error = 100 * (1 - curve.accuracy_at(0.95))
    panel.axvline(95, color="grey", linestyle="--", linewidth=1)
    panel.plot([95], [error], "o", color=RED, markersize=6)
    panel.annotate(
        f"{error:.1f} % errors\nin the surest 95 %",
        (95, error),
        xytext=(-8, 0),
        textcoords="offset points",
        ha="right",
        va="bottom",
        color=RED,
        fontsize=9,
    )
    panel.set_xlim(0, 100)
    panel.set_ylim(0, max(1.0, 130 * curve.risk.max()))
    panel.set_xlabel("windows answered (%)")
    panel.set_ylabel("errors among them (%)")
    quiet(panel)
    return figure


def judged(
    metrics: Mapping[str, Any],
    predictions: Predictions,
    *,
    title: str,
    simulated: bool,
) -> dict[str, Figure]:
    """The pictures of figures on judged windows, by name."""
    y, probability = predictions.y, predictions.probability
    return {
        "confusion": confusion(
            metrics["confusion_matrix"], metrics["labels"], title=title, simulated=simulated
        ),
        "per_subject": per_subject(metrics["per_subject"], simulated=simulated),
        "reliability": reliability_diagram(reliability(y, probability), simulated=simulated),
        "risk_coverage": risk_coverage_curve(risk_coverage(y, probability), simulated=simulated),
    }


def quiet(panel: Axes) -> None:
    """Only the lines that help."""
    panel.spines[["top", "right"]].set_visible(False)
    panel.grid(alpha=0.25, linewidth=0.6)
    panel.set_axisbelow(True)


def legend_above(panel: Axes) -> None:
    """The legend above the panel, where it hides no data."""
    panel.legend(
        loc="lower right",
        bbox_to_anchor=(1, 1),
        borderaxespad=0.2,
        ncols=3,
        fontsize=8,
        frameon=False,
    )
