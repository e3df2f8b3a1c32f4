"""What a search may try: the settings of a recipe and of each network, with their ranges.

Names are those of `Recipe`; a network's own options stand under `options.`, as in a preset file.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harken.networks import MODELS
from harken.signal.filters import CHANNELS
from harken.signal.windows import Windows
from harken.training.options import default_options
from harken.training.recipe import Recipe

OPTION = "options."


@dataclass(frozen=True)
class Between:
    """Any number from `low` to `high`; with `log`, each factor of ten is as likely as another."""

    low: float
    high: float
    log: bool = False

    def __contains__(self, value: object) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Whole:
    """A whole number from `low` to `high`, in steps."""

    low: int
    high: int
    step: int = 1

    def __contains__(self, value: object) -> bool:
        return value in range(self.low, self.high + 1, self.step) and not isinstance(value, bool)


@dataclass(frozen=True)
class OneOf:
    """One of a few values, in no order."""

    values: tuple[str | int | bool, ...]

    def __contains__(self, value: object) -> bool:
        return value in self.values


Setting = Between | Whole | OneOf

#: Settings that every network has.
SHARED: Mapping[str, Setting] = {
    "learning_rate": Between(3e-4, 2e-2, log=True),
    "weight_decay": Between(1e-4, 0.3, log=True),
    "epochs": Whole(10, 80, 5),
    "batch_size": OneOf((32, 64, 128, 256)),
    "label_smoothing": Between(0.0, 0.2),
    "rotation_deg": Between(0.0, 30.0),
    "scaling": Between(0.0, 0.2),
    "companding": OneOf((False, True)),
    "standardising": OneOf((False, True)),
    "normalise": OneOf(("deviation", "quartiles")),
}

_DROPOUT = Between(0.0, 0.5)

#: Each network's own. Heads divide every number of units, so that all combinations can be built.
OPTIONS: Mapping[str, Mapping[str, Setting]] = {
    "stacked-lstm": {
        "hidden": Whole(16, 96, 8),
        "n_layers": Whole(1, 3),
        "dropout": _DROPOUT,
    },
    "conv-bilstm": {
        "width": Whole(32, 128, 16),
        "kernel": Whole(3, 9, 2),
        "stride": OneOf((2, 4)),
        "hidden": Whole(32, 128, 16),
        "dropout": _DROPOUT,
    },
    "conv-lstm": {
        "width": Whole(32, 128, 16),
        "hidden": Whole(32, 160, 16),
        "half_life": Between(16.0, 256.0, log=True),
        "dropout": _DROPOUT,
    },
    "residual-bilstm": {
        "wiring": OneOf(("residual", "parallel")),
        "width": Whole(16, 64, 4),
        "n_blocks": Whole(1, 4),
        "n_layers": Whole(1, 4),
        "dropout": _DROPOUT,
    },
    "deep-conv-lstm": {
        "width": Whole(16, 96, 16),
        "kernel": Whole(3, 9, 2),
        "n_convolutions": Whole(2, 4),
        "hidden": Whole(32, 160, 32),
        "n_layers": Whole(1, 3),
        "dropout": _DROPOUT,
    },
    "larnn": {
        "mode": OneOf(("residual", "layer")),
        "hidden": Whole(16, 80, 8),
        "n_heads": OneOf((1, 2, 4, 8)),
        "n_past": Whole(4, 40, 4),
        "n_layers": Whole(1, 3),
        "dropout": _DROPOUT,
    },
}


def space_of(model: str) -> dict[str, Setting]:
    """All settings that can be searched for a network, by name."""
    return {**SHARED, **{OPTION + name: setting for name, setting in OPTIONS[model].items()}}


def settings_for(recipe: Recipe, windows: Windows, *, epochs: bool) -> tuple[str, ...]:
    """The names of the settings to search: those that make a difference on these windows.

    Parameters
    ----------
    epochs : whether their number is searched too
    """
    idle = set() if epochs else {"epochs"}
    if not set(windows.channels) <= set(CHANNELS):
        idle.add("rotation_deg")  # turns are for the signals of one device
    if not any(name.startswith("body_") for name in windows.channels):
        idle |= {"companding", "standardising"}
    if MODELS[recipe.model].streams:
        idle.add("standardising")  # which takes a whole window
    return tuple(name for name in space_of(recipe.model) if name not in idle)


def changed(recipe: Recipe, values: Mapping[str, Any]) -> Recipe:
    """The recipe with some settings changed."""
    own = {name: value for name, value in values.items() if not name.startswith(OPTION)}
    options = {name.removeprefix(OPTION): values[name] for name in values.keys() - own.keys()}
    return dataclasses.replace(
        recipe, **own, options=dict(sorted({**recipe.options, **options}.items()))
    )


def values_of(recipe: Recipe, names: tuple[str, ...]) -> dict[str, Any]:
    """What a recipe's settings are; options that it does not name have the network's defaults."""
    options = {**default_options(recipe.model), **recipe.options}
    return {
        name: options[name.removeprefix(OPTION)]
        if name.startswith(OPTION)
        else getattr(recipe, name)
        for name in names
    }


def rounded(value: Any) -> Any:
    """A number as people would write it: four digits are finer than any search."""
    return float(f"{value:.4g}") if isinstance(value, float) and math.isfinite(value) else value
