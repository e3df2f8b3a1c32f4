"""`harken.train`, `harken.crossval` and `harken.search` as Python code calls them."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from harken.core.errors import InputError, MissingExtraError
from harken.core.ray_cluster import RAY
from harken.evaluation.folds import LOSO, SUBJECT_KFOLD, all_folds, inner_folds
from harken.evaluation.splits import for_selection
from harken.networks import MODELS, require_torch
from harken.signal.windows import Windows
from harken.training.crossval import CrossValidation, Plan, run_all
from harken.training.engine import engine_of
from harken.training.preset_file import SUFFIX, read_preset
from harken.training.presets import PRESETS, Preset
from harken.training.presets import preset as preset_of_name
from harken.training.recipe import Recipe
from harken.training.run import Config, Run, new_folder
from harken.training.workers import (
    FoldsWatcher,
    SilentFolds,
    refuse_no_workers,
    share_cores,
)

if TYPE_CHECKING:
    from harken.training.loop import Watcher
    from harken.training.schedule import SearchWatcher
    from harken.training.search import Search

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
    engine: str = "local",
    workers: int | None = None,
    address: str | None = None,
    watcher: Watcher | None = None,
) -> Run:
    """Train a network and judge it on the test subjects.

    Parameters
    ----------
    dataset : name, or windows with training and test subjects
    preset : a network with its whole recipe, by name or as the path of a preset file (.toml);
        `model` takes a network with its default recipe
    channels : "all" or "accelerometer"; None leaves it to the recipe
    seed : makes the run repeatable, bit for bit on the same machine
    epochs : passes over the training windows; None leaves it to the recipe
    out : the run's folder; None makes one under `runs/`
    device : "auto", "cpu", "cuda" or "mps"
    data : folder of archives
    subject_pattern : a regular expression that finds the subject in the path of each file of a
        folder of own recordings: its group "subject", or its whole match
    engine : "local", or "ray": workers on a Ray cluster share each batch
    workers : how many of these, a core or CUDA device each; None takes two
    address : of a Ray cluster that runs; None starts one here
    watcher : shows the progress

    Returns
    -------
    Run
        Finished: `run.metrics`, `run.report`, `run.model_file`.

    Raises
    ------
    HarkenError
        Something to tell the user; `harken.core.errors` has the tree.
    """
    runs_on = engine_of(engine, workers, address)
    if runs_on.name == RAY and isinstance(dataset, Windows):
        raise InputError(
            "The workers of a Ray cluster load the data themselves: name a dataset or a folder."
        )
    chosen = recipe_for(preset, model, channels=channels, epochs=epochs)
    config = _config(
        dataset, chosen, seed=seed, device=device, data=data, subject_pattern=subject_pattern
    )
    folder = Path(out) if out is not None else new_folder(RUNS, config.dataset, chosen.name, seed)
    windows = _load(dataset, config, progress=watcher is not None)
    return runs_on.train(Run.create(folder, config), windows, watcher)


def resume(
    folder: str | Path,
    *,
    engine: str = "local",
    workers: int | None = None,
    address: str | None = None,
    watcher: Watcher | None = None,
) -> Run:
    """Go on with a run that was stopped or killed; a finished one is returned as it is.

    It need not go on with the engine that it began with; the others are as for `train`.
    """
    runs_on = engine_of(engine, workers, address)
    require_torch()
    run = Run(folder)
    if run.config and run.finished:
        return run
    return runs_on.train(run, None, watcher)


def crossval(
    dataset: str | Windows,
    *,
    preset: str | None = None,
    model: str | None = None,
    channels: str | None = None,
    n_folds: int = 5,
    loso: bool = False,
    seed: int = 0,
    epochs: float | None = None,
    out: str | Path | None = None,
    device: str = "auto",
    workers: int | None = None,
    leak_meter: bool = False,
    data: str | Path | None = None,
    subject_pattern: str | None = None,
    watcher: FoldsWatcher | None = None,
) -> CrossValidation:
    """Judge a recipe on everybody in turn, each time by a network that never saw them.

    The people of a prescribed split are pooled. Each fold is a full run; within it, the epoch is
    chosen on held-out training people. Folds are trained at the same time, in processes of their
    own.

    Parameters
    ----------
    dataset, preset, model, channels, epochs, device, data, subject_pattern : as for `train`
    n_folds : subject-wise folds
    loso : leave one subject out at a time instead
    seed : of each fold's training; folds are the same for every seed
    out : folder of all runs and figures; None makes one under `runs/`
    workers : folds at a time; None takes one per core, and one alone on other devices than a CPU
    leak_meter : train once more on a random split of the windows, which leaks, to show what that
        would have claimed
    watcher : shows the progress

    Returns
    -------
    CrossValidation
        Finished: `metrics`, `report`, `folds`, `predictions`.

    Raises
    ------
    TrainingError
        A fold failed; the others are done, and `resume_crossval` goes on.
    HarkenError
        Something to tell the user; `harken.core.errors` has the tree.
    """
    refuse_no_workers(workers)
    chosen = recipe_for(preset, model, channels=channels, epochs=epochs)
    config = _config(
        dataset, chosen, seed=seed, device=device, data=data, subject_pattern=subject_pattern
    )
    plan = Plan(config, LOSO if loso else SUBJECT_KFOLD, n_folds, leak_meter)
    folder = Path(out) if out is not None else None
    made = _create_crossval(folder, plan, _load(dataset, config, progress=watcher is not None))
    return _run_folds(made, workers, watcher)


def resume_crossval(
    folder: str | Path, *, workers: int | None = None, watcher: FoldsWatcher | None = None
) -> CrossValidation:
    """Go on with a cross-validation: finished folds are kept, one in progress goes on."""
    require_torch()
    refuse_no_workers(workers)
    made = CrossValidation(folder)
    if made.plan and made.finished:
        return made
    return _run_folds(made, workers, watcher)


def search(
    dataset: str | Windows,
    *,
    preset: str | None = None,
    model: str | None = None,
    channels: str | None = None,
    n_trials: int = 20,
    n_folds: int = 3,
    seed: int = 0,
    epochs: float | None = None,
    out: str | Path | None = None,
    device: str = "auto",
    workers: int | None = None,
    data: str | Path | None = None,
    subject_pattern: str | None = None,
    watcher: SearchWatcher | None = None,
) -> Search:
    """Look for a better recipe: many are tried on inner folds of the training subjects.

    The test subjects of a prescribed split take no part; where none is prescribed, everybody does.
    A trial's score is its mean accuracy over the folds. What each trial tries comes from how those
    before it went, and one that falls below their median is given up; both depend on the seed
    alone, not on the number of workers or on interruptions.

    Parameters
    ----------
    dataset, channels, device, data, subject_pattern : as for `train`
    preset, model : the recipe to improve, which is the first trial
    n_trials : recipes to try
    n_folds : inner folds, by subject
    seed : of what is tried, and of each training
    epochs : of every trial; None searches them too
    out : folder of all trials; None makes one under `runs/`
    workers : trainings at a time; None takes one per core, and one alone on other devices than a
        CPU. With more than 4, each trial is proposed from fewer of those before it
    watcher : shows the progress

    Returns
    -------
    Search
        Finished: `results`, `trials`, `preset` (a file that `train` takes), `picture`.

    Raises
    ------
    TrainingError
        No trial was completed, or something from outside broke one off; `resume_search` goes on.
    HarkenError
        Something to tell the user; `harken.core.errors` has the tree.
    """
    refuse_no_workers(workers)
    _require_optuna()
    if n_trials < 1:
        raise InputError(f"--trials is {n_trials}; at least 1 is needed.")
    from harken.training.search import N_AHEAD, Search, SearchPlan
    from harken.training.space import settings_for
    from harken.training.train import needed_windows, usable_windows

    chosen = recipe_for(preset, model, channels=channels, epochs=epochs)
    config = _config(
        dataset, chosen, seed=seed, device=device, data=data, subject_pattern=subject_pattern
    )
    everybody = _load(dataset, config, progress=watcher is not None)
    theirs = for_selection(everybody.with_channels(config.recipe.channels))
    windows = usable_windows(theirs)
    inner_folds(windows, n_folds)  # a mistake shows before there is a folder
    plan = SearchPlan(
        config=config,
        n_trials=n_trials,
        n_folds=n_folds,
        n_ahead=max(N_AHEAD, workers or 0),
        settings=settings_for(config.recipe, windows, epochs=epochs is None),
        subjects=windows.subjects,
        test_subjects=everybody.of_split("test").subjects,
    )
    folder = Path(out) if out is not None else new_folder(RUNS, config.dataset, plan.name, seed)
    needed = needed_windows(theirs, config.recipe)
    return _run_trials(Search.create(folder, plan, needed), workers, watcher)


def resume_search(
    folder: str | Path, *, workers: int | None = None, watcher: SearchWatcher | None = None
) -> Search:
    """Go on with a search: trials that have ended are kept, those under way go on."""
    from harken.training.search import Search

    require_torch()
    _require_optuna()
    refuse_no_workers(workers)
    made = Search(folder)
    if made.plan and made.finished:
        return made
    return _run_trials(made, workers, watcher)


def recipe_for(
    preset: str | None,
    model: str | None,
    *,
    channels: str | None = None,
    epochs: float | None = None,
) -> Preset:
    """A preset, or a network's default recipe under its name, with what the caller changed."""
    from harken.core.errors import UnknownNameError

    if preset is not None and model is not None:
        raise InputError("Give either a preset or a model: a preset names its network.")
    if model is not None and model not in MODELS:
        raise UnknownNameError("model", model, MODELS)
    if preset is not None and preset.endswith(SUFFIX):
        chosen = read_preset(Path(preset))
    elif model is None or model in PRESETS:
        chosen = preset_of_name(preset or model or "stacked-lstm")
    else:
        chosen = Preset(model, MODELS[model].description, Recipe(model=model))
    recipe = chosen.recipe
    if channels is not None:
        from harken.signal.filters import CHANNEL_SETS

        if channels not in CHANNEL_SETS:
            raise UnknownNameError("set of channels", channels, CHANNEL_SETS)
        recipe = dataclasses.replace(recipe, channels=channels)
    if epochs is not None:
        if not epochs > 0:
            raise InputError(f"epochs is {epochs:g}; a training needs more than 0.")
        recipe = dataclasses.replace(recipe, epochs=epochs)
    return dataclasses.replace(chosen, recipe=recipe)


def _config(
    dataset: str | Windows,
    chosen: Preset,
    *,
    seed: int,
    device: str,
    data: str | Path | None,
    subject_pattern: str | None,
) -> Config:
    if isinstance(dataset, Windows) and subject_pattern is not None:
        raise InputError("A pattern for subjects is for a folder; windows name theirs already.")
    require_torch()
    from harken.training.device import choose_device

    choose_device(device)  # a mistake shows before there is a folder
    return Config(
        dataset=dataset.dataset if isinstance(dataset, Windows) else dataset,
        preset=chosen.name,
        preset_file=chosen.file,
        recipe=chosen.recipe,
        seed=seed,
        device=device,
        data=str(Path(data).absolute()) if data is not None else None,
        subject_pattern=subject_pattern,
    )


def _load(dataset: str | Windows, config: Config, *, progress: bool) -> Windows:
    if isinstance(dataset, Windows):
        return dataset
    from harken import datasets

    return datasets.load(
        dataset, data=config.data, subject_pattern=config.subject_pattern, progress=progress
    )


def _create_crossval(folder: Path | None, plan: Plan, windows: Windows) -> CrossValidation:
    """Make the directory, once it is known that each fold can be judged."""
    from harken.training.train import needed_windows, usable_windows

    config = plan.config
    windows = windows.with_channels(config.recipe.channels)
    n_folds = len(all_folds(usable_windows(windows), plan.protocol, plan.n_folds))
    kind = plan.protocol if plan.protocol == LOSO else f"{n_folds}-folds"
    name = f"{config.preset}-{kind}"
    return CrossValidation.create(
        folder or new_folder(RUNS, config.dataset, name, config.seed),
        dataclasses.replace(plan, n_folds=n_folds),
        needed_windows(windows, config.recipe),
    )


def _run_folds(
    made: CrossValidation, workers: int | None, watcher: FoldsWatcher | None
) -> CrossValidation:
    workers, threads = share_cores(made.plan.config.device, workers, made.plan.n_folds)
    run_all(made, workers=workers, threads=threads, watcher=watcher or SilentFolds())
    return made


def _run_trials(made: Search, workers: int | None, watcher: SearchWatcher | None) -> Search:
    from harken.training.schedule import SilentSearch
    from harken.training.schedule import run_all as run_trials

    plan = made.plan
    most = min(plan.n_trials, plan.n_ahead)
    workers, threads = share_cores(plan.config.device, workers and min(workers, most), most)
    run_trials(made, workers=workers, threads=threads, watcher=watcher or SilentSearch())
    return made


def _require_optuna() -> None:
    """Raise MissingExtraError if the package that proposes trials is not installed."""
    import importlib.util

    if importlib.util.find_spec("optuna") is None:
        raise MissingExtraError("optuna", "train", "A search")
