"""A picture of a prediction: signals above, activities below."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from harken.core.labels import activity_name
from harken.inference.bouts import NOT_SURE, WARM_UP, Bout
from harken.reporting.plots import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    PINK,
    RED,
    SKY,
    legend_above,
    new_figure,
    quiet,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from harken.core.recording import Recording, Sensor
    from harken.inference.prediction import Prediction

#: An activity has the same colour in every picture; further ones begin again.
_COLOURS = (BLUE, SKY, GREEN, ORANGE, RED, PINK)
_AXES = {"x": BLUE, "y": ORANGE, "z": GREEN}
_WARM_UP_STYLE: Any = {"facecolor": "0.9", "edgecolor": "0.6", "hatch": "//", "linewidth": 0}
_NOT_SURE_STYLE: Any = {"facecolor": "none", "edgecolor": "0.7", "hatch": "xx", "linewidth": 0}
_GUESS_STYLE: Any = {"facecolor": "white", "edgecolor": "0.3", "linestyle": "--"}
#: Letters of small print in the width of a picture.
_LINE = 160
#: Points per line; more than a picture has columns of pixels.
_MAX_POINTS = 3000


def timeline(prediction: Prediction) -> Figure:
    """Signals, if a recording was read, and one row of bars per activity."""
    recording = prediction.recording
    labels = list(prediction.windows.labels)
    sensors = [] if recording is None else signals_of(recording)
    heights = [1.7] * len(sensors) + [0.35 * len(labels) + 0.4]
    small_print = _small_print(prediction)
    height = sum(heights) + 1.0 + 0.15 * len(small_print)
    figure = new_figure(11, height, simulated=prediction.simulated)
    panels = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights, squeeze=False)
    for panel, (name, sensor) in zip(panels[:, 0], sensors, strict=False):
        draw_signals(panel, sensor, name)
    bars = panels[-1, 0]
    if recording is None:
        _draw_windows(bars, prediction.bouts, labels)
    else:
        _draw_bouts(bars, prediction.bouts, labels)
        bars.set_xlabel(_time_label(recording))
    smoothed = "" if prediction.smoothing == "none" else f", smoothed ({prediction.smoothing})"
    bars.set_title(f"recognised{smoothed}, paler where less sure", loc="left", fontsize=9)
    panels[0, 0].set_title(prediction.source.replace("\\", "/").rsplit("/", 1)[-1], loc="left")
    panels[0, 0].margins(x=0.01)
    figure.align_ylabels(panels[:-1, 0])
    colour = RED if prediction.violations else "0.3"
    figure.supxlabel("\n".join(small_print), fontsize=8, color=colour, x=0.01, ha="left")
    return figure


def _time_label(recording: Recording) -> str:
    if recording.start_utc is None:
        return "time (s)"
    return f"time (s) since {recording.start_utc:%Y-%m-%d %H:%M:%S} UTC"


def _small_print(prediction: Prediction) -> list[str]:
    """Lines on how the device was taken to sit, and what the model refused."""
    said = []
    if prediction.recording is not None:
        said.append(f"placement: {prediction.recording.placement or 'not known'}")
    if prediction.mounting is not None:
        said.append(f"mounting: {'; '.join(prediction.mounting.notes)}")
    said += [f"forced: {violation}" for violation in prediction.violations]
    return [line for text in said for line in textwrap.wrap(text, _LINE)]


def signals_of(recording: Recording) -> list[tuple[str, Sensor]]:
    """The sensors of a recording, with what to write at their axes."""
    found = [("acceleration (g)", recording.acc)]
    if recording.gyro is not None:
        found.append(("angular velocity (rad/s)", recording.gyro))
    return found


def draw_signals(panel: Axes, sensor: Sensor, name: str) -> None:
    """Three lines, x, y and z, over time."""
    for (axis, colour), values in zip(_AXES.items(), sensor.values.T, strict=True):
        panel.plot(*envelope(sensor.time_s, values), color=colour, linewidth=0.7, label=axis)
    panel.set_ylabel(name, fontsize=9)
    legend_above(panel)
    quiet(panel)


def envelope(
    time_s: NDArray[np.float64], values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lowest and highest value of each short stretch: looks the same, draws fast."""
    stretch = max(1, 2 * len(values) // _MAX_POINTS)
    if stretch <= 2:
        return time_s, values
    n = len(values) // stretch
    blocks = values[: n * stretch].reshape(n, stretch)
    extremes = np.stack([blocks.min(axis=1), blocks.max(axis=1)], axis=1).ravel()
    return np.repeat(time_s[: n * stretch : stretch], 2), extremes


def _draw_bouts(panel: Axes, bouts: list[Bout], labels: list[str]) -> None:
    _draw_rows(panel, [(b.start_s, b.end_s, b) for b in bouts], labels)


def _draw_windows(panel: Axes, bouts: list[Bout], labels: list[str]) -> None:
    """Windows without a recording have no common clock: bouts are put one after another."""
    ends = np.cumsum([bout.n_windows for bout in bouts])
    rows = [(end - b.n_windows, end, b) for end, b in zip(ends, bouts, strict=True)]
    _draw_rows(panel, rows, labels)
    panel.set_xlabel("window")


def _draw_rows(panel: Axes, rows: list[tuple[float, float, Bout]], labels: list[str]) -> None:
    for start, end, bout in rows:
        if bout.activity == WARM_UP:
            panel.axvspan(start, end, **_WARM_UP_STYLE)
        elif bout.activity == NOT_SURE:
            _draw_not_sure(panel, start, end, labels.index(bout.best_guess or labels[0]))
        else:
            row = labels.index(bout.activity)
            colour = _COLOURS[row % len(_COLOURS)]
            alpha = 0.35 + 0.65 * (bout.confidence or 0)
            panel.barh(row, end - start, left=start, height=0.8, color=colour, alpha=alpha)
    found = {bout.activity for *_, bout in rows}
    for activity, style, said in (
        (WARM_UP, _WARM_UP_STYLE, "filters warming up: no claim"),
        (NOT_SURE, _NOT_SURE_STYLE, "not sure: no claim; best guess dashed, with a question mark"),
    ):
        if activity in found:
            panel.bar(0, 0, **style, label=said)
    if found & {WARM_UP, NOT_SURE}:
        legend_above(panel)
    panel.set_yticks(range(len(labels)), [activity_name(label) for label in labels])
    panel.set_ylim(len(labels) - 0.4, -0.6)
    panel.grid(axis="x", alpha=0.25, linewidth=0.6)
    panel.set_axisbelow(True)
    panel.spines[["top", "right"]].set_visible(False)
    panel.tick_params(axis="y", colors=BLACK)


def _draw_not_sure(panel: Axes, start: float, end: float, row: int) -> None:
    panel.axvspan(start, end, **_NOT_SURE_STYLE)
    panel.barh(row, end - start, left=start, height=0.8, **_GUESS_STYLE)
    panel.text((start + end) / 2, row, "?", ha="center", va="center", fontsize=9, clip_on=True)
