"""Trials of a search that have ended, and the file that keeps them.

One line of JSON a trial, added and flushed to the disk when it ends, so that a search which is
killed loses none. Half a line at the end is what a kill leaves; it counts for nothing.
"""

from __future__ import annotations

import json
import operator
import os
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, get_args

from harken.core.errors import FormatError, storing

State = Literal["complete", "pruned", "failed"]


@dataclass(frozen=True)
class Trial:
    """One recipe that was tried.

    Attributes
    ----------
    number : from 0, which is the recipe that the search began from
    state : "pruned" after a fold in which it was below the median; "failed" in a training
    values : the settings by name, as `harken.training.space` names them
    accuracies : of the folds that were trained, in order
    seconds : of training
    why : it failed
    """

    number: int
    state: State
    values: Mapping[str, Any]
    accuracies: tuple[float, ...]
    seconds: float
    why: str = ""

    @property
    def score(self) -> float | None:
        """Mean accuracy over the folds that were trained; None for a trial that failed."""
        return statistics.fmean(self.accuracies) if self.state != "failed" else None


def best_of(trials: Sequence[Trial]) -> Trial | None:
    """The complete trial of the highest score, the earliest of them; None where none is."""
    complete = [trial for trial in trials if trial.state == "complete"]
    return max(complete, key=lambda trial: (trial.score, -trial.number), default=None)


def comparable_scores(trials: Sequence[Trial]) -> dict[int, float]:
    """Scores that can be compared, by the number of each trial that has one.

    Folds differ in difficulty, and a pruned trial has only the first of them: what it is above or
    below the complete trials' mean in those is taken for all. A complete trial keeps its score.
    """
    complete = [trial.accuracies for trial in trials if trial.state == "complete"]
    if not complete:
        return {}
    means = [statistics.fmean(of_fold) for of_fold in zip(*complete, strict=True)]
    level = statistics.fmean(means)
    return {
        trial.number: level + statistics.fmean(map(operator.sub, trial.accuracies, means))
        for trial in trials
        if trial.state != "failed"
    }


def append(trial: Trial, file: Path) -> None:
    """Add a trial that has ended."""
    line = json.dumps(asdict(trial)).encode() + b"\n"
    with storing(file), file.open("ab+") as lines:
        _cut_half_a_line(lines)
        lines.write(line)
        lines.flush()
        os.fsync(lines.fileno())


def _cut_half_a_line(lines: BinaryIO) -> None:
    lines.seek(0)
    whole = lines.read().rpartition(b"\n")
    lines.truncate(len(whole[0]) + len(whole[1]))


def read(file: Path) -> list[Trial]:
    """The trials that have ended, by number.

    Raises
    ------
    FormatError
        A line is not that of a trial; the message names it.
    """
    if not file.exists():
        return []
    whole, _, _ = file.read_bytes().rpartition(b"\n")
    trials: dict[int, Trial] = {}
    for position, line in enumerate(whole.splitlines(), start=1):
        trial = _parsed(line, f"{file}, line {position}")
        if trial.number in trials:
            raise FormatError(f"{file}, line {position}: trial {trial.number} is there already.")
        trials[trial.number] = trial
    return [trials[number] for number in sorted(trials)]


def _parsed(line: bytes, place: str) -> Trial:
    try:
        row = json.loads(line)
        trial = Trial(**{**row, "accuracies": tuple(row["accuracies"])})
        good = (
            type(trial.number) is int
            and trial.number >= 0
            and trial.state in get_args(State)
            and isinstance(trial.values, dict)
            and all(type(value) is float and 0 <= value <= 1 for value in trial.accuracies)
            and bool(trial.accuracies or trial.state == "failed")
            and type(trial.seconds) is float
        )
    except (ValueError, TypeError, KeyError):
        good = False
    if not good:
        raise FormatError(
            f"{place} is no trial of a search: the file is damaged. Without that line, the trial "
            "is run again; the others stay."
        )
    return trial
