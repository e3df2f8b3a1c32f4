"""The presets that ship."""

from __future__ import annotations

import dataclasses

import pytest

from harken.networks import build
from harken.networks.network import Network, Shape
from harken.signal.filters import CHANNELS
from harken.training.presets import PRESETS, Preset
from harken.training.recipe import recipe_from


def network_of(preset: Preset) -> Network:
    recipe = preset.recipe
    companded = range(6) if recipe.companding else ()
    return build(recipe.model, Shape(len(CHANNELS), 128, 6), recipe.options, companded=companded)


@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda p: p.name)
def test_a_preset_builds_its_network_and_survives_the_config_file(preset: Preset) -> None:
    assert network_of(preset).n_parameters > 0
    assert recipe_from(dataclasses.asdict(preset.recipe)) == preset.recipe


def test_the_companded_stacked_lstm_is_as_small_and_trained_as_the_plain_one() -> None:
    plain, companded = PRESETS["stacked-lstm"], PRESETS["stacked-lstm-companded"]
    assert companded.recipe == dataclasses.replace(plain.recipe, companding=True)
    assert network_of(companded).n_parameters < 20_000
