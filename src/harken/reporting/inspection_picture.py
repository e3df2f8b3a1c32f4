"""A picture of a recording with what the inspection found in it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harken.inspection.finding import Inspection
from harken.reporting.plots import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    PINK,
    RED,
    SKY,
    YELLOW,
    legend_above,
    new_figure,
    quiet,
)
from harken.reporting.timeline import draw_signals, envelope, signals_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from harken.core.recording import Recording, Sensor

#: Each kind of finding has a colour; further ones begin again, with another hatching.
_COLOURS = (RED, SKY, YELLOW, PINK, GREEN, ORANGE, BLUE)
_HATCHES = ("", "//", "..", "xx")
#: Stretches that are drawn of one finding: more cannot be told apart.
_MOST_DRAWN = 200


def picture(recording: Recording, inspection: Inspection, *, simulated: bool = False) -> Figure:
    """Size of the acceleration, all axes, and the time steps; findings are shaded where they lie.

    Those that lie nowhere in particular stand in the title.
    """
    signals = signals_of(recording)
    heights = [1.0] + [1.5] * len(signals) + [0.8]
    figure = new_figure(11, 1.7 * len(heights) + 1.0, simulated=simulated)
    panels = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights)
    _draw_size(panels[0], recording.acc)
    for panel, (name, sensor) in zip(panels[1:], signals, strict=False):
        draw_signals(panel, sensor, name)
        _look_past_spikes(panel, sensor.values)
    _draw_steps(panels[-1], [sensor for _, sensor in signals])
    panels[0].margins(x=0.01)
    _shade(figure, inspection, {"acc": panels[:2], "gyro": panels[2:-1], "": panels})
    panels[0].set_title(_title(recording, inspection), loc="left", fontsize=10)
    return figure


def _draw_size(panel: Axes, acc: Sensor) -> None:
    sizes = np.linalg.norm(acc.values, axis=1)
    panel.axhline(1, color="0.6", linewidth=0.8)
    panel.plot(*envelope(acc.time_s, sizes), color=BLACK, linewidth=0.7)
    panel.set_ylabel("size (g)")
    _look_past_spikes(panel, sizes)
    quiet(panel)


def _draw_steps(panel: Axes, sensors: list[Sensor]) -> None:
    """Time from each sample to the next; an even clock is a flat line, a gap a peak."""
    for sensor, colour, name in zip(sensors, (BLUE, ORANGE), ("acc", "gyro"), strict=False):
        steps_ms = 1000 * np.diff(sensor.time_s)
        line = envelope(sensor.time_s[1:], steps_ms)
        panel.plot(*line, color=colour, linewidth=0.7, label=name, drawstyle="steps-pre")
    # Steps back are negative; gaps are a thousand times longer than steps.
    panel.set_yscale("symlog", linthresh=100)
    panel.yaxis.set_major_formatter("{x:g}")
    # From 0 to twice a usual step at least, so that an even clock's rounding is not magnified.
    low, high = panel.dataLim.intervaly
    usual = [1000 / sensor.rate_hz for sensor in sensors if sensor.rate_hz > 0]
    if usual:
        panel.set_ylim(min(0.0, 1.1 * low), max(2 * max(usual), 1.1 * high))
    panel.set_ylabel("step (ms)")
    panel.set_xlabel("time (s)")
    if len(sensors) > 1:
        legend_above(panel)
    quiet(panel)


def _look_past_spikes(panel: Axes, values: NDArray[np.float64]) -> None:
    """Cut spikes off where they would make everything else a flat line."""
    if not values.size:
        return
    low, high = np.percentile(values, [0.1, 99.9])
    room = 0.25 * max(high - low, 0.1)
    if np.ptp(values) > 4 * room + 2 * (high - low):
        panel.set_ylim(low - room, high + room)


def _shade(figure: Figure, inspection: Inspection, by_sensor: dict[str, Sequence[Axes]]) -> None:
    from matplotlib.patches import Patch

    styles: dict[str, tuple[str, str]] = {}
    for finding in inspection.findings:
        if not finding.where:
            continue
        number = len(styles)
        fresh = (_COLOURS[number % len(_COLOURS)], _HATCHES[number // len(_COLOURS) % 4])
        colour, hatch = styles.setdefault(finding.kind, fresh)
        for start_s, end_s in finding.where[:_MOST_DRAWN]:
            for panel in by_sensor[finding.sensor]:
                # The edge keeps a single sample visible.
                panel.axvspan(
                    start_s, end_s, color=colour, hatch=hatch, alpha=0.35, linewidth=1, zorder=0
                )
    if styles:
        patches = [
            Patch(facecolor=colour, hatch=hatch, alpha=0.5, label=kind)
            for kind, (colour, hatch) in styles.items()
        ]
        figure.legend(handles=patches, loc="outside lower center", ncols=6, fontsize=8)


def _title(recording: Recording, inspection: Inspection) -> str:
    name = recording.source.replace("\\", "/").rsplit("/", 1)[-1] or "recording"
    usable = "usable" if inspection.usable else "not fit for a model"
    everywhere = list(dict.fromkeys(f.kind for f in inspection.findings if not f.where))
    lines = [f"{name}: {usable}"]
    if everywhere:
        lines.append("throughout: " + ", ".join(everywhere))
    return "\n".join(textwrap.fill(line, 130) for line in lines)
