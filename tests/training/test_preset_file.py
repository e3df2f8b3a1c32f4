"""Preset files: what is written is read again, and what cannot be is refused by name."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

import harken
from harken.core.errors import FormatError, InputError
from harken.datasets import simulated
from harken.training.api import recipe_for, resume
from harken.training.preset_file import read_preset, write_preset
from harken.training.presets import PRESETS, Preset

GOOD = 'name = "mine"\ndescription = "my own"\n[recipe]\nmodel = "stacked-lstm"\n'


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_read_as_it_was_written(name: str, tmp_path: Path) -> None:
    file = tmp_path / "preset.toml"
    preset = Preset(f"my-{name}", "mine", PRESETS[name].recipe)
    write_preset(preset, file)
    assert read_preset(file) == dataclasses.replace(preset, file=str(file))


def test_what_the_caller_gives_goes_before_the_file(tmp_path: Path) -> None:
    file = tmp_path / "preset.toml"
    file.write_text(GOOD + "epochs = 7\nbatch_size = 32\n")
    recipe = recipe_for(str(file), None, channels="accelerometer", epochs=0.5).recipe
    assert (recipe.epochs, recipe.batch_size, recipe.channels) == (0.5, 32, "accelerometer")


def test_a_run_remembers_the_recipe_and_needs_the_file_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    windows = simulated.load()
    few = windows.select(np.arange(0, len(windows), 16))
    file = tmp_path / "preset.toml"
    file.write_text(GOOD + "epochs = 0.5\n[recipe.options]\nhidden = 8\n")
    run = harken.train(few, preset=str(file), out=tmp_path / "run")
    page = run.report.read_text()
    assert f"--preset {file} --seed 0 --epochs 0.5" in page
    assert run.metrics["preset"] == "mine"
    before = (run.path / "weights.safetensors").read_bytes()
    file.unlink()
    for name in ("report.html", "weights.safetensors"):
        (run.path / name).unlink()
    monkeypatch.setattr("harken.datasets.load", lambda *_, **__: few)
    assert resume(run.path).finished
    assert (run.path / "weights.safetensors").read_bytes() == before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = ", "is not a TOML file"),
        ("name = 'x'\n[recipe]\nmodel = 'larnn'", "'description' is 'not there'"),
        ("name = 'x'\ndescription = 'x'\nrecipe = 3", "'recipe' is 3"),
        ("x = 1\n" + GOOD, "'x' is no part of a preset file"),
        (GOOD.replace("mine", "notebook"), "is that of a preset or network that ships"),
        (GOOD.replace("mine", "../mine"), "will not do"),
        (GOOD.replace("stacked-lstm", "stacked"), "Did you mean 'stacked-lstm'?"),
        (GOOD.replace("model", "network"), "no setting of a recipe 'network'"),
        (GOOD.replace('model = "stacked-lstm"', "epochs = 3"), "must name its network"),
        (GOOD + "learnig_rate = 1", "Did you mean 'learning_rate'?"),
        (GOOD + "optimiser = 'sgd'", "There is no optimiser 'sgd'"),
        (GOOD + "channels = 'acc'", "There is no set of channels 'acc'"),
        (GOOD + "epochs = 'ten'", "'epochs' is 'ten'; expected a number above 0"),
        (GOOD + "epochs = true", "expected a number above 0"),
        (GOOD + "learning_rate = nan", "expected a number above 0"),
        (GOOD + "batch_size = 12.5", "expected a whole number above 0"),
        (GOOD + "batch_size = 0", "expected a whole number above 0"),
        (GOOD + "validation_fraction = 2", "expected a number from 0 to 1"),
        (GOOD + "weight_decay = -1", "expected a number of at least 0"),
        (GOOD + "companding = 1", "expected true or false"),
        (GOOD + "model_ = 1", "no setting of a recipe 'model_'"),
        (GOOD + "options = 3", "expected a table"),
        (GOOD + "[recipe.options]\nheads = 3", "no option of stacked-lstm 'heads'"),
        (GOOD + "[recipe.options]\nhidden = 3.5", "expected a whole number above 0"),
        (GOOD + "[recipe.options]\nhidden = -3", "expected a whole number above 0"),
        (GOOD + "[recipe.options]\ndropout = 1", "expected a number from 0 to below 1"),
    ],
    ids=range(26),
)
def test_what_cannot_be_is_named_with_the_file(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "preset.toml"
    file.write_text(text)
    with pytest.raises(FormatError, match=str(file)) as refused:
        harken.train("simulated", preset=str(file), out=tmp_path / "run")
    assert message in str(refused.value)
    assert not (tmp_path / "run").exists()


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no preset file"):
        harken.train("simulated", preset=str(tmp_path / "preset.toml"), out=tmp_path / "run")
