"""The picture of a search: how the score rose, and which settings it goes with."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from harken.reporting.plots import BLUE, GREEN, ORANGE, RED, new_figure, quiet
from harken.training.space import OPTION, Between, OneOf, Setting, Whole
from harken.training.trials import Trial, comparable_scores

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Settings that are drawn one by one, the strongest first.
_N_SHOWN = 4
#: Trials below which ranks say nothing.
_FEWEST = 4


@dataclass(frozen=True)
class Association:
    """How a setting goes with the score.

    Attributes
    ----------
    setting : its name
    words : what is higher, or taken
    rho : Spearman's rank correlation, -1 to 1
    """

    setting: str
    words: str
    rho: float


def associations(trials: Sequence[Trial], space: Mapping[str, Setting]) -> list[Association]:
    """How each setting's value goes with the score, over the trials that have one.

    Pruned trials count by `comparable_scores`.
    The rank correlation is 1 where more is always better, -1 where less is, and near 0 where it
    does not matter, or where a middle is best. Of a choice of words, each counts as taken or not;
    of two, the second stands for both.

    Parameters
    ----------
    space : ranges; a trial's value outside them is left out of that setting

    Returns
    -------
    list
        The strongest first; without the settings of which fewer than 4 trials tell.
    """
    from scipy.stats import spearmanr

    comparable, found = comparable_scores(trials), []
    for name, setting in space.items():
        judged = [t for t in trials if t.number in comparable and t.values[name] in setting]
        scores = [comparable[trial.number] for trial in judged]
        if len(judged) < _FEWEST or len(set(scores)) < 2:
            continue
        values = [trial.values[name] for trial in judged]
        for words, numbers in _as_numbers(name, setting, values).items():
            varies = len(set(numbers)) > 1
            rho = float(spearmanr(numbers, scores).statistic) if varies else 0.0
            found.append(Association(name, words, rho))
    return sorted(found, key=lambda association: -abs(association.rho))


def _as_numbers(name: str, setting: Setting, values: list[Any]) -> dict[str, list[float]]:
    """A setting's values as numbers; a choice of words as one row of 0 and 1 for each word."""
    if not isinstance(setting, OneOf) or not isinstance(setting.values[0], str):
        return {_title(name): values}
    words = setting.values[1:] if len(setting.values) == 2 else setting.values
    return {f"{_title(name)}: {word}": [float(value == word) for value in values] for word in words}


def search_picture(
    trials: Sequence[Trial], space: Mapping[str, Setting], *, title: str, simulated: bool
) -> Figure:
    """Scores by trial, associations of all settings, and the strongest settings one by one.

    Pruned trials stand where `comparable_scores` puts them.

    Parameters
    ----------
    trials : one of them complete
    """
    figure = new_figure(11, 7.4, simulated=simulated)
    grid = figure.add_gridspec(2, _N_SHOWN, height_ratios=(1.25, 1))
    half = _N_SHOWN // 2
    percent = {number: 100 * score for number, score in comparable_scores(trials).items()}
    _draw_progress(figure.add_subplot(grid[0, :half]), trials, percent, title)
    found = associations(trials, space)
    _draw_associations(figure.add_subplot(grid[0, half:]), found, len(percent))
    strongest = list(dict.fromkeys([*(of.setting for of in found), *space]))[:_N_SHOWN]
    for column, name in enumerate(strongest):
        panel = figure.add_subplot(grid[1, column])
        _draw_setting(panel, trials, percent, name, space[name])
        panel.set_ylabel("" if column else "mean accuracy (%)")
    return figure


def _draw_progress(
    panel: Axes, trials: Sequence[Trial], percent: Mapping[int, float], title: str
) -> None:
    from matplotlib.ticker import MaxNLocator

    _draw_scores(panel, trials, percent, {trial.number: trial.number for trial in trials})
    complete = [trial.number for trial in trials if trial.state == "complete"]
    best = np.maximum.accumulate([percent[number] for number in complete])
    panel.step(
        [*complete, trials[-1].number],
        [*best, best[-1]],
        where="post",
        color=GREEN,
        label="best so far",
    )
    for first, trial in enumerate([trial for trial in trials if trial.state == "failed"]):
        label = None if first else "failed"
        panel.axvline(trial.number, color=RED, linestyle=":", linewidth=1, label=label)
    panel.set_xlabel("trial (0: the recipe to improve)")
    panel.set_ylabel("mean accuracy (%)")
    panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    _head(panel, title)


def _draw_scores(
    panel: Axes, trials: Sequence[Trial], percent: Mapping[int, float], x: Mapping[int, Any]
) -> None:
    """A mark for each trial that has a score, at its place in x."""
    for state, colour, filled in (("complete", BLUE, True), ("pruned", ORANGE, False)):
        own = [t.number for t in trials if t.state == state and t.number in x]
        panel.scatter(
            [x[number] for number in own],
            [percent[number] for number in own],
            s=26,
            facecolors=colour if filled else "none",
            edgecolors=colour,
            linewidths=1.4,
            label=state,
            zorder=3,
        )


def _head(panel: Axes, title: str) -> None:
    """The title, and below it the legend, where it hides no data."""
    panel.set_title(title, loc="left", fontsize=10, pad=20)
    panel.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1),
        borderaxespad=0.2,
        ncols=4,
        fontsize=8,
        frameon=False,
    )
    quiet(panel)


def _draw_associations(panel: Axes, found: Sequence[Association], n_trials: int) -> None:
    if not found:
        panel.text(0.5, 0.5, "too few trials to tell what matters", ha="center", va="center")
        panel.set_axis_off()
        return
    chance = 1.96 / math.sqrt(n_trials - 1)  # of a rank correlation without any association
    panel.axvspan(-chance, chance, color="grey", alpha=0.15, linewidth=0, label="chance (95 %)")
    colours = [BLUE if association.rho > 0 else ORANGE for association in found]
    values = [association.rho for association in found]
    panel.barh([association.words for association in found], values, color=colours)
    panel.invert_yaxis()
    panel.axvline(0, color="black", linewidth=0.8)
    panel.set_xlim(-1, 1)
    panel.set_xticks([-1, -0.5, 0, 0.5, 1])
    panel.set_xlabel("rank correlation with the score (left: less is better)")
    panel.tick_params(axis="y", labelsize=8)
    _head(panel, "Which settings the score goes with")


def _draw_setting(
    panel: Axes,
    trials: Sequence[Trial],
    percent: Mapping[int, float],
    name: str,
    setting: Setting,
) -> None:
    from matplotlib.ticker import MaxNLocator

    inside = [trial for trial in trials if trial.values[name] in setting]
    values: dict[int, Any] = {trial.number: trial.values[name] for trial in inside}
    if isinstance(setting, OneOf):
        values = {number: setting.values.index(value) for number, value in values.items()}
        panel.set_xticks(range(len(setting.values)), [_words(value) for value in setting.values])
        panel.set_xlim(-0.5, len(setting.values) - 0.5)
    else:
        margin = (setting.high - setting.low) / 20
        panel.set_xlim(setting.low - margin, setting.high + margin)
        panel.xaxis.set_major_locator(MaxNLocator(5, integer=isinstance(setting, Whole)))
        if isinstance(setting, Between) and setting.log:
            _use_log(panel, setting)
    _draw_scores(panel, inside, percent, values)
    panel.set_xlabel(_title(name))
    panel.tick_params(labelsize=8)
    quiet(panel)


def _use_log(panel: Axes, setting: Between) -> None:
    """A logarithmic axis over a setting's range, with a few plain numbers."""
    from matplotlib.ticker import LogLocator, NullFormatter

    panel.set_xscale("log")
    panel.set_xlim(setting.low / 1.2, setting.high * 1.2)
    narrow = setting.high < 100 * setting.low
    panel.xaxis.set_major_locator(LogLocator(subs=(1, 3) if narrow else (1,)))
    panel.xaxis.set_major_formatter("{x:g}")
    panel.xaxis.set_minor_formatter(NullFormatter())


def _title(name: str) -> str:
    return name.removeprefix(OPTION).removeprefix("n_").replace("_deg", " (deg)").replace("_", " ")


def _words(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
