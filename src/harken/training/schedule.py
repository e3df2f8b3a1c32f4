"""The trials of a search, run: which fold is trained next, what is tried, when a trial ends."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from harken.core.errors import Interrupted, TrainingError
from harken.training import trials
from harken.training.proposals import below_median, propose
from harken.training.recipe import Recipe
from harken.training.run import Config, Run
from harken.training.search import Search, SearchPlan
from harken.training.search_results import finish
from harken.training.space import changed, values_of
from harken.training.trials import State, Trial
from harken.training.workers import Failure, FoldsWatcher, SilentFolds, train_from


class SearchWatcher(FoldsWatcher, Protocol):
    """Whoever wants to see a search go by; its trainings are called trial-000/fold-01, ..."""

    def search_started(self, plan: SearchPlan, n_ended: int) -> None: ...
    def trial_ended(self, trial: Trial, best: Trial | None) -> None: ...


class SilentSearch(SilentFolds):
    """A watcher that shows nothing."""

    def search_started(self, plan: SearchPlan, n_ended: int) -> None: ...
    def trial_ended(self, trial: Trial, best: Trial | None) -> None: ...


def run_all(search: Search, *, workers: int, threads: int, watcher: SearchWatcher) -> None:
    """Run the trials that have not ended yet, then write what came of all.

    Parameters
    ----------
    workers : trainings at a time
    threads : of each of them

    Raises
    ------
    TrainingError
        A training broke off for want of memory or room on the disk; or no trial was completed.
    Interrupted
        The user stopped it.
    """
    go_on = f"Go on with: harken search --resume {search.path}"
    try:
        schedule = _Schedule(search, watcher)
        train_from(schedule, search.windows_file, workers=workers, threads=threads, watcher=watcher)
        search.windows_file.unlink(missing_ok=True)
        finish(search)
    except _BrokenOff as error:
        raise TrainingError(f"{error}\nThe trials that have ended are kept. {go_on}") from None
    except KeyboardInterrupt:
        raise Interrupted(f"Stopped. {go_on}") from None


class _BrokenOff(Exception):  # noqa: N818 - becomes a TrainingError that says how to go on
    """A training ended for a reason that lies outside it."""


@dataclass
class _Begun:
    """A trial under way."""

    number: int
    values: dict[str, Any]
    recipe: Recipe
    history: Sequence[Trial]
    accuracies: list[float] = field(default_factory=list)
    seconds: float = 0.0


class _Schedule:
    """Which fold of which trial is trained next: the source of a search's trainings."""

    def __init__(self, search: Search, watcher: SearchWatcher) -> None:
        self._search = search
        self._watcher = watcher
        self._plan = search.plan
        self._ended = {trial.number: trial for trial in search.trials}
        self._begun: dict[int, _Begun] = {}
        self._training: dict[str, _Begun] = {}
        watcher.search_started(self._plan, len(self._ended))

    def take(self) -> tuple[str, Run] | None:
        while begun := self._waiting() or self._begin_next():
            number = len(begun.accuracies) + 1
            run = self._search.run(begun.number, number)
            _make(run, self._plan.fold(begun.recipe, number))
            if run.finished:  # before the search was interrupted
                self._judge(begun, run)
                continue
            name = f"{run.path.parent.name}/{run.path.name}"
            self._training[name] = begun
            return name, run
        return None

    def ended(self, name: str, failure: Failure | None) -> None:
        begun = self._training.pop(name)
        if failure is None:
            run = self._search.run(begun.number, len(begun.accuracies) + 1)
            self._watcher.finished(name, run.metrics)
            self._judge(begun, run)
            return
        self._watcher.failed(name, failure.why)
        if failure.status != TrainingError.exit_status:
            raise _BrokenOff(f"{name} broke off: {failure.why}")
        self._close(begun, "failed", failure.why)

    def _waiting(self) -> _Begun | None:
        busy = [begun.number for begun in self._training.values()]
        return next((begun for begun in self._begun.values() if begun.number not in busy), None)

    def _begin_next(self) -> _Begun | None:
        """Begin the first trial that has not been, if all that it is proposed from have ended."""
        plan = self._plan
        number = next(
            (i for i in range(plan.n_trials) if i not in self._ended and i not in self._begun), None
        )
        if number is None:
            return None
        before = range(number - plan.n_ahead + 1)
        if any(earlier not in self._ended for earlier in before):
            return None
        history = [self._ended[earlier] for earlier in before]
        begun = self._begun[number] = self._proposed(number, history)
        return begun

    def _proposed(self, number: int, history: list[Trial]) -> _Begun:
        config, space = self._plan.config, self._plan.space
        if number == 0:
            values = values_of(config.recipe, self._plan.settings)
            return _Begun(number, values, config.recipe, history)
        values = propose(space, history, seed=config.seed, number=number)
        return _Begun(number, values, changed(config.recipe, values), history)

    def _judge(self, begun: _Begun, run: Run) -> None:
        """Note the accuracy of a fold; the last one ends the trial, a poor one too."""
        begun.accuracies.append(run.metrics["accuracy"])
        begun.seconds += run.metrics["train_seconds"]
        if len(begun.accuracies) == self._plan.n_folds:
            self._close(begun, "complete")
        elif below_median(begun.history, begun.accuracies):
            self._close(begun, "pruned")

    def _close(self, begun: _Begun, state: State, why: str = "") -> None:
        accuracies, seconds = tuple(begun.accuracies), round(begun.seconds, 2)
        trial = Trial(begun.number, state, begun.values, accuracies, seconds, why)
        trials.append(trial, self._search.trials_file)
        del self._begun[trial.number]
        self._ended[trial.number] = trial
        self._watcher.trial_ended(trial, trials.best_of(list(self._ended.values())))


def _make(run: Run, config: Config) -> None:
    """Make a fold's run; one that an interrupted search left is kept if it is the same."""
    if (run.path / "config.toml").exists() and run.config == config:
        return
    shutil.rmtree(run.path, ignore_errors=True)
    Run.create(run.path, config)
