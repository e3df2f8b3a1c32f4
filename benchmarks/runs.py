"""Runs that benchmarks keep: a finished one is not trained again, a stopped one goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harken.cli.progress import FoldsProgress, TrainingProgress
from harken.core.errors import InputError
from harken.evaluation.folds import Fold
from harken.signal.windows import Windows
from harken.training import api
from harken.training.crossval import CrossValidation
from harken.training.recipe import Recipe
from harken.training.run import Config, Run


def finished_run(
    folder: Path,
    dataset: str,
    *,
    preset: str,
    channels: str | None = None,
    seed: int = 0,
    fold: Fold | None = None,
) -> Run:
    """A run, trained to its end if it is not; options are those of `harken.train`.

    Parameters
    ----------
    fold : which fold of the dataset it is judged on; None takes the dataset's own split

    Raises
    ------
    InputError
        The run that is there was made with another recipe.
    """
    recipe = api.recipe_for(preset, None, channels=channels).recipe
    if (folder / "config.toml").exists():
        _refuse_other_recipe(folder, recipe)
    else:
        Run.create(folder, Config(dataset, preset, recipe, seed=seed, fold=fold))
    with TrainingProgress(quiet=True) as progress:
        return api.resume(folder, watcher=progress)


def _refuse_other_recipe(folder: Path, recipe: Recipe) -> None:
    """Raise InputError if a run was made with another recipe: its figures are of something else."""
    if Run(folder).config.recipe != recipe:
        raise InputError(
            f"{folder} was made with another recipe than the preset has now. Remove it, and what "
            "was measured with it, to measure anew."
        )


def finished_crossval(folder: Path, dataset: str | Windows, **options: Any) -> CrossValidation:
    """A cross-validation, done to its end; options are those of `harken.crossval`."""
    with FoldsProgress(quiet=True) as progress:
        if folder.exists():
            return api.resume_crossval(folder, watcher=progress)
        return api.crossval(dataset, out=folder, watcher=progress, **options)
