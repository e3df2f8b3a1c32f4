"""How the tutorial's charts look: readable on a phone, for any colour vision."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

#: Okabe and Ito's palette, which people with any colour vision can tell apart.
BLUE, ORANGE, GREEN, RED, SKY, PINK = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7",
)  # fmt: skip
#: The three axes of a sensor have the same colours in every chart.
AXES = {"x": BLUE, "y": ORANGE, "z": GREEN}
#: And so have the activities; what is none of them is grey.
ACTIVITIES = {
    "WALKING": BLUE, "WALKING_UPSTAIRS": SKY, "WALKING_DOWNSTAIRS": GREEN,
    "SITTING": ORANGE, "STANDING": RED, "LAYING": PINK,
}  # fmt: skip
#: Inches: as wide as a column of text, so that letters stay large on a phone.
WIDTH = 6.4


def name(label: str) -> str:
    """An activity in words: WALKING_UPSTAIRS is "walking upstairs"."""
    return label.replace("_", " ").lower()


def use_style() -> None:
    """Set the letters, lines and frames of all charts that follow."""
    plt.rcParams.update(
        {
            "font.size": 12, "axes.titlesize": 12, "legend.fontsize": 11,
            "axes.titlelocation": "left", "figure.constrained_layout.use": True,
            "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False,
            "axes.grid": True, "grid.alpha": 0.25, "figure.dpi": 130, "savefig.bbox": "standard",
        }
    )  # fmt: skip


def chart(
    height: float, rows: int = 1, columns: int = 1, *, simulated: bool, **options: Any
) -> tuple[Figure, Any]:
    """A figure with panels, marked where its data is simulated.

    Parameters
    ----------
    height : inches
    options : for `plt.subplots`
    """
    figure, panels = plt.subplots(rows, columns, figsize=(WIDTH, height), **options)
    if simulated:
        figure.suptitle("simulated data", color=RED, fontweight="bold", ha="right", x=0.99)
    return figure, panels


def legend_above(panel: Axes, columns: int = 3) -> None:
    """The legend above the panel, where it hides nothing."""
    panel.legend(
        loc="lower right", bbox_to_anchor=(1, 1), ncols=columns, borderaxespad=0.2,
        columnspacing=1.2, handlelength=1.4,
    )  # fmt: skip


def activity_bars(panel: Axes, spans: list[tuple[float, float, str]]) -> None:
    """One row for each activity, and a bar for each stretch of it.

    Parameters
    ----------
    spans : begin and end in seconds, and label; labels that are no activity get a row of their own
    """
    rows = list(ACTIVITIES)
    other = "in between"
    for start_s, end_s, label in spans:
        row = rows.index(label) if label in rows else len(rows)
        colour = ACTIVITIES.get(label, "0.6")
        panel.barh(row, end_s - start_s, left=start_s, height=0.8, color=colour)
    has_other = any(label not in rows for *_, label in spans)
    ticks = [name(label) for label in rows] + [other] * has_other
    panel.set_yticks(range(len(ticks)), ticks)
    panel.set_ylim(len(ticks) - 0.4, -0.6)


def confusion(panel: Axes, matrix: list[list[int]], labels: list[str]) -> None:
    """Percentages of each true activity, and how many windows they are.

    Parameters
    ----------
    matrix : counts; a row for each true activity, a column for each predicted one
    """
    counts = np.array(matrix)
    share = 100 * counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    panel.imshow(share, cmap="Blues", vmin=0, vmax=100)
    for row, column in np.ndindex(*counts.shape):
        if counts[row, column]:
            colour = "white" if share[row, column] > 55 else "black"
            percent = f"{share[row, column]:.0f}" if share[row, column] >= 0.5 else "<1"
            text = f"{percent} %\n{counts[row, column]}"
            panel.text(column, row, text, ha="center", va="center", color=colour, fontsize=10)
    names = [name(label) for label in labels]
    panel.set_xticks(range(len(names)), names, rotation=35, ha="right", rotation_mode="anchor")
    panel.set_yticks(range(len(names)), names)
    panel.set_xlabel("the network says")
    panel.set_ylabel("the person did")
    panel.spines[:].set_visible(False)
    panel.grid(visible=False)
