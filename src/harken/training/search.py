"""A search for a better recipe: a directory with its trials, and what came of them.

search.toml                  what was asked for; enough to resume
windows.npz                  the windows of the training subjects, until all trials have ended
trials.jsonl                 a line for each trial that has ended
trial-000, trial-001, ...    the runs of a trial's folds; the first trial is the recipe to improve
preset.toml                  the best recipe, for `harken train --preset`
search.png                   the scores, and which settings they go with
search.json                  all of it, for programs; written last
"""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from harken.core.errors import InputError, storing
from harken.core.files import write_text
from harken.evaluation.folds import Fold
from harken.evaluation.splits import INNER_KFOLD
from harken.signal import window_file
from harken.signal.windows import Windows
from harken.training import trials
from harken.training.folder import read_settings, refuse_taken
from harken.training.recipe import Recipe
from harken.training.run import Config, Run
from harken.training.space import Setting, space_of
from harken.training.trials import Trial

#: Trials that may be under way at once, if there are no more workers.
N_AHEAD = 4


@dataclass(frozen=True)
class SearchPlan:
    """What was asked for.

    Attributes
    ----------
    config : of the recipe to improve, which is trial 0
    n_trials, n_folds : how many trials, and inner folds of each
    n_ahead : trials that may be under way at once. Trial i is proposed from the trials up to
        i - n_ahead, whichever others have ended: so the search is the same with any number of
        workers and after any interruption
    settings : names of what is searched
    subjects : whose windows take part
    test_subjects : who is left out, to judge the best recipe on
    """

    config: Config
    n_trials: int
    n_folds: int
    n_ahead: int
    settings: tuple[str, ...]
    subjects: tuple[str, ...]
    test_subjects: tuple[str, ...]

    @property
    def space(self) -> dict[str, Setting]:
        """The ranges of what is searched."""
        known = space_of(self.config.recipe.model)
        return {name: known[name] for name in self.settings}

    @property
    def name(self) -> str:
        """Of the preset that comes of it, and of its folder."""
        return f"search-{self.config.preset.removeprefix('search-')}"

    @cached_property
    def command(self) -> str:
        """The command that makes the search again."""
        from harken.training.finish import epochs_of, what_of

        words = ["harken", "search", *what_of(self.config)]
        if "epochs" not in self.settings:
            words += epochs_of(self.config.recipe)
        words += ["--trials", str(self.n_trials), "--folds", str(self.n_folds)]
        if self.n_ahead != N_AHEAD:
            words += ["--workers", str(self.n_ahead)]
        return shlex.join(words)

    def fold(self, recipe: Recipe, number: int) -> Config:
        """Of one fold of a trial; folds count from 1."""
        fold = Fold(INNER_KFOLD, number, self.n_folds)
        return replace(self.config, recipe=recipe, fold=fold, part_of=self.command)

    def table(self) -> dict[str, Any]:
        """As TOML holds it."""
        return {**asdict(self), "config": self.config.table()}

    @classmethod
    def of_table(cls, table: dict[str, Any]) -> SearchPlan:
        """From a table of a TOML file; KeyError or TypeError where it is not one."""
        for name in ("n_trials", "n_folds", "n_ahead"):
            if type(table[name]) is not int:
                raise TypeError(f"{name} is {table[name]!r}, no whole number")
        names = {key: tuple(table[key]) for key in ("settings", "subjects", "test_subjects")}
        plan = cls(**{**table, **names, "config": Config.of_table(table["config"])})
        _ = plan.space  # KeyError where a setting is none
        return plan


class Search:
    """A search's directory.

    Parameters
    ----------
    path : the directory
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    @classmethod
    def create(cls, path: Path, plan: SearchPlan, windows: Windows) -> Search:
        """Make the directory with what was asked for and the windows.

        Parameters
        ----------
        windows : of the training subjects

        Raises
        ------
        InputError
            It exists and holds something.
        """
        made = cls(path)
        refuse_taken(path, "search", "search", left_by_create=(made.windows_file.name,))
        import tomli_w

        window_file.save(windows, made.windows_file)
        with storing(path):  # last: what has no search.toml has not begun
            write_text(path / "search.toml", tomli_w.dumps(plan.table()))
        return made

    @property
    def plan(self) -> SearchPlan:
        """What was asked for, read from `search.toml`."""
        return read_settings(self.path / "search.toml", "search", SearchPlan.of_table)

    @property
    def windows_file(self) -> Path:
        return self.path / "windows.npz"

    @property
    def trials_file(self) -> Path:
        return self.path / "trials.jsonl"

    @property
    def trials(self) -> list[Trial]:
        """The trials that have ended, by number."""
        return trials.read(self.trials_file)

    @property
    def preset(self) -> Path:
        """The preset file with the best recipe."""
        return self.path / "preset.toml"

    @property
    def picture(self) -> Path:
        return self.path / "search.png"

    @property
    def finished(self) -> bool:
        """Whether all is done; search.json is written last."""
        return (self.path / "search.json").exists()

    @property
    def results(self) -> dict[str, Any]:
        """What search.json holds."""
        if not self.finished:
            raise InputError(f"{self.path} is not finished: harken search --resume {self.path}")
        text = (self.path / "search.json").read_text(encoding="utf-8")
        results: dict[str, Any] = json.loads(text)
        return results

    def run(self, trial: int, fold: int) -> Run:
        """The run of a trial's fold; trials count from 0, folds from 1."""
        return Run(self.path / f"trial-{trial:03}" / f"fold-{fold:02}")
