"""A preset in a TOML file: a recipe that somebody else can train with.

    name = "search-conv-bilstm"
    description = "..."

    [recipe]
    model = "conv-bilstm"
    learning_rate = 0.004

    [recipe.options]
    hidden = 96

Settings that are left out are those of `Recipe`.
"""

from __future__ import annotations

import dataclasses
import re
import tomllib
from pathlib import Path
from typing import Any

from harken.core.errors import FormatError, InputError, storing
from harken.core.files import write_text
from harken.networks import MODELS, require_torch
from harken.training.options import refuse_wrong_options
from harken.training.presets import PRESETS, Preset
from harken.training.recipe import recipe_from

#: How a name that is the path of a preset file ends.
SUFFIX = ".toml"


def write_preset(preset: Preset, path: Path) -> None:
    """Write a preset file, whole or not at all."""
    import tomli_w

    table = {
        "name": preset.name,
        "description": preset.description,
        "recipe": dataclasses.asdict(preset.recipe),
    }
    with storing(path):
        write_text(path, tomli_w.dumps(table))


def read_preset(path: Path) -> Preset:
    """Read a preset file.

    Raises
    ------
    InputError
        There is no such file.
    FormatError
        It is not in the form of a preset; the message names the field.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise InputError(f"There is no preset file {path}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FormatError(f"{path} is not a TOML file: {error}") from None
    try:
        return dataclasses.replace(_preset_from(table), file=str(path.absolute()))
    except InputError as error:
        raise FormatError(f"{path}: {error}") from None


def _preset_from(table: dict[str, Any]) -> Preset:
    expected = {"name": str, "description": str, "recipe": dict}
    for field, kind in expected.items():
        if not isinstance(table.get(field), kind):
            raise FormatError(
                f"a preset file holds a name and a description, which are texts, and a table "
                f"[recipe]; {field!r} is {table.get(field, 'not there')!r}."
            )
    if foreign := table.keys() - expected:
        raise FormatError(
            f"{min(foreign)!r} is no part of a preset file; known: {', '.join(expected)}."
        )
    _refuse_misleading_name(table["name"])
    recipe = recipe_from(table["recipe"])
    require_torch()
    refuse_wrong_options(recipe.model, recipe.options)
    return Preset(table["name"], table["description"], recipe)


def _refuse_misleading_name(name: str) -> None:
    """A preset's name stands in folders and reports: no other preset's, and fit for a path."""
    if name in PRESETS or name in MODELS:
        raise FormatError(
            f"the name {name!r} is that of a preset or network that ships; give it another."
        )
    if not re.fullmatch(r"\w[\w.-]*", name):
        raise FormatError(
            f"the name {name!r} will not do: only letters, digits, '.', '-' and '_', the first of "
            "them a letter or digit."
        )
