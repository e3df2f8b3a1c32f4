"""From ended trials to the best recipe, its preset file and the picture of the search."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np

from harken.core.errors import TrainingError, storing
from harken.core.files import write_text
from harken.datasets import simulated as simulated_dataset
from harken.evaluation.calibration import fit_temperature
from harken.evaluation.predictions import pooled
from harken.evaluation.splits import CAUTION, INNER_KFOLD
from harken.reporting import plots
from harken.training.preset_file import write_preset
from harken.training.presets import Preset
from harken.training.recipe import Recipe
from harken.training.search import Search, SearchPlan
from harken.training.search_plot import associations, search_picture
from harken.training.trials import Trial, best_of


def finish(search: Search) -> None:
    """Write preset.toml, search.png and search.json.

    Raises
    ------
    TrainingError
        No trial was completed.
    """
    plan, trials = search.plan, search.trials
    best = best_of(trials)
    if best is None:
        raise TrainingError(
            f"None of {len(trials)} trials was completed; the first failed with: {trials[0].why}"
        )
    write_preset(_preset(plan, best, _recipe(search, best)), search.preset)
    config = plan.config
    picture = search_picture(
        trials,
        plan.space,
        title=f"{config.preset} on {config.dataset}, seed {config.seed}, {_folds(plan)}",
        simulated=config.dataset == simulated_dataset.NAME,
    )
    plots.save(picture, search.picture)
    results = _results(plan, trials, best)
    with storing(search.path):
        write_text(search.path / "search.json", json.dumps(results, indent=2) + "\n")


def _recipe(search: Search, best: Trial) -> Recipe:
    """The best trial's recipe.

    Where it holds nobody out to fit a temperature on, one is fitted on the people of the inner
    folds: that of the recipe to improve belongs to other settings.
    """
    runs = [search.run(best.number, fold) for fold in range(1, len(best.accuracies) + 1)]
    recipe = runs[0].config.recipe
    if recipe.validation_fraction:
        return recipe
    judged = pooled([run.predictions for run in runs])
    # Logits, but for a constant, are logarithms of probabilities times the temperature they had.
    probability = np.maximum(judged.probability.astype(np.float64), 1e-30)
    temperature = round(fit_temperature(recipe.temperature * np.log(probability), judged.y), 3)
    return dataclasses.replace(recipe, temperature=temperature)


def _preset(plan: SearchPlan, best: Trial, recipe: Recipe) -> Preset:
    config = plan.config
    simulated = " (simulated data)" if config.dataset == simulated_dataset.NAME else ""
    return Preset(
        plan.name,
        f"best of {plan.n_trials} trials on {config.dataset}{simulated}: mean accuracy "
        f"{best.score:.2%} in {_folds(plan)}, on whom it was chosen",
        recipe,
    )


def _folds(plan: SearchPlan) -> str:
    return f"{plan.n_folds} inner folds of {len(plan.subjects)} subjects"


def _results(plan: SearchPlan, trials: list[Trial], best: Trial) -> dict[str, Any]:
    config = plan.config
    return {
        "dataset": config.dataset,
        "preset": config.preset,
        "model": config.recipe.model,
        "seed": config.seed,
        "protocol": INNER_KFOLD,
        "caution": CAUTION[INNER_KFOLD],
        "n_trials": plan.n_trials,
        "n_folds": plan.n_folds,
        "subjects": list(plan.subjects),
        "test_subjects": list(plan.test_subjects),
        "command": plan.command,
        "best_trial": best.number,
        "score": best.score,
        "first_score": trials[0].score,
        "associations": [dataclasses.asdict(found) for found in associations(trials, plan.space)],
        "trials": [{**dataclasses.asdict(trial), "score": trial.score} for trial in trials],
    }
