"""`harken.train` as Python code calls it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from harken.errors import InputError
from harken.models import MODELS, require_torch
from harken.training.recipe import PRESETS, Recipe, preset
from harken.training.run import Config, Run, new_folder
from harken.windows import Windows

if TYPE_CHECKING:
    from harken.training.loop import Watcher

#: Where runs go when no folder is named.
RUNS = Path("runs")


def train(
    dataset: str | Windows,
    *,
    preset: str | None = None,
    model: str | None = None,
    channels: str | None = None,
    seed: int = 0,
    epochs: float | None = None,
    out: str | Path | None = None,
    device: str = "auto",
    data: str | Path | None = None,
    subject_pattern: str | None = None,
    watcher: Watcher | None = None,
) -> Run:
    """Train a network and judge it on the test subjects.

    Parameters
    ----------
    dataset : name, or windows with training and test subjects
    preset : a network with its whole recipe; `model` takes a network with its default recipe
    channels : "all" or "accelerometer"; None leaves it to the recipe
    seed : makes the run repeatable, bit for bit on the same machine
    epochs : passes over the training windows; None leaves it to the recipe
    out : the run's folder; None makes one under `runs/`
    device : "auto", "cpu", "cuda" or "mps"
    data : folder of archives
    subject_pattern : a regular expression that finds the subject in the path of each file of a
        folder of own recordings: its group "subject", or its whole match
    watcher : shows the progress

    Returns
    -------
    Run
        Finished: `run.metrics`, `run.report`, `run.model_file`.

    Raises
    ------
    HarkenError
        Something to tell the user; `harken.errors` has the tree.
    """
    require_torch()
    from harken.training.device import choose_device

    choose_device(device)  # a mistake shows before there is a folder
    name, recipe = recipe_for(preset, model, channels=channels, epochs=epochs)
    windows = dataset if isinstance(dataset, Windows) else None
    if windows is not None and subject_pattern is not None:
        raise InputError("A pattern for subjects is for a folder; windows name theirs already.")
    dataset_name = dataset.dataset if isinstance(dataset, Windows) else dataset
    folder = Path(out) if out is not None else new_folder(RUNS, dataset_name, name, seed)
    config = Config(
        dataset=dataset_name,
        preset=name,
        recipe=recipe,
        seed=seed,
        device=device,
        data=str(Path(data).absolute()) if data is not None else None,
        subject_pattern=subject_pattern,
    )
    if windows is None:
        from harken import datasets

        windows = datasets.load(
            dataset_name,
            data=data,
            subject_pattern=subject_pattern,
            progress=watcher is not None,
        )
    return _train(Run.create(folder, config), windows, watcher)


def resume(folder: str | Path, *, watcher: Watcher | None = None) -> Run:
    """Go on with a run that was stopped or killed; a finished one is returned as it is."""
    require_torch()
    run = Run(folder)
    if run.config and run.finished:
        return run
    return _train(run, None, watcher)


def recipe_for(
    preset_name: str | None,
    model: str | None,
    *,
    channels: str | None = None,
    epochs: float | None = None,
) -> tuple[str, Recipe]:
    """The recipe of a preset, or a network's default one, with what the caller changed."""
    from harken.errors import UnknownNameError

    if preset_name is not None and model is not None:
        raise InputError("Give either a preset or a model: a preset names its network.")
    if model is not None:
        if model not in MODELS:
            raise UnknownNameError("model", model, MODELS)
        name, recipe = model, PRESETS[model].recipe if model in PRESETS else Recipe(model=model)
    else:
        name = preset_name or "stacked-lstm"
        recipe = preset(name).recipe
    if channels is not None:
        from harken.signal import CHANNEL_SETS

        if channels not in CHANNEL_SETS:
            raise UnknownNameError("set of channels", channels, CHANNEL_SETS)
        recipe = dataclasses.replace(recipe, channels=channels)
    if epochs is not None:
        if not epochs > 0:
            raise InputError(f"epochs is {epochs:g}; a training needs more than 0.")
        recipe = dataclasses.replace(recipe, epochs=epochs)
    return name, recipe


def _train(run: Run, windows: Windows | None, watcher: Watcher | None) -> Run:
    from harken.training.train import train as train_run

    return train_run(run, windows, watcher)
