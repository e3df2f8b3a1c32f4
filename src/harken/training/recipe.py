"""How a network is trained: a frozen recipe, saved as `config.toml` with every run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args, get_origin, get_type_hints

from harken.core.errors import FormatError, UnknownNameError
from harken.networks import MODELS
from harken.signal.filters import CHANNEL_SETS


@dataclass(frozen=True)
class Recipe:
    """All that decides what a training does, but for the data, the seed and the machine.

    Attributes
    ----------
    model, options : a key of `MODELS` and keyword arguments of its body
    channels : "all" or "accelerometer"
    normalise : "none", or what channels are divided by: their "deviation" or "quartiles" over the
        training windows
    companding, standardising : whether the network also sees the body channels companded, or
        standardised window by window, see `harken.networks.input_transform`
    initial_values : "default", or "notebook" for those of the notebook's code
    optimiser, weight_decay
        "adam": weight decay is the L2 term weight_decay * sum(v²) / 2 in the loss, over all trained
        values, biases too. "adamw": decoupled, over matrices only.
    learning_rate, schedule : the peak; "constant" or "one-cycle"
    batch_size, epochs, shuffle : without shuffle, batches run through the files in order
    label_smoothing, clip_norm : 0 is off
    rotation_deg, scaling : standard deviation of random turns and of random gains; 0 is off
    turn_deg, turn_share : largest random turn about the vertical, either way, and the share of the
        windows that are turned; gravity does not tell how a device is turned about the vertical
    precision : "float32", or "auto" for bfloat16 where the processor has it
    validation_fraction : share of the training subjects that is held out to choose the epoch
    temperature : what logits are divided by where nobody is held out to fit it on
    evaluate_every : steps between two entries of the history; 0 is once an epoch
    test_curve : draw the test subjects' curve, as the notebook did; nothing is selected on it
    micro_batch : windows whose activations fit the cache of one core; gradients are summed
    stretch : windows that follow one another and are learnt from at once, while the network's state
        runs on; 1 takes each by itself. For networks that stream.
    """

    model: str
    options: Mapping[str, Any] = field(default_factory=dict)
    channels: str = "all"
    normalise: Literal["none", "deviation", "quartiles"] = "deviation"
    companding: bool = False
    standardising: bool = False
    initial_values: Literal["default", "notebook"] = "default"
    optimiser: Literal["adam", "adamw"] = "adamw"
    learning_rate: float = 3e-3
    weight_decay: float = 0.01
    schedule: Literal["constant", "one-cycle"] = "one-cycle"
    batch_size: int = 128
    epochs: float = 30
    shuffle: bool = True
    label_smoothing: float = 0.0
    clip_norm: float = 1.0
    rotation_deg: float = 0.0
    turn_deg: float = 0.0
    turn_share: float = 1.0
    scaling: float = 0.0
    precision: Literal["float32", "auto"] = "auto"
    validation_fraction: float = 0.2
    temperature: float = 1.0
    evaluate_every: int = 0
    test_curve: bool = False
    micro_batch: int = 64
    stretch: int = 1


#: Numbers that must be above 0; all others may be 0.
_POSITIVE = ("learning_rate", "epochs", "batch_size", "micro_batch", "temperature", "stretch")
#: Numbers that are at most 1.
_SHARES = ("label_smoothing", "turn_share", "validation_fraction")


def recipe_from(values: Mapping[str, Any]) -> Recipe:
    """A recipe from a table of a TOML file, such as `config.toml` or a preset.

    Raises
    ------
    UnknownNameError
        There is no such setting, network or set of channels.
    FormatError
        A value is of another type than its setting, or cannot be.
    """
    kinds = get_type_hints(Recipe)
    for name, value in values.items():
        if name not in kinds:
            raise UnknownNameError("setting of a recipe", name, kinds)
        _refuse_other_kind(name, value, kinds[name])
    if "model" not in values:
        raise FormatError("A recipe must name its network, as 'model'; this one does not.")
    recipe = Recipe(**values)
    if recipe.model not in MODELS:
        raise UnknownNameError("model", recipe.model, MODELS)
    if recipe.channels not in CHANNEL_SETS:
        raise UnknownNameError("set of channels", recipe.channels, CHANNEL_SETS)
    return recipe


def _refuse_other_kind(name: str, value: Any, kind: Any) -> None:
    if get_origin(kind) is Literal:
        if value not in get_args(kind):
            raise UnknownNameError(name, str(value), get_args(kind))
    elif kind in (int, float):
        _refuse_impossible_number(name, value, whole=kind is int)
    elif not isinstance(value, get_origin(kind) or kind):
        expected = {str: "a text", bool: "true or false"}.get(kind, "a table")
        raise FormatError(f"{name!r} is {value!r}; expected {expected}.")


def _refuse_impossible_number(name: str, value: Any, *, whole: bool) -> None:
    is_number = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
    if is_number and math.isfinite(value):
        above = value > 0 if name in _POSITIVE else value >= 0
        if above and (name not in _SHARES or value <= 1):
            return
    kind = "a whole number" if whole else "a number"
    limit = (
        "above 0" if name in _POSITIVE else "from 0 to 1" if name in _SHARES else "of at least 0"
    )
    raise FormatError(f"{name!r} is {value!r}; expected {kind} {limit}.")
