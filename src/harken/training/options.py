"""A network's own options, as the signature of its body tells them."""

from __future__ import annotations

import importlib
import inspect
import math
from collections.abc import Mapping
from typing import Any

from harken.core.errors import FormatError, UnknownNameError
from harken.networks import MODELS


def default_options(model: str) -> dict[str, Any]:
    """Every option of a network with the value that it has when nothing is said.

    Parameters
    ----------
    model : a key of `MODELS`
    """
    module = importlib.import_module(MODELS[model].module)
    signature = inspect.signature(getattr(module, MODELS[model].body))
    keywords = [p for p in signature.parameters.values() if p.kind is p.KEYWORD_ONLY]
    return {parameter.name: parameter.default for parameter in keywords}


def refuse_wrong_options(model: str, options: Mapping[str, Any]) -> None:
    """Refuse options that a network does not have, or of which nothing can be built.

    Raises
    ------
    UnknownNameError
        The network has no option of that name.
    FormatError
        A value is of another type than the option's default, or out of its range.
    """
    defaults = default_options(model)
    for name, value in options.items():
        if name not in defaults:
            raise UnknownNameError(f"option of {model}", name, defaults)
        if expected := _expected_instead(name, value, defaults[name]):
            raise FormatError(f"Option {name!r} of {model} is {value!r}; expected {expected}.")


def _expected_instead(name: str, value: Any, default: Any) -> str:
    """What an option should have been, in words; "" if it is that."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(default, str):
        return "" if isinstance(value, str) else "a text"
    if isinstance(default, int):
        return (
            "" if is_number and isinstance(value, int) and value >= 1 else "a whole number above 0"
        )
    if name == "dropout":
        return "" if is_number and 0 <= value < 1 else "a number from 0 to below 1"
    return "" if is_number and math.isfinite(value) and value > 0 else "a number above 0"
