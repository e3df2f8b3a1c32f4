"""From ended trials to the best recipe, its preset file and the picture of the search."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from harken.datasets import simulated as simulated_dataset
from harken.errors import TrainingError, storing
from harken.evaluation import plots
from harken.evaluation.search_plot import associations, search_picture
from harken.files import write_text
from harken.splits import CAUTION, INNER_KFOLD
from harken.training.preset_file import write_preset
from harken.training.recipe import Preset
from harken.training.search import Search, SearchPlan
from harken.training.space import changed
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
    write_preset(_preset(plan, best), search.preset)
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


def _preset(plan: SearchPlan, best: Trial) -> Preset:
    config = plan.config
    simulated = " (simulated data)" if config.dataset == simulated_dataset.NAME else ""
    recipe = changed(config.recipe, best.values) if best.number else config.recipe
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
        "associations": [asdict(found) for found in associations(trials, plan.space)],
        "trials": [{**asdict(trial), "score": trial.score} for trial in trials],
    }
