"""The tutorial's drawings of recurrent networks: boxes, circles and arrows, placed by hand."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch

from charts import BLUE, GREEN, ORANGE, SKY, WIDTH

_INPUT, _STATE, _OUTPUT = SKY, ORANGE, GREEN
_INK = "0.15"


def _sheet(width: float, height: float) -> tuple[Figure, Axes]:
    """A sheet without axes; one unit is the same length both ways."""
    figure, sheet = plt.subplots(figsize=(WIDTH, WIDTH * height / width))
    sheet.set(xlim=(0, width), ylim=(0, height), aspect="equal")
    sheet.axis("off")
    return figure, sheet


def _box(
    sheet: Axes, x: float, y: float, text: str, colour: str, *, width: float = 1.0,
    height: float = 0.7, ink: str = "black", size: float = 12,
) -> None:  # fmt: skip
    """A box around (x, y) with words in it."""
    left, bottom = x - width / 2, y - height / 2
    style = "round,pad=0,rounding_size=0.12"
    sheet.add_patch(
        FancyBboxPatch((left, bottom), width, height, style, facecolor=colour, edgecolor=_INK)
    )
    sheet.text(x, y, text, ha="center", va="center", color=ink, fontsize=size)


def _knot(sheet: Axes, x: float, y: float, sign: str) -> None:
    """A circle in which two values are put together, element by element."""
    sheet.add_patch(Circle((x, y), 0.27, facecolor="white", edgecolor=_INK, zorder=3))
    sheet.text(x, y, sign, ha="center", va="center_baseline", fontsize=15, zorder=4)


def _arrow(sheet: Axes, *points: tuple[float, float], **options: Any) -> None:
    """A line through points with its head at the last one."""
    *before, last = points
    style = {"color": _INK, "linewidth": 1.6, **options}
    if len(before) > 1:
        sheet.plot(*zip(*before, strict=True), **style, solid_capstyle="round", zorder=1)
    sheet.annotate(
        "", last, before[-1],
        arrowprops={"arrowstyle": "-|>", "shrinkA": 0, "shrinkB": 0, "mutation_scale": 13, **style},
    )  # fmt: skip


def kinds_of_networks() -> Figure:
    """Which steps have an input and which an answer, in three kinds of networks."""
    figure, sheet = _sheet(10.4, 4.4)
    for left, title, steps, answers in (
        (0.6, "one to one", 1, (0,)),
        (2.9, "many to many", 3, (0, 1, 2)),
        (6.9, "many to one", 3, (2,)),
    ):
        for step in range(steps):
            x = left + 0.45 + 1.15 * step
            _box(sheet, x, 0.55, "", _INPUT, width=0.8)
            _box(sheet, x, 1.9, "", _STATE, width=0.8)
            _arrow(sheet, (x, 0.9), (x, 1.55))
            if step in answers:
                _box(sheet, x, 3.25, "", _OUTPUT, width=0.8)
                _arrow(sheet, (x, 2.25), (x, 2.9))
            if step:
                _arrow(sheet, (x - 0.75, 1.9), (x - 0.4, 1.9))
        middle = left + 0.45 + 1.15 * (steps - 1) / 2
        sheet.text(middle, 4.05, title, ha="center", va="center", fontsize=13, fontweight="bold")
    for y, word in ((0.55, "input"), (1.9, "state"), (3.25, "answer")):
        sheet.text(0.35, y, word, ha="center", va="center", rotation=90, fontsize=12)
    return figure


def unrolled() -> Figure:
    """A recurrent network over one window: the state goes along, the last one is answered from."""
    figure, sheet = _sheet(10.4, 5.0)
    places = ((1.2, "1"), (3.4, "2"), (5.6, "3"), (8.8, "128"))
    for x, step in places:
        _box(sheet, x, 0.75, f"9 values\nat step {step}", _INPUT, width=1.75, height=0.95, size=11)
        _box(sheet, x, 2.4, f"state {step}", _STATE, width=1.5, height=0.8)
        _arrow(sheet, (x, 1.225), (x, 2.0))
    for (x, _), (after, _) in pairwise(places[:3]):
        _arrow(sheet, (x + 0.75, 2.4), (after - 0.75, 2.4))
    sheet.text(7.2, 2.4, ". . .", ha="center", va="center", fontsize=16)
    _arrow(sheet, (6.35, 2.4), (6.8, 2.4))
    _arrow(sheet, (7.6, 2.4), (8.05, 2.4))
    _box(sheet, 8.8, 4.2, "“walking”", _OUTPUT, width=2.0, height=0.8)
    _arrow(sheet, (8.8, 2.8), (8.8, 3.8))
    sheet.text(
        4.4, 4.2, "the same weights at every step;\none answer, after the last",
        ha="center", va="center", fontsize=12,
    )  # fmt: skip
    return figure


def lstm_cell() -> Figure:
    """One step of an LSTM: its memory above, three gates and what could be noted below."""
    figure, sheet = _sheet(10.6, 7.0)
    style = "round,pad=0,rounding_size=0.3"
    sheet.add_patch(
        FancyBboxPatch((1.0, 1.0), 8.5, 5.1, style, facecolor="0.95", edgecolor="0.6", zorder=0)
    )
    memory, below = 5.3, 1.5
    white = {"ink": "white", "size": 11, "width": 1.35, "height": 0.8}
    _arrow(sheet, (0.1, memory), (10.5, memory), linewidth=3.0)
    _arrow(sheet, (0.1, below), (6.85, below), (6.85, 2.2))
    for x in (2.0, 3.75, 5.3):
        _arrow(sheet, (x, below), (x, 2.2))
    _arrow(sheet, (0.7, 0.1), (0.7, below - 0.04))
    _box(sheet, 2.0, 2.6, "forget", BLUE, **white)
    _box(sheet, 3.75, 2.6, "write", BLUE, **white)
    _box(sheet, 5.3, 2.6, "note", ORANGE, width=1.35, height=0.8, size=11)
    _box(sheet, 6.85, 2.6, "read", BLUE, **white)
    _arrow(sheet, (2.0, 3.0), (2.0, memory - 0.27))
    _knot(sheet, 2.0, memory, "×")
    _arrow(sheet, (3.75, 3.0), (3.75, 3.9), (4.26, 3.9))
    _arrow(sheet, (5.3, 3.0), (5.3, 3.9), (4.8, 3.9))
    _knot(sheet, 4.53, 3.9, "×")
    _arrow(sheet, (4.53, 4.17), (4.53, memory - 0.27))
    _knot(sheet, 4.53, memory, "+")
    _box(sheet, 8.5, 4.4, "tanh", ORANGE, width=1.0, height=0.6, size=11)
    _arrow(sheet, (8.5, memory), (8.5, 4.7))
    _arrow(sheet, (8.5, 4.1), (8.5, 3.87))
    _arrow(sheet, (6.85, 3.0), (6.85, 3.6), (8.23, 3.6))
    _knot(sheet, 8.5, 3.6, "×")
    _arrow(sheet, (8.5, 3.33), (8.5, below), (10.5, below))
    sheet.text(0.1, 6.3, "memory before", ha="left", va="bottom", fontsize=11)
    sheet.text(10.5, 6.3, "memory after", ha="right", va="bottom", fontsize=11)
    sheet.text(0.0, below + 0.2, "state\nbefore", ha="left", va="bottom", fontsize=11)
    sheet.text(10.55, below + 0.2, "state\nafter", ha="right", va="bottom", fontsize=11)
    sheet.text(0.95, 0.35, "values of this step", ha="left", va="center", fontsize=11)
    return figure


def stacked_lstm(n_channels: int, n_steps: int, hidden: int, n_labels: int) -> Figure:
    """The notebook's network, from the signals of a window to its activity."""
    figure, sheet = _sheet(10.4, 7.2)
    rows = (
        (0.7, f"{n_steps} steps of {n_channels} signals", _INPUT),
        (2.1, f"dense layer, ReLU: {n_channels} to {hidden} at every step", "0.88"),
        (3.5, f"LSTM of {hidden}", _STATE),
        (4.9, f"LSTM of {hidden}", _STATE),
        (6.5, f"dense layer: the last step's {hidden} to {n_labels} activities", _OUTPUT),
    )
    for y, words, colour in rows:
        _box(sheet, 5.2, y, words, colour, width=9.6, height=0.8)
    for (y, *_), (above, *_) in pairwise(rows[:4]):
        for x in (1.2, 2.8, 4.4, 6.0, 7.6, 9.2):
            _arrow(sheet, (x, y + 0.4), (x, above - 0.4))
    _arrow(sheet, (9.2, 5.3), (9.2, 6.1))
    sheet.text(8.9, 5.7, "last step only", ha="right", va="center", fontsize=12)
    return figure
