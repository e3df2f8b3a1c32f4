"""A cross-validation: a directory with one run for each fold, and the figures over all of them.

crossval.toml           what was asked for; enough to resume
windows.npz             the windows that all folds split, until all are trained
fold-01, fold-02, ...   a run each; `harken train --resume` goes on with one alone
leak-meter              the run on a random split, if it was asked for; not to be quoted
crossval.json           the figures, each window judged once
confusion.png, per-subject.png, crossval.html
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harken.core.errors import InputError, Interrupted, TrainingError, storing
from harken.core.files import write_text
from harken.evaluation.folds import Fold
from harken.evaluation.predictions import Predictions, pooled
from harken.evaluation.splits import LEAKS
from harken.signal import window_file
from harken.signal.windows import Windows
from harken.training.folder import read_settings, refuse_taken
from harken.training.run import Config, Run
from harken.training.workers import FoldsWatcher, train_all

LEAK_METER = "leak-meter"


@dataclass(frozen=True)
class Plan:
    """What was asked for.

    Attributes
    ----------
    config : what all folds share
    protocol : a key of `harken.evaluation.folds`
    n_folds : how many; with LOSO, as many as people
    leak_meter : whether to train on a random split too, to show what it would have claimed
    """

    config: Config
    protocol: str
    n_folds: int
    leak_meter: bool = False

    def fold(self, number: int) -> Config:
        return replace(self.config, fold=Fold(self.protocol, number, self.n_folds))

    @property
    def leaks(self) -> Config:
        return replace(self.config, fold=Fold(LEAKS, 1, self.n_folds))

    def table(self) -> dict[str, Any]:
        """As TOML holds it."""
        return {**vars(self), "config": self.config.table()}

    @classmethod
    def of_table(cls, table: dict[str, Any]) -> Plan:
        """From a table of a TOML file; KeyError or TypeError where it is not one."""
        return cls(**{**table, "config": Config.of_table(table["config"])})


class CrossValidation:
    """A cross-validation's directory.

    Parameters
    ----------
    path : the directory
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    @classmethod
    def create(cls, path: Path, plan: Plan, windows: Windows) -> CrossValidation:
        """Make the directory with what was asked for and the windows.

        Raises
        ------
        InputError
            It exists and holds something.
        """
        made = cls(path)
        left = (made.windows_file.name,)
        refuse_taken(path, "cross-validation", "crossval", left_by_create=left)
        import tomli_w

        window_file.save(windows, made.windows_file)
        with storing(path):  # last: what has no crossval.toml has not begun
            write_text(path / "crossval.toml", tomli_w.dumps(plan.table()))
        return made

    @property
    def plan(self) -> Plan:
        """What was asked for, read from `crossval.toml`."""
        return read_settings(self.path / "crossval.toml", "cross-validation", Plan.of_table)

    @property
    def windows_file(self) -> Path:
        return self.path / "windows.npz"

    @property
    def folds(self) -> dict[str, Run]:
        """The run of each fold, by the name of its folder."""
        n_folds = self.plan.n_folds
        width = max(2, len(str(n_folds)))
        names = [f"fold-{number:0{width}}" for number in range(1, n_folds + 1)]
        return {name: Run(self.path / name) for name in names}

    @property
    def leak_run(self) -> Run | None:
        """The run of the leak meter, if it was asked for."""
        return Run(self.path / LEAK_METER) if self.plan.leak_meter else None

    @property
    def finished(self) -> bool:
        """Whether all is done; the report is written last."""
        return self.report.exists()

    @property
    def metrics(self) -> dict[str, Any]:
        """The figures over all folds."""
        file = self.path / "crossval.json"
        if not file.exists():
            raise InputError(f"{self.path} is not finished: harken crossval --resume {self.path}")
        metrics: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return metrics

    @property
    def predictions(self) -> Predictions:
        """What was said of each window, fold after fold."""
        return pooled([run.predictions for run in self.folds.values()])

    @property
    def report(self) -> Path:
        return self.path / "crossval.html"

    def runs(self) -> dict[str, Run]:
        """All runs, the leak meter's too, each made if it is not there."""
        plan = self.plan
        wanted = {
            name: (run, plan.fold(number))
            for number, (name, run) in enumerate(self.folds.items(), start=1)
        }
        if self.leak_run:
            wanted[LEAK_METER] = (self.leak_run, plan.leaks)
        for run, config in wanted.values():
            if not (run.path / "config.toml").exists():
                shutil.rmtree(run.path, ignore_errors=True)  # what a killed `create` leaves
                Run.create(run.path, config)
        return {name: run for name, (run, _) in wanted.items()}


def run_all(
    crossval: CrossValidation, *, workers: int, threads: int, watcher: FoldsWatcher
) -> None:
    """Train what is not trained yet, then judge: figures are there once all folds are.

    Parameters
    ----------
    workers : trainings at a time
    threads : of each of them

    Raises
    ------
    TrainingError
        A fold failed; the others are done.
    Interrupted
        The user stopped it.
    """
    from harken.training.pooling import finish

    go_on = f"Go on with: harken crossval --resume {crossval.path}"
    try:
        runs = crossval.runs()
        for name, run in runs.items():
            if run.finished:
                watcher.finished(name, run.metrics)
        unfinished = {name: run for name, run in runs.items() if not run.finished}
        failures = train_all(
            unfinished,
            crossval.windows_file,
            workers=workers,
            threads=threads,
            watcher=watcher,
        )
        if failures:
            told = "\n".join(f"  {name}: {why}" for name, why in failures.items())
            raise TrainingError(
                f"{len(failures)} of {len(runs)} trainings failed:\n{told}\n"
                f"The others are done; there are no figures while one is missing. {go_on}"
            )
        crossval.windows_file.unlink(missing_ok=True)
        finish(crossval)
    except KeyboardInterrupt:
        raise Interrupted(f"Stopped. {go_on}") from None
