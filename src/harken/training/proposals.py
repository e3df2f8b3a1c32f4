"""What a trial tries next, and whether it is worth going on with.

Optuna decides both. A study is made anew each time, in memory, from the trials that have ended: so
the answer depends on these, the seed and the trial's number alone, and nothing of Optuna's need be
kept.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import FrozenTrial, TrialState, create_trial

from harken.training.space import Between, OneOf, Setting, Whole, rounded
from harken.training.trials import Trial

Space = Mapping[str, Setting]


def propose(space: Space, history: Sequence[Trial], *, seed: int, number: int) -> dict[str, Any]:
    """Values of the settings that a trial is to try.

    By a tree-structured Parzen estimator (Bergstra et al., "Algorithms for Hyper-Parameter
    Optimization", 2011), which hyperopt made known; the first ten are drawn at random.

    Parameters
    ----------
    history : trials that have ended, by number
    seed, number : of the search and of the trial
    """
    own_seed = int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
    study = _study(space, history, sampler=optuna.samplers.TPESampler(seed=own_seed))
    values = study.ask({name: _distribution(setting) for name, setting in space.items()}).params
    return {name: rounded(value) for name, value in values.items()}


def below_median(history: Sequence[Trial], accuracies: Sequence[float]) -> bool:
    """Whether a trial is to be given up after the folds that it was judged in so far.

    It is if its best mean accuracy so far lies below the median, over the complete trials, of the
    mean accuracy after as many folds. There must be five of them.

    Parameters
    ----------
    history : trials that have ended
    accuracies : of the folds so far
    """
    study = _study({}, history, pruner=optuna.pruners.MedianPruner(n_startup_trials=5))
    trial = study.ask()
    for step, mean in _running_means(accuracies).items():
        trial.report(mean, step)
    return trial.should_prune()


def _study(space: Space, history: Sequence[Trial], **how: Any) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", **how)
    study.add_trials([_as_optuna_has_it(space, trial) for trial in history])
    return study


def _as_optuna_has_it(space: Space, trial: Trial) -> FrozenTrial:
    # The recipe that a search begins from may lie outside the space in some settings.
    values = {name: value for name, value in trial.values.items() if value in space.get(name, ())}
    means = _running_means(trial.accuracies)
    if trial.state == "failed":  # worse than any other, so that its neighbours are avoided
        means = {1: 0.0}
    return create_trial(
        state=TrialState.COMPLETE if trial.state == "complete" else TrialState.PRUNED,
        value=trial.score if trial.state == "complete" else None,
        params=values,
        distributions={name: _distribution(space[name]) for name in values},
        intermediate_values=means,
    )


def _running_means(accuracies: Sequence[float]) -> dict[int, float]:
    """The mean accuracy over the first fold, the first two, ..."""
    return {n: statistics.fmean(accuracies[:n]) for n in range(1, len(accuracies) + 1)}


def _distribution(setting: Setting) -> BaseDistribution:
    match setting:
        case Between(low, high, log):
            return FloatDistribution(low, high, log=log)
        case Whole(low, high, step):
            return IntDistribution(low, high, step=step)
        case OneOf(values):
            return CategoricalDistribution(values)
